//! How a connection ends: at once, or in the old era with a goodbye. Below protocol version 9 some ends are
//! explained to the remote by a `reject`; it is written, and then the connection is over.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use super::handshake::{Early, Handshake};
use super::{Peer, Purpose, trace};
use crate::error::{Error, FrameError};
use crate::event::Event;
use crate::frame::FrameReader;
use crate::message::{Command, Message, Reject, RejectCode};
use crate::protocol::ProtocolVersion;
use crate::time::Time;

impl Peer {
    /// Ends the connection because of the remote, in the old era with a word of explanation.
    pub(super) fn part(&mut self, error: Error, now: Time) -> Result<Option<Event>, Error> {
        let Some(reject) = self.farewell(&error) else { return Err(self.fail(error)) };
        trace::ended(self, &error);
        self.let_go();
        self.outbox.drop_unshown();
        self.push(&reject, Purpose::Farewell);
        // No other clock runs any more, so that of the write stall begins here.
        self.outbox.offer(now);
        self.parting = Some(Box::new(error));
        Ok(None)
    }

    /// Ends the connection: keeps the reason and lets go of everything else.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        let error = if let Some(parting) = self.parting.take() {
            *parting
        } else {
            trace::ended(self, &error);
            error
        };
        self.failure = Some(Box::new(error.clone()));
        self.let_go();
        self.outbox.clear();
        error
    }

    /// Lets go of everything but what is to be written.
    fn let_go(&mut self) {
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
    fn farewell(&self, error: &Error) -> Option<Message> {
        let min = self.config().min_protocol_version;
        if min >= ProtocolVersion::REMOVE_REJECT || self.version >= ProtocolVersion::REMOVE_REJECT {
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

    /// What the remote said against our `version` before it left without a `verack`, from among what came early.
    pub(super) fn refusal(&mut self) -> Option<Box<Reject>> {
        let Handshake::AwaitVerack(early) = &mut self.handshake else { return None };
        while let Some(frame) = early.pop() {
            if let Ok(Message::Reject(reject)) = frame.decode(self.version)
                && reject.command() == Command::VERSION.as_str()
            {
                return Some(reject);
            }
        }
        None
    }

    /// What could not be read, in the reference's words.
    fn complaint(&self, error: &FrameError) -> String {
        let text = format!("Can't read message from {self}: {error}");
        text.chars().filter(|c| matches!(c, ' '..='~')).take(250).collect()
    }
}
