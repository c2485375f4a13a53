//! The set: who is in it, whose turn it is, and what happened.

use core::fmt;
use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, event};
use peer_core::{Connection, ConnectionInfo, Direction, Error, Node, Peer, Time};
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
/// * [`peer`](Self::peer), [`finish`](Self::finish) and [`close`](Self::close) command one of them;
/// * everything else looks.
///
/// Nothing is read or written outside of [`next_event`](Self::next_event). Dropping the set closes every
/// connection.
pub struct Peers<R, S = TcpStream> {
    registry: Registry,
    tokens: Range<usize>,
    shared: Shared<R>,
    clock: Clock,
    connect_timeout: Duration,
    entries: Slab<Box<Entry<S>>>,
    /// How many connections were ever taken in.
    serial: u64,
    schedule: Schedule,
    /// The turn of the first one in the line, where it has begun.
    turn: Option<Turn>,
    /// How many are left of those who were in the line when the owner came from its poll; `None` where a new
    /// round begins.
    pass: Option<usize>,
    /// Whose end was told. Its machine can be looked at until the next thing is asked for.
    told: Option<usize>,
}

impl<R: Rng, S: Transport> Peers<R, S> {
    /// An empty set. At most as many connections as there are `tokens` are in it at a time.
    ///
    /// `rng` should be a generator for cryptography, as `SystemRng` is; it makes the nonces by which a node knows
    /// itself.
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
            turn: None,
            pass: None,
            told: None,
        }
    }

    /// Takes in a stream that is connected, connecting or accepted. Whatever happens next on it, its end
    /// included, is told by [`next_event`](Self::next_event).
    ///
    /// The clock of the handshake starts when the stream is found to be connected, by
    /// [`next_event`](Self::next_event) too. The wall clock in `info` is that of now: what passes until then is
    /// added.
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
        let state = State::Connecting(Connecting { stream, direction, info, begun, deadline });
        let id = PeerId::new(self.serial, slot);
        let mut entry = Box::new(Entry { id, queued: false, timer: None, state });
        self.schedule.enqueue(&mut entry);
        self.entries.insert(entry);
        self.serial = self.serial.saturating_add(1);
        Ok(id)
    }

    /// Notes what the system's poll says; `false` if its token is not of our range.
    pub fn ready(&mut self, event: &event::Event) -> bool {
        let Token(token) = event.token();
        if !self.tokens.contains(&token) {
            return false;
        }
        let ends = event.is_read_closed() || event.is_error();
        let readable = event.is_readable() || ends;
        let writable = event.is_writable() || event.is_write_closed() || event.is_error();
        self.note(token.saturating_sub(self.tokens.start), Readiness { readable, writable, ends });
        true
    }

    /// Notes that this stream may have become ready in ways that the system's poll does not know of, as one
    /// that holds bytes back.
    pub fn wake(&mut self, id: PeerId) {
        if find(&mut self.entries, id).is_some() {
            self.note(id.slot(), Readiness { readable: true, writable: true, ends: false });
        }
    }

    /// How long the owner's poll may sleep: until there is something to do.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        let now = self.now();
        self.schedule.next(now).map(|at| at.saturating_since(now))
    }

    /// Does what is due, and returns the next thing that happened; `None` when everybody who waited for a turn
    /// had one, and it is time to poll again. Whoever needs another one gets it in the next round, when those
    /// that have become ready meanwhile are in the line too.
    ///
    /// [`Event::Version`](peer_core::Event::Version) comes before the remote is answered. Asking again is
    /// consent; to refuse the remote, [`close`](Self::close) it first.
    pub fn next_event(&mut self) -> Option<(PeerId, PeerEvent)> {
        self.reap();
        loop {
            let now = self.now();
            if self.turn.is_none() {
                self.line_up_due(now);
                if *self.pass.get_or_insert(self.schedule.len()) == 0 {
                    self.pass = None;
                    return None;
                }
            }
            let slot = self.schedule.first()?;
            let entry = self.entries.get_mut(slot)?;
            let id = entry.id;
            match entry.resume(&mut self.turn, &mut self.shared, now) {
                Ok(Some(event)) => return Some((id, PeerEvent::Event(event))),
                Ok(None) => self.end_turn(slot),
                Err(closed) => {
                    self.end(slot, closed.clone());
                    self.end_turn(slot);
                    self.told = Some(slot);
                    return Some((id, PeerEvent::Closed(closed)));
                }
            }
        }
    }

    /// The machine of a connection, to command it: from when the transport is found to be connected until,
    /// after its end, the next thing is asked for or its token is needed. The connection gets a turn
    /// afterwards, so who only wants to look takes [`get`](Self::get).
    pub fn peer(&mut self, id: PeerId) -> Option<&mut Peer> {
        let entry = find(&mut self.entries, id)?;
        if matches!(entry.state, State::Open(_)) {
            self.schedule.enqueue(entry);
        }
        match &mut entry.state {
            State::Connecting(_) => None,
            State::Open(conn) => Some(conn.connection.peer_mut()),
            State::Over(_, connection) => connection.as_mut().map(Connection::peer_mut),
        }
    }

    /// The machine of a connection, to look at, as long as [`peer`](Self::peer) gives it.
    #[must_use]
    pub fn get(&self, id: PeerId) -> Option<&Peer> {
        match &self.entries.get(id.slot()).filter(|entry| entry.id == id)?.state {
            State::Connecting(_) => None,
            State::Open(conn) => Some(conn.connection.peer()),
            State::Over(_, connection) => connection.as_ref().map(Connection::peer),
        }
    }

    /// Ends a connection when what waits to be written has been, batches of announcements included. Until
    /// then events go on. A remote that does not take it in time ends it otherwise, as ever.
    ///
    /// The stream is dropped then. Over TCP what was written arrives all the same, unless the remote has said
    /// something that was not read yet: then the system may cut it off. Who must be sure pings when all is
    /// written, and waits for the answer, before it comes here.
    pub fn finish(&mut self, id: PeerId) {
        let Some(entry) = find(&mut self.entries, id) else { return };
        match &mut entry.state {
            State::Connecting(_) => self.close(id),
            State::Open(conn) => {
                conn.connection.peer_mut().finish();
                self.schedule.enqueue(entry);
            }
            State::Over(..) => {}
        }
    }

    /// Ends a connection at once. What waits to be written or to be told is dropped; the end is still told.
    #[doc(alias = "Disconnect")]
    pub fn close(&mut self, id: PeerId) {
        let Some(entry) = find(&mut self.entries, id) else { return };
        let reason = match &mut entry.state {
            State::Connecting(_) => Error::ClosedByOwner,
            State::Open(conn) => conn.connection.peer_mut().close(),
            State::Over(..) => return,
        };
        self.end(id.slot(), reason.into());
    }

    /// Sets how long a transport may take to connect, from the next one on. Default: 30 s.
    pub const fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = timeout;
    }

    /// Puts the clock of all connections forward: for tests, which would have to sleep otherwise.
    #[cfg(feature = "test-util")]
    pub const fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }

    /// The time that commands of a [`Peer`] ask for.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The instant that a time in [`Stats`](peer_core::Stats) stands for; `None` where it is too far away to
    /// be one.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }

    /// The machines of all transports that are connected, to look at.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &Peer)> {
        self.entries.iter().filter_map(|(_, entry)| match &entry.state {
            State::Open(conn) => Some((entry.id, conn.connection.peer())),
            State::Connecting(_) | State::Over(..) => None,
        })
    }

    /// How many connections there are whose end was not told, those that are not connected yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(usize::from(self.told.is_some()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next free slot, and its token.
    fn vacancy(&mut self) -> Result<(usize, Token), InsertError> {
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
            State::Connecting(_) => {}
            State::Open(conn) => conn.ready(readiness),
            State::Over(..) => return,
        }
        self.schedule.enqueue(entry);
    }

    /// Gives those a turn whose deadline has come.
    fn line_up_due(&mut self, now: Time) {
        while let Some(slot) = self.schedule.due(now) {
            if let Some(entry) = self.entries.get_mut(slot) {
                self.schedule.expire(entry);
            }
        }
    }

    fn end_turn(&mut self, slot: usize) {
        self.turn = None;
        self.pass = self.pass.map(|left| left.saturating_sub(1));
        if let Some(entry) = self.entries.get_mut(slot) {
            self.schedule.end_turn(entry);
        }
    }

    /// Lets go of the stream of a connection that is over, and lines up to tell so.
    fn end(&mut self, slot: usize, closed: Outcome) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        if let Some(mut stream) = entry.end(closed) {
            // A stream that is dropped is not polled any more in any case.
            self.registry.deregister(&mut stream).ok();
        }
        self.schedule.enqueue(entry);
    }

    /// Frees the entry of the connection whose end was told.
    fn reap(&mut self) {
        if let Some(slot) = self.told.take() {
            self.entries.try_remove(slot);
        }
    }
}

impl<R: Rng> Peers<R, TcpStream> {
    /// Begins to connect to `address`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and where the system refuses even to begin. Where every token is in use the
    /// remote is not called.
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

fn find<S>(entries: &mut Slab<Box<Entry<S>>>, id: PeerId) -> Option<&mut Entry<S>> {
    entries.get_mut(id.slot()).map(|entry| &mut **entry).filter(|entry| entry.id == id)
}
