//! The old era's goodbye: below protocol version 9 some ends are explained to the remote by a `reject`.

use alloc::format;
use alloc::string::String;

use super::{Handshake, Peer};
use crate::error::{Error, FrameError};
use crate::message::{Message, Reject, RejectCode};
use crate::protocol::ProtocolVersion;

impl Peer {
    /// The `reject` that the old era sent before this end, if it sent one and we speak with it.
    pub(super) fn farewell(&self, error: &Error) -> Option<Message> {
        let min = self.config().min_protocol_version;
        if min >= ProtocolVersion::REMOVE_REJECT || self.version >= ProtocolVersion::REMOVE_REJECT {
            return None;
        }
        let (command, code, reason) = match error {
            Error::NotVersionMessage { got } => (
                got.as_str(),
                RejectCode::MALFORMED,
                String::from("A version message must precede all others"),
            ),
            Error::ProtocolVerTooOld { min, .. } => {
                ("version", RejectCode::OBSOLETE, format!("protocol version must be {min} or greater"))
            }
            Error::Repeated(command) if command.as_str() == "version" => {
                ("version", RejectCode::DUPLICATE, String::from("duplicate version message"))
            }
            Error::Frame(source) if matches!(self.handshake, Handshake::Established(_)) => {
                ("malformed", RejectCode::MALFORMED, self.complaint(source))
            }
            _ => return None,
        };
        Reject::new(command, code, reason, None).ok().map(Message::from)
    }

    /// What could not be read, in the reference's words.
    fn complaint(&self, error: &FrameError) -> String {
        let hello = &self.hello;
        let text = format!("Can't read message from {} ({}): {error}", hello.remote_address, self.direction);
        text.chars().filter(|c| matches!(c, ' '..='~')).take(250).collect()
    }
}
