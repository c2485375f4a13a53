//! How a connection ends: because the transport did, because the owner wants it, or because of the remote. Below protocol
//! version 9 a `reject` explains some ends to the remote; the connection is over once it is written.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use super::early::Early;
use super::handshake::Handshake;
use super::{Peer, Purpose, trace};
use crate::error::{Error, FrameError};
use crate::event::Event;
use crate::frame::FrameReader;
use crate::message::{Message, Reject, RejectCode};
use crate::node::NonceGuard;
use crate::time::Time;

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
        let guard = self.opening.as_ref().and_then(|opening| opening.guard.as_ref());
        let met = guard.is_some_and(NonceGuard::saw_self);
        let error = match (end, self.reader.missing(input), self.refusal()) {
            _ if met => Error::SelfConnection,
            (_, _, Some(refusal)) => Error::Rejected(refusal),
            // A node that closes while our `version` lies unread cuts the connection: that counts as closed.
            // A stream that ends inside a frame says more.
            (End::Eof, None, None) | (End::Reset, _, None) if self.remote.is_none() => {
                Error::ClosedBeforeVersion
            }
            (End::Eof, None, None) | (End::Reset, _, None) if !self.is_established() => {
                Error::ClosedBeforeVerack
            }
            (End::Failed, _, None) => Error::TransportFailed,
            // Nothing is missing of a whole frame that is still to be pulled.
            (End::Eof, None | Some(0), None) => Error::ClosedByRemote,
            (End::Reset, None | Some(0), None) => Error::TransportFailed,
            (_, Some(missing), None) => match (self.pauses.recent(), end) {
                (Some(paused), _) => Error::CutOffWhilePaused { missing, paused },
                (None, End::Eof) => FrameError::Truncated { missing }.into(),
                (None, _) => Error::TransportFailed,
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

    /// Ends the connection because of the remote, in the old era with a word of explanation.
    pub(super) fn close_with_reject(&mut self, error: Error, now: Time) -> Result<Option<Event>, Error> {
        let Some(reject) = self.final_reject(&error) else { return Err(self.fail(error)) };
        trace::ended(self, &error);
        self.release();
        self.outbox.drop_unshown();
        self.push(&reject, Purpose::FinalReject);
        // No other clock runs any more, so that of the write stall begins here.
        self.outbox.offer(now);
        self.closing = Some(Box::new(error));
        Ok(None)
    }

    /// Ends the connection: keeps the reason and lets go of everything else.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        let error = if let Some(parting) = self.closing.take() {
            *parting
        } else {
            trace::ended(self, &error);
            error
        };
        self.failure = Some(Box::new(error.clone()));
        self.release();
        self.outbox.clear();
        error
    }

    /// Lets go of everything but what is to be written.
    fn release(&mut self) {
        self.opening = None;
        self.reader = FrameReader::new();
        self.keepalive.next_ping = None;
        self.trickle.take();
        self.requests = None;
        self.waiting = None;
        if let Handshake::AwaitVerack(early) | Handshake::Established(early) = &mut self.handshake {
            *early = Early::default();
        }
    }

    /// The `reject` that the old era sent before this end, if it sent one and we speak with it.
    fn final_reject(&self, error: &Error) -> Option<Message> {
        let min = self.config().min_protocol_version;
        if !min.has_reject() || !self.version.has_reject() {
            return None;
        }
        let must_precede = String::from("A version message must precede all others");
        let (command, code, reason) = match error {
            Error::NotVersionMessage { got } => (got.as_str(), RejectCode::MALFORMED, must_precede),
            // The old era answered a refusal as any other message that is no `version`.
            Error::Rejected(_) => ("reject", RejectCode::MALFORMED, must_precede),
            Error::ProtocolVerTooOld { min, .. } => {
                ("version", RejectCode::OBSOLETE, format!("protocol version must be {min} or greater"))
            }
            Error::Repeated(command) if command.as_str() == "version" => {
                ("version", RejectCode::DUPLICATE, String::from("duplicate version message"))
            }
            // The old era took a peer for running as soon as it had its `version`.
            Error::Frame(source)
                if matches!(self.handshake, Handshake::AwaitVerack(_) | Handshake::Established(_)) =>
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
