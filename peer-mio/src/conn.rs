//! One connection's turn: hear, write, tick, and write what that made. Each step does a bounded amount and never waits for another.

use core::mem;
use std::io::{self, IoSlice};

use bytes::BytesMut;
use peer_core::{Closed, Connection, Event, Time};
use rand_core::Rng;

use crate::outcome::Outcome;
use crate::transport::{Transport, attempt};

/// Most bytes read in a turn.
pub(crate) const READ: usize = 64 * 1024;

/// Most bytes written in a turn.
const WRITE: usize = 64 * 1024;

/// Most events told in a turn.
const EVENTS: usize = 16;

/// Small frames are written together until they have this many bytes.
const COALESCE: usize = 16 * 1024;

/// Most pieces of one vectored write.
const PIECES: usize = 64;

/// What is left of a turn, and what it brought.
#[derive(Debug)]
pub(crate) struct Turn {
    bytes: usize,
    events: usize,
    /// Timers may blame the remote for being silent: it was heard in this turn, or nothing of it is left to
    /// read. Otherwise they rest, until the frame that is coming in has come or its bytes cease to.
    fair: bool,
}

/// What the poll tells of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Nothing will come after what is there.
    pub(crate) ends: bool,
}

/// A transport that is connected, and the machine that speaks over it.
#[derive(Debug)]
pub(crate) struct Conn<S> {
    stream: S,
    pub(crate) connection: Connection,
    /// What was read and not pulled: at most one frame and one read.
    input: BytesMut,
    /// Something was taken off `input` since it was allocated.
    loose: bool,
    /// The transport did not say that it would block. The poll tells once when it does no longer, so these are
    /// kept. While there may be something to pull, `readable` is true: nothing is read before all is pulled.
    readable: bool,
    writable: bool,
    /// A short read may be the last one. Not before one has blocked, since what the poll told of a half-open
    /// stream was not kept, and not after the poll told of the end, of which it tells once.
    drains: bool,
    /// What was read in this turn is all there was.
    drained: bool,
    /// Bytes that the transport took and has not flushed. Until it has, they count as not sent.
    unflushed: usize,
    /// Writing failed. What the remote said before is heard first.
    broken: Option<io::ErrorKind>,
}

impl<S: Transport> Conn<S> {
    /// Whether the stream is ready is found out by trying.
    pub(crate) fn new(stream: S, connection: Connection) -> Self {
        Self {
            stream,
            connection,
            input: BytesMut::new(),
            loose: false,
            readable: true,
            writable: true,
            drains: false,
            drained: false,
            unflushed: 0,
            broken: None,
        }
    }

    pub(crate) const fn ready(&mut self, readiness: Readiness) {
        if readiness.readable {
            self.look();
        }
        self.writable |= readiness.writable;
        self.drains &= !readiness.ends;
    }

    /// A remote whose time is up is heard before it is blamed, whatever the system's poll said of it. In a turn
    /// that has begun the machine has heard it, and waits anew.
    pub(crate) fn begin_turn(&mut self, now: Time) -> Turn {
        self.readable |= self.is_due(now);
        self.drained = false;
        Turn { bytes: READ, events: EVENTS, fair: false }
    }

    /// Goes on with a turn up to the next event; `None` when the turn is over.
    pub(crate) fn resume(
        &mut self,
        turn: &mut Turn,
        now: Time,
        buffer: &mut [u8],
        rng: &mut impl Rng,
    ) -> Result<Option<Event>, Outcome> {
        if let Some(event) = self.hear(turn, now, buffer)? {
            return Ok(Some(event));
        }
        let mut room = WRITE;
        // It is offered what waits for it, too, however long its owner was busy with an event of this turn.
        self.writable |= self.is_due(now);
        self.write(&mut room, now);
        if turn.fair && self.broken.is_none() {
            self.connection.handle_timeout(now, rng)?;
            self.write(&mut room, now);
        }
        self.check_end()?;
        Ok(None)
    }

    /// Whether it needs another turn, without anything happening.
    ///
    /// This is the resume rule: one that stopped reading has data left in its buffer and in the system, of
    /// which nobody will tell again.
    pub(crate) fn has_more(&self) -> bool {
        let hears = self.readable && self.connection.wants_read();
        let writes = self.writable && self.connection.wants_write();
        self.broken.is_some() || hears || writes
    }

    pub(crate) fn into_parts(self) -> (S, Connection) {
        (self.stream, self.connection)
    }

    fn is_due(&self, now: Time) -> bool {
        self.connection.poll_timeout().is_some_and(|at| at <= now)
    }

    /// There may be something to read.
    const fn look(&mut self) {
        self.readable = true;
        self.drained = false;
    }

    /// Pulls an event, and reads where the machine has used up what is there.
    fn hear(&mut self, turn: &mut Turn, now: Time, buffer: &mut [u8]) -> Result<Option<Event>, Outcome> {
        while turn.events > 0 {
            let before = self.input.len();
            let event = self.connection.receive(&mut self.input, now)?;
            self.loose |= self.input.len() < before;
            if event.is_some() {
                turn.events = turn.events.saturating_sub(1);
                turn.fair = true;
                return Ok(event);
            }
            self.tidy();
            if !self.connection.wants_read() {
                turn.fair = true;
                return self.broken.map_or(Ok(None), |kind| Err(self.failed(kind)));
            }
            if self.drained && self.broken.is_none() {
                self.readable = false;
                turn.fair = true;
            }
            if !self.readable || turn.bytes == 0 || !self.read(turn, buffer)? {
                break;
            }
        }
        Ok(None)
    }

    /// Reads once. Returns whether bytes came.
    fn read(&mut self, turn: &mut Turn, buffer: &mut [u8]) -> Result<bool, Outcome> {
        let len = buffer.len().min(turn.bytes);
        let room = buffer.get_mut(..len).unwrap_or_default();
        match (attempt(|| self.stream.read(room)), self.broken) {
            (Ok(Some(count)), _) if count > 0 => {
                self.input.extend_from_slice(room.get(..count).unwrap_or_default());
                turn.bytes = turn.bytes.saturating_sub(count);
                self.drained = count < len && self.drains && self.stream.short_read_drains();
                Ok(true)
            }
            // Where writing failed, how the stream ends says nothing of how the remote meant it to.
            (_, Some(kind)) => Err(self.failed(kind)),
            (Ok(None), None) => {
                self.readable = false;
                self.drains = true;
                turn.fair = true;
                Ok(false)
            }
            (Ok(Some(_)), None) => Err(self.connection.handle_eof(&self.input).into()),
            (Err(error), None) => Err(self.failed(error.kind())),
        }
    }

    /// Moves what is left of the input to a buffer of its own size, and keeps none for nothing.
    fn tidy(&mut self) {
        if self.loose {
            self.input = BytesMut::from(&*self.input);
            self.loose = false;
        }
    }

    /// Writes what there is, unless that failed before.
    fn write(&mut self, room: &mut usize, now: Time) {
        if self.broken.is_none()
            && let Err(error) = self.try_write(room, now)
        {
            self.broken = Some(error.kind());
            self.look();
        }
    }

    /// Writes at most `room` bytes, small frames together, and flushes the transport after each write.
    fn try_write(&mut self, room: &mut usize, now: Time) -> io::Result<()> {
        while self.writable && *room > 0 && self.connection.wants_write() {
            if self.unflushed == 0 {
                match self.offer(*room, now)? {
                    Some(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Some(count) => self.unflushed = count,
                    None => {
                        self.writable = false;
                        break;
                    }
                }
            }
            if attempt(|| self.stream.flush())?.is_none() {
                self.writable = false;
                break;
            }
            let count = mem::take(&mut self.unflushed);
            self.connection.handle_transmitted(count, now);
            *room = room.saturating_sub(count);
        }
        Ok(())
    }

    /// Offers the transport at most `room` bytes.
    fn offer(&mut self, mut room: usize, now: Time) -> io::Result<Option<usize>> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let mut len = 0_usize;
        for (piece, chunk) in pieces.iter_mut().zip(self.connection.poll_transmit_chunks(COALESCE, now)) {
            let chunk = chunk.get(..room).unwrap_or(chunk);
            *piece = IoSlice::new(chunk);
            room = room.saturating_sub(chunk.len());
            len = len.saturating_add(1);
        }
        let pieces = pieces.get(..len).unwrap_or_default();
        attempt(|| self.stream.write_vectored(pieces))
    }

    /// Whether the last word has been written: the machine's, or the owner's.
    fn check_end(&self) -> Result<(), Outcome> {
        self.connection.peer().failure().map_or(Ok(()), |reason| Err(reason.clone().into()))
    }

    /// The transport failed. What the failure says of the remote is for the machine to judge.
    fn failed(&mut self, kind: io::ErrorKind) -> Outcome {
        let reason = self.connection.handle_transport_error(kind.into(), &self.input);
        Closed::new(reason, Some(kind)).into()
    }
}
