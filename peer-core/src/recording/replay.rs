//! A machine in the place of one side of a recording.

mod generator;
mod setup;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::ToString;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use self::generator::Nonces;
use self::setup::{OUTSIDE, init_state_requests, introduce_as, is_automatic, start_of, without_sender};
use super::messages::rules;
use super::{Action, Difference, EntryKind, RecordedMessage, Recording, Side, Unreadable};
use crate::config::Config;
use crate::connection::Connection;
use crate::error::{Error, TooManyHandshakes};
use crate::event::ConnectionInfo;
use crate::frame::FrameReader;
use crate::message::Message;
use crate::network::Network;
use crate::node::Node;
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
}

/// A frame that the machine wrote.
#[derive(Debug)]
struct Pending {
    at: Time,
    frame: Bytes,
    /// What the machine waited for then.
    next_timeout: Option<Time>,
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
}

/// Why a recording cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Its first line is missing, so its network is not known.
    #[error("the recording has no first line; set `Recording::network`")]
    NoNetwork,
    /// This side never introduced itself.
    #[error("the {0} sent no version")]
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

/// Longer than any recording.
const NEVER: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

impl<'a> Replay<'a> {
    /// A machine in the place of `ours`.
    ///
    /// # Errors
    ///
    /// What the recording lacks.
    pub fn new(recording: &'a Recording, ours: Side) -> Result<Self, ReplayError> {
        let network = recording.network.ok_or(ReplayError::NoNetwork)?;
        let version = recording.version_of(ours).ok_or(ReplayError::NoVersion(ours))?;
        let expected: VecDeque<_> = recording.messages(ours).into();
        let pings = expected.iter().flatten().filter_map(|said| nonce_of(&said.message)).collect();
        let mut config = match recording.header.as_ref().filter(|header| header.side() == Some(ours)) {
            Some(header) => header.config.clone(),
            None => Config {
                idle_timeout: NEVER.saturating_mul(2),
                ping_interval: NEVER,
                ..Config::builder(network).defaults()
            },
        };
        introduce_as(&mut config, &version);
        config.init_state_requests = init_state_requests(&expected);
        let start = start_of(recording, ours, &version);
        let info = ConnectionInfo::new(version.addr_you, version.last_block, start);
        let (node, mut rng) = (Node::new(config), Nonces::new(version.nonce));
        let connection = match ours {
            Side::Dialer => Connection::outbound(&node, info, Time::ZERO, &mut rng)?,
            Side::Listener => Connection::inbound(&node, info, Time::ZERO, &mut rng),
        };
        Ok(Self {
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
            is_closed: false,
        })
    }

    /// Replays everything.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn run(mut self) -> Result<Outcome, Box<Difference>> {
        self.write(Time::ZERO);
        let mut until = Time::ZERO;
        for (index, entry) in self.recording.entries.iter().enumerate() {
            // A file may have been mended by hand.
            until = until.max(entry.at);
            if !self.is_closed {
                self.wait_until(until)?;
            }
            match &entry.kind {
                EntryKind::Bytes { from, .. } if *from == self.ours => self.compare_up_to(index, until)?,
                // Whatever came after our side's stream had ended was not answered.
                EntryKind::Bytes { .. } | EntryKind::Eof(_) if self.is_closed => {}
                EntryKind::Bytes { bytes, .. } => {
                    self.input.extend_from_slice(bytes);
                    self.pull(until);
                }
                EntryKind::Eof(side) if *side == self.ours => self.is_closed = true,
                EntryKind::Eof(_) => {
                    let end = self.connection.handle_half_close(&self.input);
                    self.note_failure(end);
                    self.write(until);
                    self.fail_if_failed();
                }
                EntryKind::Dropped { .. } => return Ok(self.outcome(until)),
                EntryKind::End { reason, .. } => {
                    self.compare_end(reason, until)?;
                    break;
                }
            }
        }
        self.compare_left_over(until)?;
        Ok(self.outcome(until))
    }

    /// The machine, to look at.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    fn outcome(self, until: Time) -> Outcome {
        Outcome { frames: self.frames, until, failure: self.failure }
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
            let (frame, next_timeout) = (frame.freeze(), self.connection.poll_timeout());
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

/// What the recorded side said until now, and what the machine did.
impl Replay<'_> {
    /// Compares what the recorded side has said with this entry.
    fn compare_up_to(&mut self, entry: usize, now: Time) -> Result<(), Box<Difference>> {
        let is_complete = |said: &Result<RecordedMessage, Unreadable>| match said {
            Ok(said) => said.entry <= entry,
            Err(unreadable) => unreadable.entry <= entry,
        };
        while self.expected.front().is_some_and(is_complete) {
            match self.expected.pop_front() {
                Some(Ok(said)) => {
                    if nonce_of(&said.message).is_some() {
                        self.pings.pop_front();
                    }
                    self.compare(&said, now)?;
                }
                _ => return Err(self.difference(now, Action::NoFrame, Action::Nothing)),
            }
        }
        Ok(())
    }

    fn compare(&mut self, said: &RecordedMessage, now: Time) -> Result<(), Box<Difference>> {
        if self.find(said).is_none() && !is_automatic(&said.message) {
            let before = self.pending.len();
            if let Err(error) = self.connection.peer_mut().send(&said.message, now) {
                return Err(self.difference(now, Action::from(said), Action::Refused(error)));
            }
            self.write(now);
            // The owner's word leaves at once.
            let ours = self.pending.remove(before);
            return self.compare_frames(said, ours, now);
        }
        let ours = self.find(said).and_then(|index| self.pending.remove(index));
        self.compare_frames(said, ours, now)
    }

    /// The first that the machine said by itself with the same command.
    fn find(&self, said: &RecordedMessage) -> Option<usize> {
        let command = |frame: &Bytes| frame.get(4..16) == said.frame.get(4..16);
        self.pending.iter().position(|pending| command(&pending.frame))
    }

    fn compare_frames(
        &mut self,
        said: &RecordedMessage,
        ours: Option<Pending>,
        now: Time,
    ) -> Result<(), Box<Difference>> {
        self.frames = self.frames.saturating_add(1);
        let Some(Pending { frame, .. }) = ours else {
            let ours = self.failure.as_ref().map_or(Action::Nothing, |error| Action::End(error.name()));
            return Err(self.difference(now, Action::from(said), ours));
        };
        if frame == said.frame {
            return Ok(());
        }
        let message = self.decode(&frame);
        if let (Message::Version(theirs), Some(Message::Version(ours))) = (&said.message, &message)
            && without_sender(theirs) == without_sender(ours)
        {
            return Ok(());
        }
        Err(self.difference(now, Action::from(said), Action::Frame { frame, message }))
    }

    /// What the machine said by itself must be in the recording before long.
    fn compare_late(&mut self, now: Time) -> Result<(), Box<Difference>> {
        match self.pending.front() {
            Some(first) if now.saturating_since(first.at) > LATE || self.pending.len() > MOST => {
                self.surplus()
            }
            _ => Ok(()),
        }
    }

    /// Nothing may be left over that is older than what a close may have cut off.
    fn compare_left_over(&mut self, now: Time) -> Result<(), Box<Difference>> {
        let is_old = |at: Time| now.saturating_since(at) > Duration::from_secs(1);
        match self.pending.front() {
            Some(pending) if is_old(pending.at) && !self.recording.is_cut => self.surplus(),
            _ => Ok(()),
        }
    }

    /// The machine said something that is not in the recording.
    fn surplus(&mut self) -> Result<(), Box<Difference>> {
        let Some(Pending { at, frame, next_timeout }) = self.pending.pop_front() else { return Ok(()) };
        let message = self.decode(&frame);
        let difference = self.difference(at, Action::Nothing, Action::Frame { frame, message });
        Err(Box::new(Difference { next_timeout, ..*difference }))
    }

    /// Compares the reasons, where the side that recorded is ours. What an owner or a transport ends is no word of the
    /// machine.
    fn compare_end(&self, reason: &str, now: Time) -> Result<(), Box<Difference>> {
        let is_ours = self.recording.header.as_ref().is_some_and(|header| header.side() == Some(self.ours));
        if !is_ours {
            return Ok(());
        }
        let ours = match &self.failure {
            Some(error) if error.name() == reason => return Ok(()),
            Some(error) => Action::End(error.name()),
            None if OUTSIDE.contains(&reason) => return Ok(()),
            None => Action::Nothing,
        };
        Err(self.difference(now, Action::End(reason.to_string()), ours))
    }

    fn decode(&self, frame: &Bytes) -> Option<Message> {
        let rules = rules(self.network, self.version);
        let frame = FrameReader::new().read(&mut BytesMut::from(&**frame), &rules).ok()??;
        frame.decode(self.version).ok()
    }

    fn difference(&self, at: Time, expected: Action, ours: Action) -> Box<Difference> {
        Box::new(Difference {
            at,
            expected,
            ours,
            is_established: self.connection.peer().is_established(),
            failure: self.failure.clone(),
            next_timeout: self.connection.poll_timeout(),
        })
    }
}

/// The nonce of a ping.
const fn nonce_of(message: &Message) -> Option<u64> {
    if let Message::Ping(ping) = message { Some(ping.nonce) } else { None }
}
