//! The machine: one connection to one remote, without the connection.
//!
//! Bytes go into [`Peer::receive`] and events come out; commands and timers make frames, which wait in two
//! queues until [`Peer::transmit`] shows them. Each part of the protocol has its file: `handshake`,
//! `keepalive`, `trickle`, `known`, `requests`, `outbox`. They hold state and answer questions; this file,
//! `protocol`, `send` and `timers` are where their answers become frames, events and ends, and `look` is what the
//! owner sees.

mod answered;
mod ask;
mod farewell;
mod fifo;
mod handshake;
mod keepalive;
mod known;
mod look;
mod outbox;
mod pauses;
mod protocol;
mod requests;
mod send;
mod standing;
mod stats;
mod timers;
mod trace;
mod trickle;
mod waiting;

use alloc::boxed::Box;
use bytes::BytesMut;
use rand_core::Rng;

use self::ask::LastAsked;
use self::handshake::{Clock, Handshake, Opening};
use self::keepalive::Keepalive;
use self::known::{Known, Limits};
pub use self::outbox::Mark;
use self::outbox::{Outbox, Purpose};
use self::pauses::Pauses;
use self::requests::Requests;
pub use self::standing::{BanRule, Standing};
use self::standing::{InitStateTurns, Points};
pub use self::stats::Stats;
pub use self::timers::Timer;
use self::trickle::Trickle;
use crate::config::Config;
use crate::error::{Error, FrameError, TooManyHandshakes};
use crate::event::{Direction, Event, Hello};
use crate::frame::FrameReader;
use crate::hash::Hash;
use crate::message::{Inventory, Timestamp, Version};
use crate::node::{Node, Ticket};
use crate::protocol::ProtocolVersion;
use crate::time::Time;

/// One connection to one remote, without the connection.
///
/// * [`receive`](Self::receive), [`end`](Self::end), [`tick`](Self::tick) and [`sent`](Self::sent) feed it;
/// * [`send`](Self::send), [`announce`](Self::announce), [`announce_now`](Self::announce_now),
///   [`send_addresses`](Self::send_addresses), [`request_blocks`](Self::request_blocks),
///   [`request_headers`](Self::request_headers), [`reject`](Self::reject) and [`close`](Self::close) command it;
/// * [`add_known`](Self::add_known), [`set_best_height`](Self::set_best_height), [`set_last_block`](Self::set_last_block)
///   and [`set_last_announced_block`](Self::set_last_announced_block) tell it what the owner knows;
/// * [`transmit`](Self::transmit) and [`chunks`](Self::chunks) show what to write;
/// * everything else looks.
///
/// Every method may be called at any moment, any number of times. Time and randomness are arguments, so the
/// same calls give the same results. What a method says it *may change* is the queue of what waits to be written, the next
/// deadline, the state. After the first error every call that can fail returns it again, nothing
/// is left to write and no deadline remains.
///
/// # The handshake
///
/// | what happens | outbound | inbound |
/// | --- | --- | --- |
/// | it is made | `version` is queued | nothing |
/// | the remote's `version` came | its nonce is compared with our own ([`Error::SelfConnection`]), the lower version is in force from now on, and [`Event::Version`] surfaces; the clock rests | the same |
/// | the owner pulls again | its number is judged ([`Error::ProtocolVerTooOld`]) | the same; `version` and `verack` are queued |
/// | another message comes | at version 12 [`Error::NotVerAckMessage`]; at 9 to 11 up to two are kept, below 9 up to 64 KiB, for after the handshake | the same |
/// | the remote's `verack` came | `verack` is queued; [`Event::Established`] | [`Event::Established`] |
/// | 30 s passed, the owner's time aside | [`Error::Timeout`] with [`Timer::Handshake`] | the same |
///
/// Anything but `version` as the first message is [`Error::NotVersionMessage`] (a `reject` in its place, which the old
/// era sends to whom it refuses, [`Error::Rejected`]), and a second `version` or `verack`
/// [`Error::Repeated`]. The timers are told by [`Timer`].
#[derive(Clone, Debug)]
pub struct Peer {
    node: Node,
    hello: Hello,
    direction: Direction,
    connected: Time,
    /// Until the handshake is complete.
    opening: Option<Box<Opening>>,
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
    said: Option<Box<Said>>,
    init_state: InitStateTurns,
    last_announced: Option<Box<Hash>>,
    /// The connection ends as soon as a last frame is written.
    parting: Option<Box<Error>>,
    /// Since when we wait for the remote: since `receive` ran dry. `None` while the owner is busy.
    waiting: Option<Time>,
    /// What the clock that runs only while we wait showed when we began to.
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
struct Said {
    asked: LastAsked,
    points: Points,
}

/// How the transport ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum End {
    /// The remote ended its stream.
    Eof,
    /// The remote cut the connection: a reset, or a write to a connection that is closed at the other end.
    Reset,
    /// Reading or writing failed in another way.
    Failed,
}

impl Peer {
    /// A connection that we made. Its `version` is ready to be written.
    ///
    /// Draws four numbers from `rng`. The clock of the handshake starts at `now`, which should be when the
    /// transport is connected.
    ///
    /// # Errors
    ///
    /// [`TooManyHandshakes`] where the node has as many outbound handshakes open as its configuration allows.
    #[doc(alias = "NewOutboundPeer")]
    pub fn outbound(
        node: &Node,
        hello: Hello,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TooManyHandshakes> {
        let mut peer = Self::new(node, hello, Direction::Outbound, now, rng);
        let limit = node.config().open_handshakes;
        if let Some(opening) = &mut peer.opening {
            opening.ticket = Some(node.open(opening.nonce).ok_or(TooManyHandshakes { limit })?);
        }
        peer.push_version(now);
        Ok(peer)
    }

    /// A connection that the remote made. It says nothing before the remote's `version` came.
    ///
    /// Draws four numbers from `rng`. The clock of the handshake starts at `now`.
    #[doc(alias = "NewInboundPeer")]
    pub fn inbound(node: &Node, hello: Hello, now: Time, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::new(node, hello, Direction::Inbound, now, rng)
    }

    fn new(
        node: &Node,
        hello: Hello,
        direction: Direction,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let config = node.config();
        Self {
            hello,
            direction,
            connected: now,
            opening: Some(Box::new(Opening::new(draw_nonce(rng), now + config.handshake_timeout))),
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
            said: None,
            init_state: InitStateTurns::default(),
            last_announced: None,
            parting: None,
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

    /// Takes whole frames off the front of `input`, does what the protocol asks, and returns the first thing
    /// worth telling. `None` means that more bytes are needed, or, where [`wants_read`](Self::wants_read) is
    /// false, that the remote is not read until it takes what it made us owe.
    ///
    /// Between calls the owner only appends to `input`, and pulls again until `None` comes before it waits.
    /// May change: queue, deadline, state.
    ///
    /// # Errors
    ///
    /// Why the connection is over, from now on. Below protocol version 9 it comes after a last word, a `reject`, has
    /// been written; until then `None`, while [`wants_write`](Self::wants_write) is true and
    /// [`wants_read`](Self::wants_read) is not.
    pub fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        self.alive()?;
        self.pauses.on_pull(now);
        self.excuse_silence(input, now);
        let before = input.len();
        let result = self.pull(input, now);
        let taken = before.saturating_sub(input.len());
        self.bytes_received = self.bytes_received.saturating_add(taken as u64);
        match result {
            Ok(Some(event)) => {
                self.stop_waiting(now);
                Ok(Some(event))
            }
            Ok(None) if self.wants_read() => {
                self.waiting = self.waiting.or(Some(now));
                self.progress = self.progress_of(input);
                Ok(None)
            }
            Ok(None) => {
                self.stop_waiting(now);
                Ok(None)
            }
            Err(error) => self.part(error, now),
        }
    }

    /// Notes that the transport ended, with what `input` still holds. Returns why the connection is over:
    /// for the outbound half of a self-connection, which only sees a close, that it is one, and where a remote of
    /// the old era said `reject` to our `version` before it left, that. An end in the handshake is
    /// [`Error::ClosedBeforeVersion`] or [`Error::ClosedBeforeVerack`], whether the transport was closed or cut.
    ///
    /// Pull until [`receive`](Self::receive) returns `None` first, so that nothing whole is left in `input`.
    pub fn end(&mut self, end: End, input: &[u8]) -> Error {
        if let Some(error) = self.failure() {
            return error.clone();
        }
        let ticket = self.opening.as_ref().and_then(|opening| opening.ticket.as_ref());
        let met = ticket.is_some_and(Ticket::is_met);
        let error = match (end, self.reader.missing(input), self.refusal()) {
            _ if met => Error::SelfConnection,
            (_, _, Some(refusal)) => Error::Rejected(refusal),
            // A node that closes while our `version` lies unread cuts the connection: that counts as closed.
            (End::Eof | End::Reset, None, None) if self.remote.is_none() => Error::ClosedBeforeVersion,
            (End::Eof | End::Reset, None, None) if !self.is_established() => Error::ClosedBeforeVerack,
            (End::Reset | End::Failed, _, None) => Error::TransportFailed,
            // Nothing is missing of a whole frame that is still to be pulled.
            (End::Eof, None | Some(0), None) => Error::ClosedByRemote,
            (End::Eof, Some(missing), None) => match self.pauses.recent() {
                Some(paused) => Error::CutOffWhilePaused { missing, paused },
                None => FrameError::Truncated { missing }.into(),
            },
        };
        self.bytes_received = self.bytes_received.saturating_add(input.len() as u64);
        self.fail(error)
    }

    /// Ends the connection at the owner's wish. Nothing more is written; flush first if that matters.
    #[doc(alias = "Disconnect")]
    pub fn close(&mut self) -> Error {
        match self.failure() {
            Some(error) => error.clone(),
            None => self.fail(Error::ClosedByOwner),
        }
    }

    /// What to write next: the rest of the oldest frame, or of one part of it. Empty where nothing waits.
    ///
    /// A frame that was shown is committed: it is written before anything else. May change: deadline.
    pub fn transmit(&mut self, now: Time) -> &[u8] {
        self.outbox.offer(now)
    }

    /// As [`transmit`](Self::transmit), in pieces for a vectored write: whole frames until they have at least
    /// `enough` bytes together.
    pub fn chunks(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.outbox.offer_many(enough, now)
    }

    /// Notes that the transport took `count` bytes of what it was shown. More than was shown counts as that.
    /// May change: queue, deadline.
    pub fn sent(&mut self, count: usize, now: Time) {
        self.excuse_stall(count, now);
        let waited = self.waited_until(now);
        let Self { outbox, keepalive, requests, last_send, .. } = self;
        let taken = outbox.take(count, now, |purpose, nonce| {
            match purpose {
                Purpose::Handshake | Purpose::Farewell => return,
                Purpose::Ping => keepalive.on_ping_written(nonce, now),
                Purpose::Keepalive => keepalive.on_own_ping_written(nonce, now),
                Purpose::Request => {
                    if let Some(open) = requests {
                        open.on_written(waited);
                    }
                    requests.take_if(|open| open.is_empty());
                }
                Purpose::Ordinary | Purpose::Owed => {}
            }
            *last_send = Some(now);
        });
        self.bytes_sent = self.bytes_sent.saturating_add(taken as u64);
        if let Some(said) = &mut self.said {
            said.points.on_written(now, |mark| self.outbox.is_flushed(mark));
        }
        if self.outbox.queued() == 0
            && let Some(error) = self.parting.take()
        {
            self.fail(*error);
        }
    }

    /// Notes that the remote has `item`, so that it is not announced to it. The owner calls it for what the
    /// remote announces or sends.
    #[doc(alias = "AddKnownInventory")]
    pub fn add_known(&mut self, item: &Inventory, now: Time) {
        let (limits, fingerprint) = (self.known_limits(), self.known.fingerprint(item));
        self.known.insert(fingerprint, now, limits);
    }

    /// Sets the height that our `version` tells. An inbound peer's is made when the owner pulls after
    /// [`Event::Version`]; an outbound peer's was made at the start.
    pub const fn set_best_height(&mut self, height: i32) {
        self.hello.best_height = height;
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
        let seconds = self.hello.unix_time.seconds().saturating_add(since);
        Timestamp::new(seconds).unwrap_or(Timestamp::MAX)
    }

    fn known_limits(&self) -> Limits {
        Limits { items: self.config().known_inventory, lifetime: self.config().known_lifetime }
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
