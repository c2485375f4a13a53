//! The machine: one connection to one remote, without the transport.
//!
//! Bytes go into [`Connection::receive`](crate::Connection::receive) and events come out; commands and timers make frames,
//! which wait in two queues until [`Connection::poll_transmit`](crate::Connection::poll_transmit) shows them. Each part of
//! the protocol has its file, with its state, its transitions and its deadline:
//!
//! | part | file |
//! | --- | --- |
//! | the states, and what each has | `lifecycle` |
//! | handshake, and what comes early | `handshake`, `early` |
//! | pings and pongs | `keepalive` |
//! | silence and blame | `silence`, `evidence`, `flood`, `credit`, `pauses` |
//! | inventory | `announce`, `announcement`, `batch`, `known` |
//! | requests and their answers | `asking`, `requests`, `open_message`, `matched`, `answered` |
//! | requests with an id | `request` |
//! | what nodes ban for | `ban_rules`, `standing`, `history` |
//! | frames in | `receive` |
//! | frames out | `send`, `addresses`, `outbox`, `queues`, `piece`, `mark`, `fifo`, `transmit` |
//! | ends | `close`, `linger` |
//! | when to look again | `timers`, `clock_jump` |
//! | what the owner sees | `accessors`, `stats`, `command_counts` |

mod accessors;
mod addresses;
mod announce;
mod announcement;
mod answered;
mod ban_rules;
mod batch;
mod chain_requests;
mod clock_jump;
mod close;
mod command_counts;
mod credit;
mod deadline;
mod early;
mod evidence;
mod fifo;
mod flood;
mod handshake;
mod history;
mod keepalive;
mod known;
mod lifecycle;
mod linger;
mod mark;
mod matched;
mod open_message;
mod outbox;
mod pauses;
mod piece;
mod queues;
mod receive;
mod request;
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

pub use self::announcement::{Announced, Announcement};
pub use self::ban_rules::BanRule;
use self::batch::Trickle;
pub use self::command_counts::CommandCount;
use self::handshake::PendingHandshake;
use self::history::History;
use self::known::Known;
use self::lifecycle::Lifecycle;
pub use self::mark::Mark;
use self::outbox::Outbox;
use self::piece::Purpose;
pub use self::request::{
    BlockRange, Interest, OnTimeout, Request, RequestId, RequestOptions, Response, Unanswered,
};
use self::silence::Silence;
pub use self::standing::Standing;
use self::stats::Counters;
pub use self::stats::Stats;
pub use self::timers::Timer;
use crate::config::Config;
use crate::error::{Error, TooManyHandshakes};
use crate::event::{ConnectionInfo, Direction};
use crate::hash::Hash;
use crate::message::{Timestamp, Version};
use crate::node::Node;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// The owner's view of one connection: commands and state.
///
/// A [`Connection`](crate::Connection) owns it and lends it; the driver moves the bytes.
///
/// | kind | methods |
/// | --- | --- |
/// | send | [`send`](Self::send), [`send_addresses`](Self::send_addresses), [`request_blocks`](Self::request_blocks), [`request_headers`](Self::request_headers), [`reject`](Self::reject) |
/// | announce | [`announce`](Self::announce), [`announce_now`](Self::announce_now), [`add_known`](Self::add_known) |
/// | request | [`request`](Self::request), [`cancel`](Self::cancel), [`set_interest`](Self::set_interest) |
/// | tell what the owner knows | [`set_best_height`](Self::set_best_height), [`set_last_block`](Self::set_last_block), [`set_last_announced_block`](Self::set_last_announced_block) |
/// | look | [`is_established`](Self::is_established), [`remote`](Self::remote), [`stats`](Self::stats), [`room`](Self::room), [`is_flushed`](Self::is_flushed), [`standing`](Self::standing), [`failure`](Self::failure) and others |
/// | end | [`leave`](Self::leave), [`finish`](Self::finish), [`close`](Self::close) |
///
/// Every method may be called at any moment, any number of times. *May change* names what a method affects: the queue of
/// frames to write, the next timeout, the state.
#[derive(Debug)]
#[cfg_attr(feature = "test-util", derive(Clone))]
pub struct Peer {
    node: Node,
    info: ConnectionInfo,
    direction: Direction,
    connected: Time,
    /// The protocol version in force.
    version: ProtocolVersion,
    remote: Option<Box<Version>>,
    lifecycle: Lifecycle,
    outbox: Outbox,
    silence: Silence,
    known: Known,
    history: History,
    counters: Counters,
    interest: Interest,
}

impl Peer {
    pub(crate) fn outbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TooManyHandshakes> {
        let (mut handshake, known) = draw(node.config(), rng);
        let limit = node.config().open_handshakes;
        let nonce = handshake.nonce;
        handshake.guard = Some(node.open(nonce).ok_or(TooManyHandshakes { limit })?);
        let mut peer = Self::new(node, info, Direction::Outbound, now, handshake, known);
        peer.push_version(nonce, now);
        Ok(peer)
    }

    pub(crate) fn inbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let (handshake, known) = draw(node.config(), rng);
        Self::new(node, info, Direction::Inbound, now, handshake, known)
    }

    fn new(
        node: &Node,
        info: ConnectionInfo,
        direction: Direction,
        now: Time,
        handshake: PendingHandshake,
        known: Known,
    ) -> Self {
        Self {
            node: node.clone(),
            info,
            direction,
            connected: now,
            version: node.config().protocol_version,
            remote: None,
            lifecycle: Lifecycle::AwaitingVersion { handshake },
            outbox: Outbox::default(),
            silence: Silence::new(now),
            known,
            history: History::new(node.config().count_commands),
            counters: Counters::default(),
            interest: Interest::ALL,
        }
    }

    /// Sets the height that our `version` tells. An inbound peer's `version` is made when the owner pulls after
    /// [`Event::Version`](crate::Event::Version), an outbound peer's at the start.
    pub const fn set_best_height(&mut self, height: i32) {
        self.info.best_height = height;
    }

    /// Notes the block that the remote announced last; `None` clears it.
    #[doc(alias = "UpdateLastAnnouncedBlock")]
    pub fn set_last_announced_block(&mut self, block: Option<Hash>) {
        self.history.last_announced = block.map(Box::new);
    }

    /// Notes that the remote has a block of this height. A lower height than before changes nothing.
    #[doc(alias = "UpdateLastBlockHeight")]
    pub fn set_last_block(&mut self, height: i32) {
        if height > self.history.last_block {
            trace::height(self, height);
            self.history.last_block = height;
        }
    }

    fn config(&self) -> &Config {
        self.node.config()
    }

    /// Our wall clock at `now`, counted from its value when the connection began.
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

/// The numbers that a connection draws when it is made. A change of their order changes what a seed leads to.
fn draw(config: &Config, rng: &mut (impl Rng + ?Sized)) -> (PendingHandshake, Known) {
    let handshake = PendingHandshake::new(draw_nonce(rng), Trickle::new(&config.trickle_delay, rng));
    (handshake, Known::new((rng.next_u64(), rng.next_u64())))
}

/// A random number that is not 0, since 0 means "none" wherever a nonce is kept.
fn draw_nonce(rng: &mut (impl Rng + ?Sized)) -> u64 {
    rng.next_u64().max(1)
}
