//! The machine: one connection to one remote, without the transport.
//!
//! Bytes go into [`Peer::receive`] and events come out; commands and timers make frames, which wait in two
//! queues until [`Peer::poll_transmit`] shows them. [`Connection`](crate::Connection) is what drivers call of it. Each part of the protocol has its file, with its state, its
//! transitions and its deadline:
//!
//! | part | file |
//! | --- | --- |
//! | handshake, and what comes early | `handshake`, `early` |
//! | pings, pongs and silence | `keepalive`, `silence`, `pauses` |
//! | inventory | `announce`, `batch`, `known` |
//! | requests and their answers | `asking`, `requests`, `answered` |
//! | what nodes ban for | `ban_rules`, `standing` |
//! | frames in | `receive` |
//! | frames out | `send`, `addresses`, `outbox`, `fifo`, `transmit` |
//! | ends | `close` |
//! | when to look again | `timers` |
//! | what the owner sees | `accessors`, `stats` |

mod accessors;
mod addresses;
mod announce;
mod answered;
mod asking;
mod ban_rules;
mod batch;
mod close;
mod early;
mod fifo;
mod handshake;
mod keepalive;
mod known;
mod outbox;
mod pauses;
mod receive;
mod requests;
mod send;
mod silence;
mod standing;
mod stats;
mod timers;
mod trace;
mod transmit;

use alloc::boxed::Box;
use rand_core::Rng;

use self::asking::LastAsked;
pub use self::ban_rules::BanRule;
use self::ban_rules::InitStateExchange;
use self::batch::Trickle;
use self::close::Finish;
use self::handshake::{Clock, Handshake, PendingHandshake};
use self::keepalive::Keepalive;
use self::known::Known;
pub use self::outbox::Mark;
use self::outbox::{Outbox, Purpose};
use self::pauses::Pauses;
use self::requests::Requests;
use self::standing::Points;
pub use self::standing::Standing;
pub use self::stats::Stats;
pub use self::timers::Timer;
use crate::config::Config;
use crate::error::{Error, TooManyHandshakes};
use crate::event::{ConnectionInfo, Direction};
use crate::frame::FrameReader;
use crate::hash::Hash;
use crate::message::{Timestamp, Version};
use crate::node::Node;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// One connection to one remote, as its owner sees it: who uses it.
///
/// It belongs to a [`Connection`](crate::Connection), which the driver moves; the owner is lent it.
///
/// * [`send`](Self::send), [`announce`](Self::announce), [`announce_now`](Self::announce_now),
///   [`send_addresses`](Self::send_addresses), [`request_blocks`](Self::request_blocks),
///   [`request_headers`](Self::request_headers), [`reject`](Self::reject), [`finish`](Self::finish) and
///   [`close`](Self::close) command it;
/// * [`add_known`](Self::add_known), [`set_best_height`](Self::set_best_height), [`set_last_block`](Self::set_last_block)
///   and [`set_last_announced_block`](Self::set_last_announced_block) tell it what the owner knows;
/// * everything else looks.
///
/// Every method may be called at any moment, any number of times. What a method says it *may change* is the queue of
/// what waits to be written, the next timeout, the state.
#[derive(Debug)]
#[cfg_attr(feature = "test-util", derive(Clone))]
pub struct Peer {
    node: Node,
    info: ConnectionInfo,
    direction: Direction,
    connected: Time,
    /// Until the handshake is complete.
    opening: Option<Box<PendingHandshake>>,
    handshake: Handshake,
    /// The protocol version in force.
    version: ProtocolVersion,
    remote: Option<Box<Version>>,
    /// How far the remote's clock was ahead of ours when its `version` came, in seconds.
    time_offset: i64,
    reader: FrameReader,
    outbox: Outbox,
    keepalive: Keepalive,
    trickle: Trickle,
    known: Known,
    requests: Option<Box<Requests>>,
    /// What we said before, as far as it matters later.
    history: Option<Box<SendHistory>>,
    init_state: InitStateExchange,
    last_announced: Option<Box<Hash>>,
    /// The connection ends as soon as a last frame is written.
    closing: Option<Box<Error>>,
    /// The owner wants it to end once everything is written.
    finish: Option<Box<Finish>>,
    /// Since when we wait for the remote: since `receive` ran dry. `None` while the owner is busy.
    waiting: Option<Time>,
    /// Total time waited before the current wait; origin of request deadlines.
    waited: Time,
    /// Bytes that are there of a frame that is not whole yet, of which none is 4 GiB.
    progress: u32,
    /// When the owner did not pull.
    pauses: Pauses,
    wants_headers: bool,
    last_block: i32,
    last_send: Option<Time>,
    last_recv: Option<Time>,
    bytes_sent: u64,
    bytes_received: u64,
    failure: Option<Box<Error>>,
}

/// What we said before. A peer that asked for no headers and did nothing that nodes count has none.
#[derive(Clone, Debug, Default)]
struct SendHistory {
    asked: LastAsked,
    points: Points,
}

impl Peer {
    pub(crate) fn outbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TooManyHandshakes> {
        let mut peer = Self::new(node, info, Direction::Outbound, now, rng);
        let limit = node.config().open_handshakes;
        if let Some(opening) = &mut peer.opening {
            opening.guard = Some(node.open(opening.nonce).ok_or(TooManyHandshakes { limit })?);
        }
        peer.push_version(now);
        Ok(peer)
    }

    pub(crate) fn inbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        Self::new(node, info, Direction::Inbound, now, rng)
    }

    fn new(
        node: &Node,
        info: ConnectionInfo,
        direction: Direction,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let config = node.config();
        Self {
            info,
            direction,
            connected: now,
            opening: Some(Box::new(PendingHandshake::new(draw_nonce(rng), now + config.handshake_timeout))),
            handshake: Handshake::AwaitVersion,
            version: config.protocol_version,
            remote: None,
            time_offset: 0,
            reader: FrameReader::new(),
            outbox: Outbox::default(),
            keepalive: Keepalive::default(),
            trickle: Trickle::new(&config.trickle_delay, rng),
            known: Known::new((rng.next_u64(), rng.next_u64())),
            requests: None,
            history: None,
            init_state: InitStateExchange::default(),
            last_announced: None,
            closing: None,
            finish: None,
            waiting: Some(now),
            waited: Time::ZERO,
            progress: 0,
            pauses: Pauses::default(),
            wants_headers: false,
            last_block: 0,
            last_send: None,
            last_recv: None,
            bytes_sent: 0,
            bytes_received: 0,
            failure: None,
            node: node.clone(),
        }
    }

    /// Sets the height that our `version` tells. An inbound peer's is made when the owner pulls after
    /// [`Event::Version`](crate::Event::Version); an outbound peer's was made at the start.
    pub const fn set_best_height(&mut self, height: i32) {
        self.info.best_height = height;
    }

    /// Notes which block the remote announced last; `None` forgets it.
    #[doc(alias = "UpdateLastAnnouncedBlock")]
    pub fn set_last_announced_block(&mut self, block: Option<Hash>) {
        self.last_announced = block.map(Box::new);
    }

    /// Notes that the remote has a block of this height. Lower than before changes nothing.
    #[doc(alias = "UpdateLastBlockHeight")]
    pub fn set_last_block(&mut self, height: i32) {
        if height > self.last_block {
            trace::height(self, height);
            self.last_block = height;
        }
    }

    fn config(&self) -> &Config {
        self.node.config()
    }

    /// What our wall clock shows at `now`, going by what it showed when the connection began.
    fn wall_clock(&self, now: Time) -> Timestamp {
        let since = now.saturating_since(self.connected).as_secs();
        let seconds = self.info.unix_time.seconds().saturating_add(since);
        Timestamp::new(seconds).unwrap_or(Timestamp::MAX)
    }

    /// The failure, if there is one.
    fn alive(&self) -> Result<(), Error> {
        self.failure().cloned().map_or(Ok(()), Err)
    }
}

/// A random number that is not 0, since 0 stands for "none" in every place where a nonce is kept.
fn draw_nonce(rng: &mut (impl Rng + ?Sized)) -> u64 {
    rng.next_u64().max(1)
}
