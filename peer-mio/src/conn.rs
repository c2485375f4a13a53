//! One connection's turn: read, write, run the timers, and write what they queued. Each step does a bounded amount
//! and never waits for another.

use core::mem;
use std::io::{self, IoSlice};

use bytes::BytesMut;
use peer_core::{Closed, Connection, Error, Event, Gather, Time};
use rand_core::Rng;

use crate::outcome::{Outcome, PeerEvent};
use crate::transport::{Transport, attempt};

/// Most bytes read in a turn.
pub(crate) const READ: usize = 64 * 1024;

/// Most bytes written in a turn.
const WRITE: usize = 64 * 1024;

/// Most events surfaced in a turn.
const EVENTS: usize = 16;

/// Small frames are written together until they have this many bytes.
const COALESCE: usize = 16 * 1024;

/// Most pieces of one vectored write.
const PIECES: usize = 64;

/// The budget that is left of a turn, and what the turn has shown so far.
#[derive(Debug)]
pub(crate) struct Turn {
    bytes: usize,
    events: usize,
    /// The transport had nothing more to read.
    drained: bool,
}

/// What the system's poll reported for a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The remote has stopped sending: nothing follows the bytes that are there.
    pub(crate) ends: bool,
    /// The connection is gone in both directions.
    pub(crate) is_lost: bool,
}

/// A connected transport and the machine that it carries.
#[derive(Debug)]
pub(crate) struct Conn<S> {
    stream: S,
    pub(crate) connection: Connection,
    /// Bytes that were read and not yet pulled: at most one frame and one read, or what the machine wants gathered.
    input: BytesMut,
    /// The machine took bytes off `input` since it was allocated, so the allocation is larger than its content.
    has_slack: bool,
    /// The transport has not reported `WouldBlock` since the last edge. The poll reports each edge once, so the flag
    /// stays set until a call blocks. `readable` also stays set while `input` may hold an event, because reading waits
    /// until everything is pulled.
    readable: bool,
    writable: bool,
    /// A short read shows that the transport is drained. This holds only after a read has blocked, because edges of a
    /// connecting stream are not kept; and only before the poll reports the end, because that edge comes once.
    short_read_drains: bool,
    /// The last read of this turn took everything that the transport had.
    drained: bool,
    /// The stream may end with an error, or in order, which is `None`.
    gather: Gather<Option<io::ErrorKind>>,
    /// Bytes that the transport took and has not flushed. Until it has, they count as not sent.
    unflushed: usize,
    /// The owner wants no events for now.
    is_paused: bool,
    /// The owner waits until a frame of so many bytes fits into the send queue.
    wanted_room: Option<usize>,
    /// The owner left and our direction of the transport is shut down.
    is_shut_down: bool,
    /// Writing failed. What the remote sent before is delivered first.
    broken: Option<io::ErrorKind>,
}

impl<S: Transport> Conn<S> {
    /// Both directions count as ready, because only an attempt shows whether they are.
    pub(crate) fn new(stream: S, connection: Connection) -> Self {
        Self {
            stream,
            connection,
            input: BytesMut::new(),
            has_slack: false,
            readable: true,
            writable: true,
            short_read_drains: false,
            drained: false,
            gather: Gather::new(),
            unflushed: 0,
            is_paused: false,
            wanted_room: None,
            is_shut_down: false,
            broken: None,
        }
    }

    pub(crate) const fn ready(&mut self, readiness: Readiness) {
        if readiness.readable {
            self.expect_input();
        }
        self.writable |= readiness.writable;
        self.short_read_drains &= !readiness.ends;
    }

    /// Begins a turn. If a deadline is due the stream is read first, whatever the poll reported, so that bytes which
    /// have arrived count before a timer blames the remote.
    pub(crate) fn begin_turn(&mut self, now: Time) -> Turn {
        self.readable |= self.is_due(now);
        self.drained = false;
        Turn { bytes: READ, events: EVENTS, drained: false }
    }

    /// Continues a turn up to the next event; `None` when the turn is over.
    pub(crate) fn resume(
        &mut self,
        turn: &mut Turn,
        now: Time,
        buffer: &mut [u8],
        rng: &mut impl Rng,
    ) -> Result<Option<PeerEvent>, Outcome> {
        if turn.events > 0 && self.takes_room() {
            turn.events = turn.events.saturating_sub(1);
            return Ok(Some(PeerEvent::Room));
        }
        if let Some(event) = self.next_event(turn, now, buffer)? {
            return Ok(Some(PeerEvent::Event(event)));
        }
        let mut room = WRITE;
        // A due deadline may be a write stall: the transport gets one more offer before that timer runs, even if the
        // owner spent long on an event of this turn.
        self.writable |= self.is_due(now);
        self.write(&mut room, now)?;
        if turn.drained {
            self.connection.handle_drained(&self.input, now);
        }
        // A timer may queue a ping or a batch, which has the rest of the turn's room.
        self.connection.handle_timeout(now, rng).map_err(|reason| self.outcome(reason))?;
        self.write(&mut room, now)?;
        self.shut_down()?;
        self.check_end()?;
        Ok(None)
    }

    /// Whether the connection needs another turn although no new edge has come.
    ///
    /// A turn that stopped early leaves data in the buffer and in the system, and the poll does not report that data
    /// again.
    pub(crate) fn has_more(&self) -> bool {
        let hears = self.readable && self.hears() && self.connection.wants_read();
        let writes = self.writable && self.connection.wants_write();
        let has_event = self.hears() && self.connection.wants_pull();
        hears || writes || has_event || self.has_wanted_room()
    }

    pub(crate) fn pause(&mut self, now: Time) {
        self.is_paused = true;
        self.connection.handle_hold(now);
    }

    /// Bytes that came meanwhile bring no new edge, so the stream is read again.
    pub(crate) const fn unpause(&mut self) {
        self.is_paused = false;
        self.expect_input();
    }

    /// Whether the remote is pulled and read. A paused one is read only to discard its input after our last message.
    const fn hears(&self) -> bool {
        !self.is_paused || self.is_shut_down
    }

    /// The owner waits for so many bytes of room, or for fewer if it did already.
    pub(crate) fn want_room(&mut self, bytes: usize) {
        self.wanted_room = Some(self.wanted_room.map_or(bytes, |earlier| earlier.min(bytes)));
    }

    fn has_wanted_room(&self) -> bool {
        self.wanted_room.is_some_and(|bytes| bytes <= self.connection.peer().room())
    }

    /// Whether to tell the owner of room. Returns `true` once.
    fn takes_room(&mut self) -> bool {
        let has_room = self.has_wanted_room();
        if has_room {
            self.wanted_room = None;
        }
        has_room
    }

    pub(crate) fn into_parts(self) -> (S, Connection) {
        (self.stream, self.connection)
    }

    fn is_due(&self, now: Time) -> bool {
        self.connection.poll_timeout().is_some_and(|at| at <= now)
    }

    /// Notes that the transport may have bytes to read.
    const fn expect_input(&mut self) {
        self.readable = true;
        self.drained = false;
    }

    /// Pulls an event, and reads where the machine has used up what is there.
    fn next_event(
        &mut self,
        turn: &mut Turn,
        now: Time,
        buffer: &mut [u8],
    ) -> Result<Option<Event>, Outcome> {
        while turn.events > 0 && self.hears() {
            if self.gather.wants_more(&self.connection, &self.input, now) {
                if turn.bytes == 0 {
                    break;
                }
                self.read(turn, buffer)?;
                continue;
            }
            self.gather.stop();
            let before = self.input.len();
            let event = self.connection.receive(&mut self.input, now)?;
            self.has_slack |= self.input.len() < before;
            if event.is_some() {
                turn.events = turn.events.saturating_sub(1);
                return Ok(event);
            }
            self.shrink_input();
            // The machine pauses reading until its answers are written.
            if !self.connection.wants_read() {
                break;
            }
            // The last read drained the transport, and the machine has used it all up: the next bytes bring an edge.
            // After a failed write that edge may have come already.
            if self.drained && self.broken.is_none() {
                self.readable = false;
                turn.drained = true;
            }
            if !self.readable || turn.bytes == 0 || !self.read(turn, buffer)? {
                break;
            }
        }
        Ok(None)
    }

    /// Reads once. Returns whether bytes came, or there are gathered ones to pull first.
    fn read(&mut self, turn: &mut Turn, buffer: &mut [u8]) -> Result<bool, Outcome> {
        let end = match self.gather.take_end() {
            Some(end) => end,
            None => match self.read_stream(turn, buffer) {
                Ok(Some(0)) => None,
                Ok(Some(_)) => return Ok(true),
                Ok(None) => return Ok(self.on_drained(turn)),
                Err(error) => Some(error.kind()),
            },
        };
        match self.gather.on_end(end) {
            Some(end) => self.on_end(end).map(|()| false),
            None => Ok(true),
        }
    }

    /// Returns how many bytes came, at the end 0, or `None` if the stream has nothing more for now.
    fn read_stream(&mut self, turn: &mut Turn, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let len = buffer.len().min(turn.bytes);
        let room = buffer.get_mut(..len).unwrap_or_default();
        let count = attempt(|| self.stream.read(room))?;
        if let Some(count @ 1..) = count {
            self.input.extend_from_slice(room.get(..count).unwrap_or_default());
            turn.bytes = turn.bytes.saturating_sub(count);
            self.gather.on_read(count, count == len, &self.connection, &self.input);
            self.drained = count < len && self.short_read_drains && self.stream.short_read_drains();
        }
        Ok(count)
    }

    /// The stream has nothing more for now. Returns whether there are gathered bytes to pull first.
    fn on_drained(&mut self, turn: &mut Turn) -> bool {
        self.short_read_drains = true;
        let has_gathered = self.gather.on_drained(&self.connection, &self.input);
        if has_gathered {
            self.drained = true;
        } else {
            self.readable = false;
            turn.drained = true;
        }
        has_gathered
    }

    /// The stream ended, and everything that came is pulled.
    fn on_end(&mut self, end: Option<io::ErrorKind>) -> Result<(), Outcome> {
        match end {
            None => {
                self.readable = false;
                let end = self.connection.handle_half_close(&self.input);
                end.map_or(Ok(()), |reason| Err(self.outcome(reason)))
            }
            Some(kind) => {
                let reason = self.connection.handle_transport_error(kind.into(), &self.input);
                Err(Closed::new(reason, self.broken.or(Some(kind))).into())
            }
        }
    }

    /// Moves the rest of the input to a buffer of its size, so that an idle connection has none.
    fn shrink_input(&mut self) {
        if self.has_slack {
            self.input = BytesMut::from(&*self.input);
            self.has_slack = false;
        }
    }

    /// Writes what is queued. After a failure the queue is empty, and the machine decides how long it still reads.
    fn write(&mut self, room: &mut usize, now: Time) -> Result<(), Outcome> {
        let Err(error) = self.try_write(room, now) else { return Ok(()) };
        self.broken = Some(error.kind());
        self.expect_input();
        let end = self.connection.handle_write_error(error.kind().into(), &self.input, now);
        end.map_or(Ok(()), |reason| Err(self.outcome(reason)))
    }

    /// Shuts down writing once the owner has left and everything is written. If that fails, the connection is closed,
    /// because the remote would not learn that it should end its stream.
    fn shut_down(&mut self) -> Result<(), Outcome> {
        if !self.is_shut_down && self.connection.wants_shutdown() {
            match attempt(|| self.stream.shutdown_write()) {
                Ok(done) => self.is_shut_down = done.is_some(),
                Err(_) => return Err(self.connection.peer_mut().close().into()),
            }
        }
        Ok(())
    }

    /// Writes at most `room` bytes, small frames together, and flushes the transport after each write.
    fn try_write(&mut self, room: &mut usize, now: Time) -> io::Result<()> {
        while self.writable && *room > 0 && self.connection.wants_write() {
            if self.unflushed == 0 {
                match self.offer(*room, now)? {
                    Some(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Some(count) => self.unflushed = count,
                    None => {
                        self.refused(now);
                        break;
                    }
                }
            }
            if attempt(|| self.stream.flush())?.is_none() {
                self.refused(now);
                break;
            }
            let count = mem::take(&mut self.unflushed);
            self.connection.handle_transmitted(count, now);
            *room = room.saturating_sub(count);
        }
        Ok(())
    }

    /// The transport took nothing.
    fn refused(&mut self, now: Time) {
        self.writable = false;
        self.connection.handle_transmitted(0, now);
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

    /// Fails if the machine has failed, or has finished writing.
    fn check_end(&self) -> Result<(), Outcome> {
        self.connection.peer().failure().map_or(Ok(()), |reason| Err(self.outcome(reason.clone())))
    }

    /// The outcome with the failure of writing, if there was one.
    fn outcome(&self, reason: Error) -> Outcome {
        Closed::new(reason, self.broken).into()
    }
}
