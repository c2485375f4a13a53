//! The properties of a command, in which the lines of `table.rs` are written.

use core::time::Duration;

use core::fmt;

use super::Message;
use super::command::Command;
use super::response::{Response, ResponseKind};
use crate::error::CodecError;
use crate::message::chain::InventoryKind;
use crate::message::codec::{Cursor, MAX_PAYLOAD, check_size};
use crate::protocol_version::ProtocolVersion;

use Limit::{Always, BlockSize, WhereValid};

/// Which of a peer's two queues a message leaves through. Control overtakes bulk that has not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Keep-alive, requests and settings: small and wanted soon.
    Control,
    /// Everything that may be large or come in numbers.
    Bulk,
}

/// The largest payload, in bytes, and what a header may declare at versions where the message does not exist: the
/// reference has limits there as well, and they decide which error a frame ends with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// The same at every version.
    Always(usize),
    /// 0 where the message does not exist.
    WhereValid(usize),
    /// That of `block`: larger from version 4 on.
    BlockSize,
}

/// What the table knows of one command. It has one line for each, so that the command tells lines apart.
pub(crate) struct Spec {
    pub(crate) command: Command,
    pub(crate) lane: Lane,
    limit: Limit,
    /// First and last version at which the message exists: its payload is encoded and decoded.
    valid: (u32, u32),
    /// First and last version at which the reference's frame reader has the command. Outside of `valid` it reads the
    /// payload, then refuses it.
    listed: (u32, u32),
    /// What the message requests, if the response is one message, and the last version at which one comes.
    request: Option<(ResponseKind, u32)>,
    /// What the message responds to, if it is only ever a response.
    pub(crate) response: Option<Response>,
    decode: fn(&mut Cursor<'_>, ProtocolVersion) -> Result<Message, CodecError>,
}

pub(super) const fn control(name: &str, limit: Limit) -> Spec {
    spec(name, limit, Lane::Control)
}

pub(super) const fn bulk(name: &str, limit: Limit) -> Spec {
    spec(name, limit, Lane::Bulk)
}

/// Mixing messages all exist since the same version and only ever respond to a `getdata`.
pub(super) const fn mixing(name: &str, max: usize) -> Spec {
    bulk(name, WhereValid(max)).since(10).responds(Response::Item(InventoryKind::MIX))
}

const fn spec(name: &str, limit: Limit, lane: Lane) -> Spec {
    let Ok(command) = Command::new(name) else { panic!("a command of the table is malformed") };
    Spec {
        command,
        lane,
        limit,
        valid: (0, u32::MAX),
        listed: (0, u32::MAX),
        request: None,
        response: None,
        decode: |_, _| Ok(Message::Verack),
    }
}

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.command == other.command
    }
}

impl Eq for Spec {}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spec").field(&self.command).finish()
    }
}

impl Spec {
    /// The message exists from this version on.
    pub(super) const fn since(self, version: u32) -> Self {
        Self { valid: (version, self.valid.1), ..self }
    }

    /// The message exists up to this version.
    pub(super) const fn until(self, version: u32) -> Self {
        Self { valid: (self.valid.0, version), ..self }
    }

    /// The command was dropped: frames with it are read at versions 1 to `last` only.
    pub(super) const fn dropped_after(self, last: u32) -> Self {
        Self { listed: (1, last), valid: (self.valid.0, last), ..self }
    }

    /// The message requests this.
    pub(super) const fn requests(self, response: ResponseKind) -> Self {
        self.requests_timely(u32::MAX, response)
    }

    /// The message requests this. After version `last` no one waits for the response.
    pub(super) const fn requests_timely(self, last: u32, response: ResponseKind) -> Self {
        Self { request: Some((response, last)), ..self }
    }

    /// The message is only ever a response to this.
    pub(super) const fn responds(self, response: Response) -> Self {
        Self { response: Some(response), ..self }
    }

    pub(super) const fn decoded_by(
        self,
        decode: fn(&mut Cursor<'_>, ProtocolVersion) -> Result<Message, CodecError>,
    ) -> Self {
        Self { decode, ..self }
    }

    pub(crate) const fn is_valid_at(&self, version: ProtocolVersion) -> bool {
        self.valid.0 <= version.get() && version.get() <= self.valid.1
    }

    /// Whether the reference's frame reader has the command.
    pub(crate) const fn is_listed_at(&self, version: ProtocolVersion) -> bool {
        self.listed.0 <= version.get() && version.get() <= self.listed.1
    }

    /// Whether the command is part of the version: frames with it are read, and their payload decoded.
    pub(crate) const fn is_known_at(&self, version: ProtocolVersion) -> bool {
        self.is_listed_at(version) && self.is_valid_at(version)
    }

    /// What the message requests, if the response is one message.
    pub(crate) fn request(&self) -> Option<ResponseKind> {
        self.request.map(|(response, _)| response)
    }

    /// How long that response may take at `version`, where it is waited for.
    pub(crate) fn response_timeout(&self, version: ProtocolVersion) -> Option<Duration> {
        let (response, _) = self.request.filter(|(_, last)| version.get() <= *last)?;
        response.response_timeout().map(|(_, timeout)| timeout)
    }

    /// The largest payload of the message, in bytes; 0 where it does not exist.
    pub(crate) const fn max_payload(&self, version: ProtocolVersion) -> usize {
        if self.is_valid_at(version) { self.max_declared(version) } else { 0 }
    }

    /// The most bytes that the reference lets a header with this command declare.
    pub(crate) const fn max_declared(&self, version: ProtocolVersion) -> usize {
        match self.limit {
            WhereValid(_) if !self.is_valid_at(version) => 0,
            Always(max) | WhereValid(max) => max,
            BlockSize => max_block(version),
        }
    }

    /// Whether only the limit of all payloads applies.
    pub(crate) const fn is_unlimited(&self, version: ProtocolVersion) -> bool {
        self.max_payload(version) == MAX_PAYLOAD
    }

    /// Decodes a whole payload.
    ///
    /// The limit of all payloads comes first, as in a frame: offsets into a payload have 32 bits. The message's own
    /// limit comes last, because the reference names what is wrong with the fields of a payload that is too large.
    pub(crate) fn decode(
        &self,
        mut cursor: Cursor<'_>,
        version: ProtocolVersion,
    ) -> Result<Message, CodecError> {
        let len = cursor.remaining();
        check_size(len, MAX_PAYLOAD)?;
        if !self.is_valid_at(version) {
            return Err(CodecError::MsgInvalidForPVer { version });
        }
        let message = (self.decode)(&mut cursor, version);
        // It stays where it was made: moving it costs more than reading a small one.
        if message.is_ok() {
            cursor.finish()?;
            check_size(len, self.max_payload(version))?;
        }
        message
    }
}

/// The largest payload of `block`, `tx` and `merkleblock`, in bytes.
const fn max_block(version: ProtocolVersion) -> usize {
    if version.has_large_blocks() { 1_310_720 } else { 1_000_000 }
}
