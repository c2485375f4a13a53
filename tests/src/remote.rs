//! A remote that a test plays by hand, against one of our machines.

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use peer_core::frame::{FrameReader, Header, Rules, encode};
use peer_core::message::{NetAddress, UserAgent, Version};
use peer_core::{
    BannableMessages, Command, Config, ConfigBuilder, Connection, ConnectionInfo, Direction, Error, Event,
    Message, Network, Node, ProtocolVersion, Services, Time, Timer, blake256,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::bound::Turns;
use crate::checked::Checked;
use crate::pair::WALL_CLOCK;

/// The network of a [`Remote`] and of what it says.
pub const NETWORK: Network = Network::SIMNET;

/// The newest protocol version. What holds of all versions is tried up to it, so that a new one is not left out.
pub const LATEST: u32 = ProtocolVersion::LATEST.get();

/// One of our machines, and what a test needs to play its opponent.
#[derive(Debug)]
pub struct Remote {
    /// Our machine.
    pub machine: Checked,
    /// The time.
    pub now: Time,
    rng: ChaCha8Rng,
    reader: FrameReader,
    heard: BytesMut,
}

impl Remote {
    /// Plays the opponent of a new peer of `node`: the dialled one of an outbound peer, the dialling one of
    /// an inbound peer.
    pub fn new(node: &Node, direction: Direction) -> Self {
        Self::with_info(node, direction, connection_info())
    }

    /// The same for a peer that begins with this `info`.
    pub fn with_info(node: &Node, direction: Direction, info: ConnectionInfo) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let peer = match direction {
            Direction::Outbound => Connection::outbound(node, info, Time::ZERO, &mut rng).unwrap(),
            Direction::Inbound => Connection::inbound(node, info, Time::ZERO, &mut rng),
        };
        let machine = Checked::new(peer, Time::ZERO);
        Self { machine, now: Time::ZERO, rng, reader: FrameReader::new(), heard: BytesMut::new() }
    }

    /// The dialling remote of an inbound peer, after a handshake at our newest version.
    pub fn established(config: Config) -> Self {
        let version = config.protocol_version();
        Self::established_at(config, version)
    }

    /// The same with a remote that advertises `version`.
    pub fn established_at(config: Config, version: ProtocolVersion) -> Self {
        let mut remote = Self::new(&Node::new(config), Direction::Inbound);
        remote.introduce(version);
        remote.say(&Message::Verack);
        assert_eq!(remote.events(), [Event::Established]);
        remote
    }

    /// Says a version, sees it surface, and hears whatever the machine answers.
    pub fn introduce(&mut self, version: ProtocolVersion) {
        self.say(&introduction(version.get().cast_signed()).into());
        assert!(matches!(self.events()[..], [Event::Version(_)]));
        self.hears();
    }

    /// Sends a message, encoded as the version in force has it.
    pub fn say(&mut self, message: &Message) {
        let mut payload = Vec::new();
        message.encode(&mut payload, self.machine.protocol_version()).unwrap();
        self.say_bytes(&frame(message.command().as_str(), &payload));
    }

    /// Sends any bytes.
    pub fn say_bytes(&mut self, bytes: &[u8]) {
        self.machine.feed(bytes);
    }

    /// The next event.
    pub fn pull(&mut self) -> Result<Option<Event>, Error> {
        self.machine.receive(self.now)
    }

    /// Every event until the input is drained.
    ///
    /// # Panics
    ///
    /// If the connection ends.
    pub fn events(&mut self) -> Vec<Event> {
        let (mut events, mut turns) = (Vec::new(), Turns::default());
        while let Some(event) = self.pull().unwrap() {
            turns.next();
            events.push(event);
        }
        events
    }

    /// The messages among all events until the input is drained.
    pub fn messages(&mut self) -> Vec<Message> {
        let message = |event| if let Event::Message(message) = event { Some(message) } else { None };
        self.events().into_iter().filter_map(message).collect()
    }

    /// Pulls until the connection ends, and lets a last word of the machine through.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn error(&mut self) -> Error {
        let mut turns = Turns::default();
        loop {
            turns.next();
            match self.pull() {
                Ok(Some(_)) => {}
                Ok(None) if self.machine.wants_write() => drop(self.hears()),
                Ok(None) => panic!("the connection did not end"),
                Err(error) => return error,
            }
        }
    }

    /// Takes everything that the machine wants written, and reads it.
    pub fn hears(&mut self) -> Vec<Message> {
        let bytes = self.machine.take_all(self.now);
        self.understand(&bytes)
    }

    /// Reads bytes that the machine showed.
    pub fn understand(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.heard.extend_from_slice(bytes);
        // A remote that claims version 0 is answered at version 1.
        let version = self.machine.protocol_version().max(ProtocolVersion::INITIAL);
        let rules = Rules::new(NETWORK, version);
        let (mut messages, mut turns) = (Vec::new(), Turns::default());
        while let Some(frame) = self.reader.read(&mut self.heard, &rules).unwrap() {
            turns.next();
            messages.push(frame.decode(version).unwrap());
        }
        messages
    }

    /// Lets time pass, with a driver that looks whenever the machine wants it, and at the end.
    pub fn wait(&mut self, duration: Duration) -> Result<(), Error> {
        let (end, mut turns) = (self.now + duration, Turns::default());
        while let Some((at, _)) = self.machine.next_timeout().filter(|(at, _)| *at < end) {
            turns.next();
            self.now = self.now.max(at);
            self.look()?;
        }
        self.now = end;
        self.look()
    }

    /// Runs the timers, of which nothing is told before.
    pub fn tick(&mut self) -> Result<(), Error> {
        self.machine.tick(self.now, &mut self.rng)
    }

    /// Runs the timers, after telling that the transport has nothing more and takes nothing more.
    pub fn look(&mut self) -> Result<(), Error> {
        self.machine.handle_drained(self.now);
        self.machine.handle_transmitted(0, self.now);
        self.tick()
    }

    /// Jumps to the next deadline and tells which it was.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn wait_for_deadline(&mut self) -> (Timer, Result<(), Error>) {
        let (at, timer) = self.machine.next_timeout().unwrap();
        self.now = self.now.max(at);
        (timer, self.look())
    }

    /// What the machine waits for, and how long from now.
    pub fn deadline(&self) -> Option<(Duration, Timer)> {
        self.machine.next_timeout().map(|(at, timer)| (at.saturating_since(self.now), timer))
    }
}

/// The dialling remote of an inbound peer with the default configuration, after a handshake.
pub fn established() -> Remote {
    Remote::established(Config::builder(NETWORK).build().unwrap())
}

/// The same where our machine accepts every version and sends whatever it is told, and the remote advertises this
/// version.
pub fn established_at(version: u32) -> Remote {
    let config = unguarded().min_protocol_version(ProtocolVersion::INITIAL).build().unwrap();
    Remote::established_at(config, version.into())
}

/// A configuration that also sends what nodes ban for.
pub fn unguarded() -> ConfigBuilder {
    Config::builder(NETWORK).bannable_messages(BannableMessages::Send)
}

/// What a machine is told by [`Remote::new`].
pub fn connection_info() -> ConnectionInfo {
    let socket = ([192, 0, 2, 7], 18_555);
    ConnectionInfo::new(NetAddress::new(socket.into(), Services::NODE_NETWORK), 500_000, WALL_CLOCK)
}

/// What a plain remote of this version says of itself.
pub fn introduction(protocol_version: i32) -> Version {
    Version {
        protocol_version,
        services: Services::NODE_NETWORK,
        timestamp: WALL_CLOCK,
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: Some(NetAddress::UNSPECIFIED),
        nonce: 0x0123_4567_89ab_cdef,
        user_agent: UserAgent::new("/remote:1.0.0/").unwrap(),
        last_block: 432_100,
        disable_relay_tx: false,
    }
}

/// A message as a frame of our newest version.
pub fn bytes_of(message: &Message) -> Vec<u8> {
    encode(message, NETWORK, ProtocolVersion::LATEST).unwrap()
}

/// All that a remote of our newest version must say to shake hands.
pub fn hands() -> Vec<u8> {
    [bytes_of(&introduction(12).into()), bytes_of(&Message::Verack)].concat()
}

/// A frame with any payload, right in everything else.
pub fn frame(command: &str, payload: &[u8]) -> Bytes {
    let checksum = blake256::checksum(payload);
    header(command, payload.len(), checksum).iter().chain(payload).copied().collect()
}

/// A frame header that declares `len` bytes.
pub fn header(command: &str, len: usize, checksum: [u8; 4]) -> [u8; Header::LEN] {
    let command = Command::new(command).unwrap().to_wire();
    Header { network: NETWORK, command, len: len.try_into().unwrap(), checksum }.to_bytes()
}
