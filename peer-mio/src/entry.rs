//! A connection of the set, from the dial to the end.

use core::fmt;
use core::mem;
use std::io;

use peer_core::message::Timestamp;
use peer_core::{Closed, Connection, ConnectionInfo, Direction, Error, Node, Time};
use rand_core::Rng;

use crate::conn::{Conn, Turn};
use crate::outcome::{Outcome, PeerEvent};
use crate::transport::Transport;

/// Identifies a connection. An id is never used twice in a set, and later ids are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    serial: u64,
    /// The index in the slab, which later connections reuse.
    slot: usize,
}

impl PeerId {
    pub(crate) const fn new(serial: u64, slot: usize) -> Self {
        Self { serial, slot }
    }

    /// The number of connections that this set took in before this one.
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

/// An entry in use.
#[derive(Debug)]
pub(crate) struct Entry<S> {
    pub(crate) id: PeerId,
    /// It is in the run queue.
    pub(crate) queued: bool,
    /// Its deadline in the schedule, which has at most one per entry.
    pub(crate) timer: Option<Time>,
    pub(crate) state: State<S>,
}

/// How far the connection is.
#[derive(Debug)]
pub(crate) enum State<S> {
    /// The transport is not connected yet.
    Connecting(Connecting<S>),
    /// The transport is connected and the machine runs.
    Open(Conn<S>),
    /// The connection has ended, reported or not. The machine stays if there was one.
    Over(Outcome, Option<Connection>),
}

/// A transport that is not connected yet.
#[derive(Debug)]
pub(crate) struct Connecting<S> {
    pub(crate) stream: S,
    pub(crate) direction: Direction,
    pub(crate) info: ConnectionInfo,
    /// When the owner passed `info`: the wall clock in it was read then.
    pub(crate) begun: Time,
    pub(crate) deadline: Time,
    /// The poll reported that the connection is gone.
    pub(crate) is_lost: bool,
}

impl<S> Connecting<S> {
    /// The `info`, with the wall clock of `now`.
    fn connection_info(&self, now: Time) -> ConnectionInfo {
        let mut info = self.info;
        let dial = now.saturating_since(self.begun).as_secs();
        let seconds = info.unix_time.seconds().saturating_add(dial);
        info.unix_time = Timestamp::new(seconds).unwrap_or(Timestamp::MAX);
        info
    }

    /// The end before there was a machine. An accepted connection was made, so it counts as lost.
    const fn outcome(&self, kind: io::ErrorKind) -> Outcome {
        match self.direction {
            Direction::Inbound => Outcome::Closed(Closed::new(Error::TransportFailed, Some(kind))),
            Direction::Outbound => Outcome::Unreachable(kind),
        }
    }
}

/// What the connections of a set share.
#[derive(Debug)]
pub(crate) struct Shared<R> {
    pub(crate) node: Node,
    pub(crate) rng: R,
    pub(crate) buffer: Box<[u8]>,
}

impl<S: Transport> Entry<S> {
    /// Continues the turn up to the next event, and begins one if there is none. Returns `None` when the turn is over.
    pub(crate) fn resume(
        &mut self,
        turn: &mut Option<Turn>,
        shared: &mut Shared<impl Rng>,
        now: Time,
    ) -> Result<Option<PeerEvent>, Outcome> {
        self.connect(shared, now)?;
        match &mut self.state {
            State::Connecting(_) => Ok(None),
            State::Open(conn) => {
                let turn = turn.get_or_insert_with(|| conn.begin_turn(now));
                conn.resume(turn, now, &mut shared.buffer, &mut shared.rng)
            }
            State::Over(closed, _) => Err(closed.clone()),
        }
    }

    /// Makes the machine if the transport has become connected.
    fn connect(&mut self, shared: &mut Shared<impl Rng>, now: Time) -> Result<(), Outcome> {
        let State::Connecting(half) = &mut self.state else { return Ok(()) };
        match half.stream.is_connected() {
            Ok(true) => {
                let info = half.connection_info(now);
                let connection = match half.direction {
                    Direction::Inbound => Connection::inbound(&shared.node, info, now, &mut shared.rng),
                    Direction::Outbound => Connection::outbound(&shared.node, info, now, &mut shared.rng)?,
                };
                let over = State::Over(Outcome::Unreachable(io::ErrorKind::NotConnected), None);
                if let State::Connecting(half) = mem::replace(&mut self.state, over) {
                    self.state = State::Open(Conn::new(half.stream, connection));
                }
                Ok(())
            }
            // The system has no other news of an accepted socket that was reset before its first look.
            Ok(false) if half.is_lost && half.direction == Direction::Inbound => {
                Err(half.outcome(io::ErrorKind::NotConnected))
            }
            Ok(false) if half.deadline <= now => Err(half.outcome(io::ErrorKind::TimedOut)),
            Ok(false) => Ok(()),
            Err(error) => Err(half.outcome(error.kind())),
        }
    }

    /// Ends it, and returns its stream unless it was over already.
    pub(crate) fn end(&mut self, closed: Outcome) -> Option<S> {
        match mem::replace(&mut self.state, State::Over(closed.clone(), None)) {
            State::Connecting(half) => Some(half.stream),
            State::Open(conn) => {
                let (stream, connection) = conn.into_parts();
                self.state = State::Over(closed, Some(connection));
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
            State::Connecting(_) => false,
            State::Open(conn) => conn.has_more(),
            State::Over(..) => false,
        }
    }

    /// When it needs a turn even if nothing happens.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.state {
            State::Connecting(half) => Some(half.deadline),
            State::Open(conn) => conn.connection.poll_timeout(),
            State::Over(..) => None,
        }
    }
}
