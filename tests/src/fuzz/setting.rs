//! Where a script begins: the configuration and the peer that its first bytes choose.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;

use bytes::BytesMut;
use peer_core::message::{NetAddress, Timestamp};
use peer_core::{
    BannableMessages, Config, Connection, ConnectionInfo, Direction, Event, InitStateRequests, Node,
    ProtocolVersion, Services, Time, UnknownCommands, UnrequestedAnswers,
};

use super::subject::Generator;
use super::vocabulary::{greeting, verack};
use crate::bound::Turns;
use crate::remote::{NETWORK, connection_info};

/// What two bytes of a script choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Setting {
    /// How far the highest protocol version is below the newest.
    behind: u8,
    /// Whether every lower version is accepted too.
    is_old: bool,
    /// One bit for each of the choices below.
    flags: u8,
}

impl Setting {
    /// Reads the protocol versions from the first byte, and from the second one bit for each choice.
    pub(super) const fn new([versions, flags]: [u8; 2]) -> Self {
        Self { behind: (versions & 0x0f) % 12, is_old: versions & 0xf0 != 0, flags }
    }

    pub(super) const fn direction(self) -> Direction {
        if self.has(0) { Direction::Outbound } else { Direction::Inbound }
    }

    /// The same for this direction.
    pub(super) const fn towards(self, direction: Direction) -> Self {
        let bit = matches!(direction, Direction::Outbound) as u8;
        Self { flags: self.flags & !1 | bit, ..self }
    }

    /// The same with the protocol versions of another setting.
    pub(super) const fn at_version_of(self, other: Self) -> Self {
        Self { behind: other.behind, ..self }
    }

    const fn has(self, bit: u8) -> bool {
        self.flags & 1 << bit != 0
    }

    /// The highest version.
    const fn version(self) -> ProtocolVersion {
        ProtocolVersion::new(12 - self.behind as u32)
    }

    /// A configuration with limits that scripts can meet.
    pub(super) fn config(self) -> Config {
        let lowest = if self.is_old { ProtocolVersion::INITIAL } else { ProtocolVersion::REMOVE_REJECT };
        let mut builder = Config::builder(NETWORK)
            .protocol_version(self.version())
            .min_protocol_version(lowest.min(self.version()))
            .open_handshakes(2)
            .max_unrequested(1000);
        if self.has(1) {
            builder = builder.unrequested_answers(UnrequestedAnswers::Deliver);
            builder = builder.bannable_messages(BannableMessages::Send);
        }
        builder = builder.unknown_commands(match (self.has(2), self.has(3)) {
            (false, _) => UnknownCommands::Refuse,
            (true, false) => UnknownCommands::Ignore,
            (true, true) => UnknownCommands::Deliver,
        });
        if self.has(4) {
            builder = builder.services(Services::NODE_BLOOM);
            builder = builder.init_state_requests(InitStateRequests::LeaveToOwner);
        }
        builder = if self.has(5) {
            builder.send_limit(3000).send_pause(100)
        } else {
            builder.send_limit(100_000).send_pause(1000)
        };
        if self.has(6) {
            builder = builder.known_inventory(100).max_requests(8);
        }
        if self.has(7) {
            builder = builder.trickle_delay(Duration::ZERO..=Duration::ZERO);
        }
        builder.build().unwrap()
    }

    /// A new peer, of a node of its own.
    pub(super) fn fresh(self, rng: &mut Generator) -> Connection {
        Self::peer_of(&Node::new(self.config()), self.direction(), connection_info(), rng)
    }

    /// A peer of this node, which has room for it.
    pub(super) fn peer_of(
        node: &Node,
        direction: Direction,
        info: ConnectionInfo,
        rng: &mut Generator,
    ) -> Connection {
        match direction {
            Direction::Inbound => Connection::inbound(node, info, Time::ZERO, rng),
            Direction::Outbound => Connection::outbound(node, info, Time::ZERO, rng).unwrap(),
        }
    }

    /// The same after the handshake with a remote of the highest version, everything written. It is made once.
    pub(super) fn established(self) -> Connection {
        thread_local! {
            static READY: RefCell<BTreeMap<Setting, Connection>> = const { RefCell::new(BTreeMap::new()) };
        }
        READY.with_borrow_mut(|ready| ready.entry(self).or_insert_with(|| self.shake_hands()).clone())
    }

    fn shake_hands(self) -> Connection {
        let mut peer = self.fresh(&mut Generator::new(0));
        let mut input = BytesMut::from(&greeting(self.version().get().try_into().unwrap()).frame[..]);
        input.extend_from_slice(&verack().frame);
        let (mut event, mut turns) = (None, Turns::default());
        while let Some(next) = peer.receive(&mut input, Time::ZERO).unwrap() {
            turns.next();
            event = Some(next);
        }
        assert_eq!(event, Some(Event::Established));
        while peer.wants_write() {
            turns.next();
            let count = peer.poll_transmit(Time::ZERO).len();
            peer.handle_transmitted(count, Time::ZERO);
        }
        peer
    }
}

/// What a peer is told at its beginning by a script that has its own idea of it.
pub(super) fn info_of(height: i32, seconds: u64) -> ConnectionInfo {
    let time = Timestamp::new(seconds).unwrap_or(Timestamp::MAX);
    ConnectionInfo::new(NetAddress::UNSPECIFIED, height, time)
}
