//! A machine in the place of one side of a recording.

mod compare;
mod generator;
mod setup;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use self::generator::Nonces;
use self::setup::{Part, part_of};
use super::messages::rules;
use super::{Difference, Entry, EntryKind, RecordedMessage, Recording, Side, Unreadable};
use crate::connection::Connection;
use crate::error::{Error, TooManyHandshakes};
use crate::frame::FrameReader;
use crate::message::Message;
use crate::network::Network;
use crate::node::Node;
use crate::peer::Timer;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// Puts a machine in the place of one side of a recording, at the recorded times, and compares what it says byte for byte.
///
/// The machine hears what the other side sent. Its owner says what the owner of the recorded side said: everything but
/// `version`, `verack`, pongs, pings that are due, an empty `initstate` and last rejects, which the machine says by
/// itself. It introduces itself as that side did, with its nonces. Where that side recorded, it has its
/// configuration; otherwise it neither pings nor is idle, since another program has other timers.
///
/// A frame that the machine says by itself may cross the transport up to 30 s later in the recording, because there its
/// owner or its transport may have been slow. What the recording does not tell is not compared: the sender's own address in
/// `version`, and everything behind a line about dropped pieces.
///
/// ```
/// use peer_core::recording::{Recording, Replay, Side};
///
/// fn goes_as_recorded(file: &str) -> Result<(), Box<dyn core::error::Error>> {
///     let recording = Recording::read(file)?;
///     Replay::new(&recording, Side::Dialer)?.run()?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Replay<'a> {
    recording: &'a Recording,
    network: Network,
    ours: Side,
    connection: Connection,
    rng: Nonces,
    version: ProtocolVersion,
    /// What the recorded side is still to say.
    expected: VecDeque<Result<RecordedMessage, Unreadable>>,
    /// The nonces of the pings among it.
    pings: VecDeque<u64>,
    /// What the machine said by itself and the recorded side has not said yet.
    pending: VecDeque<Pending>,
    input: BytesMut,
    reader: FrameReader,
    output: BytesMut,
    frames: usize,
    failure: Option<Error>,
    /// The recorded side's stream has ended.
    is_closed: bool,
    /// Index of the next entry.
    next: usize,
    now: Time,
    /// Part of what crossed the transport is missing in the recording.
    has_gap: bool,
    /// The recorded side said nothing, so there is nothing to compare.
    is_silent: bool,
}

/// A frame that the machine wrote.
#[derive(Debug)]
struct Pending {
    at: Time,
    frame: Bytes,
    /// What the machine waited for then.
    next_timeout: Option<(Time, Timer)>,
}

/// What a replay without a difference came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// How many frames were compared.
    pub frames: usize,
    /// The time up to which they were compared.
    pub until: Time,
    /// Why the machine's connection ended, if it did by itself or by the end of the remote's stream.
    pub failure: Option<Error>,
    /// The recording is cut off where the replay ended: its last line is not whole, or no line tells an end.
    pub is_cut: bool,
}

/// Why a recording cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Its first line is missing, so its network is not known.
    #[error("the recording has no first line; set `Recording::network`")]
    NoNetwork,
    /// What this side sent does not begin with a whole `version`.
    #[error("the {0} sent bytes, but no whole version")]
    NoVersion(Side),
    /// The configuration has no room for a handshake.
    #[error("{0}")]
    TooManyHandshakes(TooManyHandshakes),
}

impl From<TooManyHandshakes> for ReplayError {
    fn from(error: TooManyHandshakes) -> Self {
        Self::TooManyHandshakes(error)
    }
}

/// How much later than the machine the recorded side may say what it says by itself.
const LATE: Duration = Duration::from_secs(30);

/// Most frames that may still be missing in the recording. A file may ask for a ping each nanosecond.
const MOST: usize = 10_000;

impl<'a> Replay<'a> {
    /// A machine in the place of `ours`. A side that sent nothing, because no handshake began, is replayed without a
    /// difference and without a frame.
    ///
    /// # Errors
    ///
    /// What the recording lacks.
    pub fn new(recording: &'a Recording, ours: Side) -> Result<Self, ReplayError> {
        let network = recording.network.ok_or(ReplayError::NoNetwork)?;
        let expected: VecDeque<_> = recording.messages(ours).into();
        let pings = expected.iter().flatten().filter_map(|said| nonce_of(&said.message)).collect();
        let Part { config, info, nonce, is_silent } = part_of(recording, ours, network, &expected)?;
        let (node, mut rng) = (Node::new(config), Nonces::new(nonce));
        let connection = match ours {
            Side::Dialer if !is_silent => Connection::outbound(&node, info, Time::ZERO, &mut rng)?,
            // An inbound machine sends nothing by itself.
            _ => Connection::inbound(&node, info, Time::ZERO, &mut rng),
        };
        let mut replay = Self {
            recording,
            network,
            ours,
            connection,
            rng,
            version: recording.negotiated().unwrap_or(ProtocolVersion::LATEST),
            expected,
            pings,
            pending: VecDeque::new(),
            input: BytesMut::new(),
            reader: FrameReader::new(),
            output: BytesMut::new(),
            frames: 0,
            failure: None,
            is_closed: is_silent,
            next: 0,
            now: Time::ZERO,
            has_gap: false,
            is_silent,
        };
        replay.write(Time::ZERO);
        Ok(replay)
    }

    /// Replays everything.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn run(mut self) -> Result<Outcome, Box<Difference>> {
        while self.step()?.is_some() {}
        self.finish()
    }

    /// Ends a replay whose entries were all [replayed](Self::step).
    ///
    /// # Errors
    ///
    /// The machine said something that is not in the recording.
    pub fn finish(mut self) -> Result<Outcome, Box<Difference>> {
        if !self.has_gap {
            self.compare_left_over(self.now)?;
        }
        Ok(self.stop())
    }

    /// Index of the [next entry](Self::next_entry).
    #[must_use]
    pub const fn position(&self) -> usize {
        self.next
    }

    /// The entry that [`step`](Self::step) replays next; `None` once all that can be compared was.
    #[must_use]
    pub fn next_entry(&self) -> Option<&'a Entry> {
        self.recording.entries.get(self.next)
    }

    /// Lets time pass up to the next entry, and replays that. Returns it; `None` where none is left.
    ///
    /// # Errors
    ///
    /// The first difference. What follows it tells nothing.
    pub fn step(&mut self) -> Result<Option<&'a Entry>, Box<Difference>> {
        let Some(entry) = self.next_entry() else { return Ok(None) };
        let index = self.next;
        self.next = self.next.saturating_add(1);
        self.pass_time(entry.at)?;
        self.replay(entry, index)?;
        Ok(Some(entry))
    }

    /// Lets time pass in which nothing crosses the transport.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn pass_time(&mut self, until: Time) -> Result<(), Box<Difference>> {
        // A file may have been mended by hand.
        self.now = self.now.max(until);
        if self.is_closed { Ok(()) } else { self.wait_until(self.now) }
    }

    /// The time of the replay.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Ends the replay where it is. What the machine said and the recorded side has not said yet is not compared.
    #[must_use]
    pub fn stop(self) -> Outcome {
        let is_at_end = self.next >= self.recording.entries.len() && !self.has_gap;
        let is_cut = is_at_end && !self.recording.has_end();
        Outcome { frames: self.frames, until: self.now, failure: self.failure, is_cut }
    }

    fn replay(&mut self, entry: &Entry, index: usize) -> Result<(), Box<Difference>> {
        match &entry.kind {
            EntryKind::Bytes { from, .. } if *from == self.ours => self.compare_up_to(index, self.now)?,
            // Whatever came after our side's stream had ended was not answered.
            EntryKind::Bytes { .. } | EntryKind::Eof(_) if self.is_closed => {}
            EntryKind::Bytes { bytes, .. } => {
                self.input.extend_from_slice(bytes);
                self.pull(self.now);
            }
            EntryKind::Eof(side) if *side == self.ours => self.is_closed = true,
            EntryKind::Eof(_) => {
                let end = self.connection.handle_half_close(&self.input);
                self.note_failure(end);
                self.write(self.now);
                self.fail_if_failed();
            }
            // A payload that is not here can be neither heard nor compared.
            EntryKind::Dropped { .. } | EntryKind::Skipped { .. } => {
                self.has_gap = true;
                self.next = usize::MAX;
            }
            EntryKind::End { reason, .. } => {
                self.next = usize::MAX;
                self.compare_end(reason, self.now)?;
            }
        }
        Ok(())
    }

    /// The machine, to look at.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Lets time pass, with a driver that calls whenever the machine wants it, and at the end.
    fn wait_until(&mut self, now: Time) -> Result<(), Box<Difference>> {
        while let Some(at) = self.connection.poll_timeout().filter(|at| *at < now) {
            self.run_timers(at);
            self.compare_late(at)?;
        }
        self.run_timers(now);
        self.compare_late(now)
    }

    fn run_timers(&mut self, now: Time) {
        self.rng.next_nonce = self.pings.front().copied();
        self.connection.handle_drained(&self.input, now);
        let result = self.connection.handle_timeout(now, &mut self.rng);
        self.note_failure(result.err());
        self.write(now);
        if self.connection.wants_pull() {
            self.pull(now);
        }
    }

    /// What the machine says to an event is written before the next event is pulled: a failure leaves nothing to write.
    fn pull(&mut self, now: Time) {
        loop {
            match self.connection.receive(&mut self.input, now) {
                Ok(Some(_)) => self.write(now),
                Ok(None) => break self.write(now),
                Err(error) => break self.note_failure(Some(error)),
            }
        }
    }

    /// Takes what the machine has to write.
    fn write(&mut self, now: Time) {
        while self.connection.wants_write() {
            let bytes = self.connection.poll_transmit(now);
            let count = bytes.len();
            self.output.extend_from_slice(bytes);
            self.connection.handle_transmitted(count, now);
        }
        self.fail_if_failed();
        let rules = rules(self.network, self.version);
        let mut frames = self.output.clone();
        while let Ok(Some(frame)) = self.reader.read(&mut self.output, &rules) {
            let frame = frames.split_to(frame.wire_len().min(frames.len()));
            let (frame, next_timeout) = (frame.freeze(), self.connection.peer().next_timeout());
            self.pending.push_back(Pending { at: now, frame, next_timeout });
        }
    }

    fn fail_if_failed(&mut self) {
        let failure = self.connection.peer().failure().cloned();
        self.note_failure(failure);
    }

    /// The first failure is kept.
    fn note_failure(&mut self, failure: Option<Error>) {
        self.failure = self.failure.take().or(failure);
    }
}

/// The nonce of a ping.
const fn nonce_of(message: &Message) -> Option<u64> {
    if let Message::Ping(ping) = message { Some(ping.nonce) } else { None }
}
