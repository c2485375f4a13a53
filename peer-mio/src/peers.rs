//! The set of connections: its members, their turns, and their events.

use core::fmt;
use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, event};
use peer_core::{Connection, ConnectionInfo, Direction, Node, Peer, Time};
use rand_core::Rng;
use slab::Slab;

use crate::clock::Clock;
use crate::conn::{READ, Readiness, Turn};
use crate::entry::{Connecting, Entry, PeerId, Shared, State};
use crate::outcome::{InsertError, Outcome, PeerEvent};
use crate::schedule::Schedule;
use crate::transport::Transport;

/// A set of connections of one node.
///
/// * [`connect`](Self::connect) and [`insert`](Self::insert) take connections in;
/// * [`ready`](Self::ready), [`timeout`](Self::timeout) and [`next_event`](Self::next_event) are the loop;
/// * [`peer`](Self::peer), [`try_send`](Self::try_send), [`pause`](Self::pause), [`leave`](Self::leave),
///   [`finish`](Self::finish) and [`close`](Self::close) command one of them, [`shut_down`](Self::shut_down) all;
/// * the other methods only read.
///
/// Nothing is read or written outside of [`next_event`](Self::next_event). Dropping the set closes every
/// connection.
pub struct Peers<R, S = TcpStream> {
    registry: Registry,
    tokens: Range<usize>,
    shared: Shared<R>,
    clock: Clock,
    connect_timeout: Duration,
    pub(crate) entries: Slab<Box<Entry<S>>>,
    /// How many connections were ever taken in.
    serial: u64,
    pub(crate) schedule: Schedule,
    /// The owner shuts down: no connection is taken in any more.
    pub(crate) is_shutting_down: bool,
    /// The turn of the first connection in the run queue, if it has begun.
    turn: Option<Turn>,
    /// Turns left in this round; `None` before a round begins. A round has one turn for each connection that is queued
    /// when it begins, so that the owner polls again after a bounded amount of work.
    turns_left: Option<usize>,
    /// The slot whose end was reported last. Its machine stays accessible until the next call of `next_event`.
    reported: Option<usize>,
}

impl<R: Rng, S: Transport> Peers<R, S> {
    /// An empty set. It holds at most as many connections as there are `tokens`.
    ///
    /// `rng` should be fit for cryptography, as `SystemRng` is. It makes the nonces by which a node recognises itself.
    pub fn new(registry: Registry, tokens: Range<usize>, node: Node, rng: R) -> Self {
        Self {
            registry,
            tokens,
            shared: Shared { node, rng, buffer: vec![0; READ].into() },
            clock: Clock::start(),
            connect_timeout: Duration::from_secs(30),
            entries: Slab::new(),
            serial: 0,
            schedule: Schedule::default(),
            is_shutting_down: false,
            turn: None,
            turns_left: None,
            reported: None,
        }
    }

    /// Adds a stream that is connected, connecting or accepted. [`next_event`](Self::next_event) reports everything
    /// that happens on it, including its end.
    ///
    /// The handshake deadline starts when [`next_event`](Self::next_event) finds the stream connected. An accepted one
    /// behind TLS or a proxy may need time for that. The wall clock in `info` is the current time; the time until the
    /// stream is connected is added.
    ///
    /// # Errors
    ///
    /// Every token is in use, or the system refuses. The stream is dropped.
    #[doc(alias = "AssociateConnection")]
    pub fn insert(
        &mut self,
        mut stream: S,
        direction: Direction,
        info: ConnectionInfo,
    ) -> Result<PeerId, InsertError> {
        let (slot, token) = self.vacancy()?;
        self.registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let begun = self.now();
        let deadline = begun + self.connect_timeout;
        let state =
            State::Connecting(Connecting { stream, direction, info, begun, deadline, is_lost: false });
        let id = PeerId::new(self.serial, slot);
        let mut entry = Box::new(Entry { id, queued: false, timer: None, state });
        self.schedule.enqueue(&mut entry);
        self.entries.insert(entry);
        self.serial = self.serial.saturating_add(1);
        Ok(id)
    }

    /// Notes the readiness in an event of the poll. Returns `false` if its token is outside of this set's range.
    pub fn ready(&mut self, event: &event::Event) -> bool {
        let Token(token) = event.token();
        if !self.tokens.contains(&token) {
            return false;
        }
        let is_lost = event.is_write_closed() || event.is_error();
        let ends = event.is_read_closed() || event.is_error();
        let readable = event.is_readable() || ends;
        let writable = event.is_writable() || is_lost;
        self.note(token.saturating_sub(self.tokens.start), Readiness { readable, writable, ends, is_lost });
        true
    }

    /// Marks a stream as possibly ready, for streams that hold bytes of which the system's poll does not know.
    pub fn wake(&mut self, id: PeerId) {
        if self.entry(id).is_some() {
            self.note(id.slot(), Readiness { readable: true, writable: true, ends: false, is_lost: false });
        }
    }

    /// How long the poll may sleep: until the next deadline, and not at all while a connection has work.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        let now = self.now();
        self.schedule.next(now).map(|at| at.saturating_since(now))
    }

    /// Runs connections that are ready, and returns the next event. Returns `None` when each connection that was
    /// queued has had its turn: poll again then. A connection with more to do gets its next turn in the next round,
    /// together with connections that have become ready meanwhile.
    ///
    /// [`Event::Version`](peer_core::Event::Version) is returned before the remote is answered. The next call accepts
    /// the remote; call [`close`](Self::close) first to refuse it, or [`pause`](Self::pause) to decide later.
    pub fn next_event(&mut self) -> Option<(PeerId, PeerEvent)> {
        self.reap();
        loop {
            let now = self.now();
            if self.turn.is_none() {
                self.enqueue_due(now);
                if *self.turns_left.get_or_insert(self.schedule.len()) == 0 {
                    self.turns_left = None;
                    return None;
                }
            }
            let slot = self.schedule.first()?;
            let entry = self.entries.get_mut(slot)?;
            let id = entry.id;
            match entry.resume(&mut self.turn, &mut self.shared, now) {
                Ok(Some(event)) => return Some((id, event)),
                Ok(None) => self.end_turn(slot),
                Err(closed) => {
                    self.end(slot, closed.clone());
                    self.end_turn(slot);
                    self.reported = Some(slot);
                    return Some((id, PeerEvent::Closed(closed)));
                }
            }
        }
    }

    /// The machine of a connection, for reading. Available as long as with [`peer`](Self::peer).
    #[must_use]
    pub fn get(&self, id: PeerId) -> Option<&Peer> {
        match &self.entries.get(id.slot()).filter(|entry| entry.id == id)?.state {
            State::Connecting(_) => None,
            State::Open(conn) => Some(conn.connection.peer()),
            State::Over(_, connection) => connection.as_ref().map(Connection::peer),
        }
    }

    /// Sets how long a transport of either direction may take until it is connected, from the next one on. Default: 30 s.
    pub const fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = timeout;
    }

    /// Advances the clock of all connections, so that tests need not sleep.
    #[cfg(feature = "test-util")]
    pub const fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }

    /// The current time, as commands of a [`Peer`] take it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The instant of a time in [`Stats`](peer_core::Stats); `None` if it is too far away for an instant.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }

    /// The machines of all connected transports, for reading.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &Peer)> {
        self.entries.iter().filter_map(|(_, entry)| match &entry.state {
            State::Open(conn) => Some((entry.id, conn.connection.peer())),
            State::Connecting(_) | State::Over(..) => None,
        })
    }

    /// Whether the end of this connection was not reported yet. It may still be connecting.
    #[must_use]
    pub fn contains(&self, id: PeerId) -> bool {
        self.reported != Some(id.slot()) && self.entries.get(id.slot()).is_some_and(|entry| entry.id == id)
    }

    /// The number of connections whose end was not reported yet, including those that are still connecting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(usize::from(self.reported.is_some()))
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of a connection, if its end was not reported long ago.
    pub(crate) fn entry(&mut self, id: PeerId) -> Option<&mut Entry<S>> {
        find(&mut self.entries, id)
    }

    /// The next free slot, and its token.
    fn vacancy(&mut self) -> Result<(usize, Token), InsertError> {
        if self.is_shutting_down {
            return Err(InsertError::ShuttingDown);
        }
        if self.entries.len() >= self.tokens.len() {
            self.reap();
        }
        let slot = self.entries.vacant_key();
        let token = self.tokens.clone().nth(slot).ok_or(InsertError::Full(self.tokens.len()))?;
        Ok((slot, Token(token)))
    }

    fn note(&mut self, slot: usize, readiness: Readiness) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        match &mut entry.state {
            State::Connecting(half) => half.is_lost |= readiness.is_lost,
            State::Open(conn) => conn.ready(readiness),
            State::Over(..) => return,
        }
        self.schedule.enqueue(entry);
    }

    /// Queues connections whose deadline has come.
    fn enqueue_due(&mut self, now: Time) {
        while let Some(slot) = self.schedule.due(now) {
            if let Some(entry) = self.entries.get_mut(slot) {
                self.schedule.expire(entry);
            }
        }
    }

    fn end_turn(&mut self, slot: usize) {
        self.turn = None;
        self.turns_left = self.turns_left.map(|left| left.saturating_sub(1));
        if let Some(entry) = self.entries.get_mut(slot) {
            self.schedule.end_turn(entry);
        }
    }

    /// Releases the stream of an ended connection, and queues the report of its end.
    pub(crate) fn end(&mut self, slot: usize, closed: Outcome) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        if let Some(mut stream) = entry.end(closed) {
            // A dropped stream is no longer polled in any case.
            self.registry.deregister(&mut stream).ok();
        }
        self.schedule.enqueue(entry);
    }

    /// Frees the entry of the connection whose end was reported.
    fn reap(&mut self) {
        if let Some(slot) = self.reported.take() {
            self.entries.try_remove(slot);
        }
    }
}

impl<R: Rng> Peers<R, TcpStream> {
    /// Begins to connect to `address`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the system cannot begin to connect. Nothing is dialled while every token is
    /// in use.
    pub fn connect(&mut self, address: SocketAddr, info: ConnectionInfo) -> Result<PeerId, InsertError> {
        self.vacancy()?;
        self.insert(TcpStream::connect(address)?, Direction::Outbound, info)
    }
}

impl<R, S> fmt::Debug for Peers<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers")
            .field("tokens", &self.tokens)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// As [`Peers::entry`], where the rest of the set is used too.
pub(crate) fn find<S>(entries: &mut Slab<Box<Entry<S>>>, id: PeerId) -> Option<&mut Entry<S>> {
    entries.get_mut(id.slot()).map(|entry| &mut **entry).filter(|entry| entry.id == id)
}
