//! How a connection ends: through the transport, the owner or the remote. Below protocol version 9, a `reject` explains
//! some ends to the remote, and the connection is over once it is written.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use super::deadline::Deadline;
use super::lifecycle::Lifecycle;
use super::{Mark, Peer, Purpose, trace};
use crate::error::{Error, FrameError};
use crate::event::Event;
use crate::message::{Message, Reject, RejectCode};
use crate::time::Time;
use crate::transport::TransportError;

/// How the owner wants the connection to end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish {
    pub(super) left: Left,
    /// When everything is written it [lingers](super::linger), until this time at the latest.
    pub(super) leave_by: Option<Deadline>,
}

/// Why a connection ends once everything is written, and until when the owner waits.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(super) reason: Error,
    pub(super) by: Option<Deadline>,
}

/// What must happen before the owner's [`finish`](Peer::finish) or [`leave`](Peer::leave) ends the connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Left {
    /// Announcements wait for their batch.
    #[default]
    Announcements,
    /// Everything up to these marks is to be written. Replies that the remote causes later are not waited for.
    Written([Mark; 2]),
}

impl Peer {
    /// See [`Connection::handle_eof`](crate::Connection::handle_eof) and
    /// [`handle_transport_error`](crate::Connection::handle_transport_error). Without a `failure` it is the end of the
    /// stream.
    pub(crate) fn handle_end(&mut self, failure: Option<TransportError>, input: &[u8]) -> Error {
        if let Some(error) = self.failure() {
            return error.clone();
        }
        // After a failed write the end of the stream does not show what the remote intended.
        let failure = self.outbox.write_failure().map(|earlier| earlier.error).or(failure);
        let error = self.reason_of_end(failure, input);
        self.counters.count_received(input.len());
        self.fail(error)
    }

    /// The reason that an end of the transport implies.
    pub(super) fn reason_of_end(&mut self, failure: Option<TransportError>, input: &[u8]) -> Error {
        if self.lifecycle.is_lingering() {
            return Error::ClosedByOwner;
        }
        let missing = self.lifecycle.reader().and_then(|reader| reader.missing(input));
        match (failure, missing, self.refusal()) {
            _ if self.lifecycle.saw_self() => Error::SelfConnection,
            (_, _, Some(refusal)) => Error::Rejected(refusal),
            // A node that closes with our `version` unread cuts the connection: that counts as closed. A stream that
            // ends inside a frame has a better reason.
            (None, None, None) | (Some(TransportError::Reset), _, None) if self.remote.is_none() => {
                Error::ClosedBeforeVersion
            }
            (None, None, None) | (Some(TransportError::Reset), _, None) if !self.is_established() => {
                Error::ClosedBeforeVerack
            }
            (Some(TransportError::Other), _, None) => Error::TransportFailed,
            // A whole frame that is still to be pulled lacks nothing.
            (None, None | Some(0), None) => Error::ClosedByRemote,
            (Some(TransportError::Reset), None | Some(0), None) => Error::TransportFailed,
            (_, Some(missing), None) => match (self.silence.pauses.recent(), failure) {
                (Some(paused), _) => Error::CutOffWhilePaused { missing, paused },
                (None, None) => FrameError::Truncated { missing }.into(),
                (None, _) => Error::TransportFailed,
            },
        }
    }

    /// Ends the connection when everything queued has been written, including batches of announcements. Until then
    /// events continue, and commands that queue something are refused with [`Error::ClosedByOwner`].
    ///
    /// If the remote does not take the frames in time, a [`Timer`](crate::Timer) ends the connection instead. May
    /// change: state.
    pub fn finish(&mut self) {
        if self.lifecycle.finish().is_none() {
            self.lifecycle.set_finish(Finish::default());
            self.check_finished(self.silence.last_call());
        }
    }

    /// Ends the connection if the owner wants it and the last frame is written.
    #[inline]
    pub(super) fn check_finished(&mut self, now: Time) {
        if let Some(finish) = self.lifecycle.finish() {
            self.go_on_finishing(finish, now);
        }
    }

    #[cold]
    fn go_on_finishing(&mut self, finish: Finish, now: Time) {
        if self.outbox.write_failure().is_some() {
            self.end_lingering();
            return;
        }
        let last = match finish.left {
            Left::Announcements if self.waiting_announcements() > 0 => return,
            Left::Announcements => self.marks(),
            Left::Written(last) => last,
        };
        match finish.leave_by {
            _ if !last.iter().all(|mark| self.is_flushed(*mark)) => {
                self.lifecycle.set_finish(Finish { left: Left::Written(last), ..finish });
            }
            Some(leave_by) => self.linger(leave_by, now),
            None => drop(self.close()),
        }
    }

    /// Ends the connection at once: waiting frames are dropped. [`finish`](Self::finish) writes them first.
    #[doc(alias = "Disconnect")]
    pub fn close(&mut self) -> Error {
        match self.failure() {
            Some(error) => error.clone(),
            None => self.fail(Error::ClosedByOwner),
        }
    }

    /// Ends the connection because of the remote. In the old era a `reject` explains it.
    pub(super) fn close_with_reject(&mut self, error: Error, now: Time) -> Result<Option<Event>, Error> {
        let Some(reject) = self.final_reject(&error) else { return Err(self.fail(error)) };
        trace::ended(self, &error);
        self.outbox.drop_unshown();
        self.push(&reject, Purpose::FinalReject);
        // All other clocks have stopped, so the write stall begins here.
        self.outbox.offer(now);
        self.lifecycle = Lifecycle::Closing(Box::new(Closing { reason: error, by: None }));
        Ok(None)
    }

    /// Ends the connection: keeps the reason and drops everything else. If the connection is closing, its reason stays.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        let error = if let Lifecycle::Closing(closing) = &self.lifecycle {
            closing.reason.clone()
        } else {
            trace::ended(self, &error);
            error
        };
        self.lifecycle = Lifecycle::Failed(Box::new(error.clone()));
        self.outbox.clear();
        error
    }

    /// The `reject` that the old era sent before this end, if any, and if its version is in force.
    fn final_reject(&self, error: &Error) -> Option<Message> {
        let min = self.config().min_protocol_version;
        if self.outbox.write_failure().is_some() || !min.has_reject() || !self.version.has_reject() {
            return None;
        }
        let must_precede = String::from("A version message must precede all others");
        let (command, code, reason) = match error {
            Error::NotVersionMessage { got } => (got.as_str(), RejectCode::MALFORMED, must_precede),
            // The old era answered a refusal like any other message that is not `version`.
            Error::Rejected(_) => ("reject", RejectCode::MALFORMED, must_precede),
            Error::ProtocolVerTooOld { min, .. } => {
                ("version", RejectCode::OBSOLETE, format!("protocol version must be {min} or greater"))
            }
            Error::Repeated(command) if command.as_str() == "version" => {
                ("version", RejectCode::DUPLICATE, String::from("duplicate version message"))
            }
            // The old era considered a peer established once its `version` came.
            Error::Frame(source)
                if matches!(self.lifecycle, Lifecycle::AwaitingVerack { .. } | Lifecycle::Established(_)) =>
            {
                ("malformed", RejectCode::MALFORMED, self.complaint(source))
            }
            _ => return None,
        };
        Reject::new(command, code, reason, None).ok().map(Message::from)
    }

    /// What could not be read, in the reference's words.
    fn complaint(&self, error: &FrameError) -> String {
        let text = format!("Can't read message from {self}: {error}");
        text.chars().filter(|c| matches!(c, ' '..='~')).take(250).collect()
    }
}
