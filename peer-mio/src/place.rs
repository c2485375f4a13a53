//! A place in the set: its connection from the dial to the end.

use core::fmt;
use core::mem;
use std::io;

use peer_core::message::Timestamp;
use peer_core::{Direction, Error, Event, Hello, Node, Peer, Time};
use rand_core::Rng;

use crate::closed::Closed;
use crate::conn::{Conn, Turn};
use crate::transport::Transport;

/// Names a connection. Never used twice in a set; later ones are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    serial: u64,
    /// Its place, which is used again.
    slot: usize,
}

impl PeerId {
    pub(crate) const fn new(serial: u64, slot: usize) -> Self {
        Self { serial, slot }
    }

    /// How many connections were taken in before, in this set.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.serial
    }

    pub(crate) const fn slot(self) -> usize {
        self.slot
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.serial)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.serial, f)
    }
}

/// A place in use.
#[derive(Debug)]
pub(crate) struct Place<S> {
    pub(crate) id: PeerId,
    /// It waits in the line.
    pub(crate) queued: bool,
    /// Its entry among the deadlines.
    pub(crate) timer: Option<Time>,
    pub(crate) state: State<S>,
}

/// How far the connection is.
#[derive(Debug)]
pub(crate) enum State<S> {
    /// The transport is not connected yet.
    HalfOpen(HalfOpen<S>),
    /// It is, and the machine speaks.
    Open(Conn<S>),
    /// The end, which may have been told or not, and the machine if there was one.
    Over(Closed, Option<Peer>),
}

/// A transport that is not connected yet.
#[derive(Debug)]
pub(crate) struct HalfOpen<S> {
    pub(crate) stream: S,
    pub(crate) direction: Direction,
    pub(crate) hello: Hello,
    /// When the owner gave the `hello`, whose wall clock is that of this moment.
    pub(crate) begun: Time,
    pub(crate) deadline: Time,
}

impl<S> HalfOpen<S> {
    /// The `hello`, with the wall clock of `now`.
    fn hello(&self, now: Time) -> Hello {
        let mut hello = self.hello;
        let dial = now.saturating_since(self.begun).as_secs();
        let seconds = hello.unix_time.seconds().saturating_add(dial);
        hello.unix_time = Timestamp::new(seconds).unwrap_or(Timestamp::MAX);
        hello
    }
}

/// What the connections of a set share.
#[derive(Debug)]
pub(crate) struct Shared<R> {
    pub(crate) node: Node,
    pub(crate) rng: R,
    pub(crate) buffer: Box<[u8]>,
}

impl<S: Transport> Place<S> {
    /// Goes on with its turn, which begins where there is none, up to the next event; `None` when the turn is
    /// over.
    pub(crate) fn go_on(
        &mut self,
        turn: &mut Option<Turn>,
        shared: &mut Shared<impl Rng>,
        now: Time,
    ) -> Result<Option<Event>, Closed> {
        self.connect(shared, now)?;
        match &mut self.state {
            State::HalfOpen(_) => Ok(None),
            State::Open(conn) => {
                let turn = turn.get_or_insert_with(|| conn.begin_turn(now));
                conn.go_on(turn, now, &mut shared.buffer, &mut shared.rng)
            }
            State::Over(closed, _) => Err(closed.clone()),
        }
    }

    /// Opens a connection that is half open, if the transport is connected now.
    fn connect(&mut self, shared: &mut Shared<impl Rng>, now: Time) -> Result<(), Closed> {
        let State::HalfOpen(half) = &mut self.state else { return Ok(()) };
        match half.stream.is_connected() {
            Ok(true) => {
                let hello = half.hello(now);
                let peer = match half.direction {
                    Direction::Inbound => Peer::inbound(&shared.node, hello, now, &mut shared.rng),
                    Direction::Outbound => Peer::outbound(&shared.node, hello, now, &mut shared.rng)?,
                };
                let over = State::Over(Closed::Unreachable(io::ErrorKind::NotConnected), None);
                if let State::HalfOpen(half) = mem::replace(&mut self.state, over) {
                    self.state = State::Open(Conn::new(half.stream, peer));
                }
                Ok(())
            }
            // Who came was connected: what is missing now was lost since.
            Ok(false) if half.direction == Direction::Inbound => Err(lost(io::ErrorKind::NotConnected)),
            Err(error) if half.direction == Direction::Inbound => Err(lost(error.kind())),
            Ok(false) if half.deadline <= now => Err(Closed::Unreachable(io::ErrorKind::TimedOut)),
            Ok(false) => Ok(()),
            Err(error) => Err(Closed::Unreachable(error.kind())),
        }
    }

    /// Ends it, and returns its stream unless it was over already.
    pub(crate) fn end(&mut self, closed: Closed) -> Option<S> {
        match mem::replace(&mut self.state, State::Over(closed.clone(), None)) {
            State::HalfOpen(half) => Some(half.stream),
            State::Open(conn) => {
                let (stream, peer) = conn.into_parts();
                self.state = State::Over(closed, Some(peer));
                Some(stream)
            }
            over @ State::Over(..) => {
                self.state = over;
                None
            }
        }
    }

    /// Whether it needs another turn at once.
    pub(crate) fn has_more(&self) -> bool {
        match &self.state {
            State::HalfOpen(_) => false,
            State::Open(conn) => conn.has_more(),
            State::Over(..) => false,
        }
    }

    /// When it needs a turn in any case.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.state {
            State::HalfOpen(half) => Some(half.deadline),
            State::Open(conn) => conn.peer.deadline().map(|(at, _)| at),
            State::Over(..) => None,
        }
    }
}

/// The end of a connection that was lost before its machine was made.
const fn lost(kind: io::ErrorKind) -> Closed {
    Closed::Ended { reason: Error::TransportFailed, transport: Some(kind) }
}
