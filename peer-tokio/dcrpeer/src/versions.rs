//! Which protocol versions have a message, and what a remote's version tells.

use core::fmt;

use bytes::Bytes;
use peer_core::{CodecError, Command, Direction, FrameError, Message, ProtocolVersion};
use serde::Serialize;

/// How to read a remote's protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VersionKind {
    /// The highest that it speaks.
    Highest,
    /// The highest that both speak. A dialled node tells this one, so if it is the one that we offered, the node may
    /// speak higher ones.
    Negotiated,
}

impl VersionKind {
    pub(crate) fn of(direction: Direction, theirs: u32, offered: ProtocolVersion) -> Self {
        match direction {
            Direction::Outbound if theirs == offered.get() => Self::Negotiated,
            _ => Self::Highest,
        }
    }

    /// The version for people.
    pub(crate) fn describe(self, version: impl fmt::Display) -> String {
        match self {
            Self::Highest => version.to_string(),
            Self::Negotiated => format!("{version} or higher"),
        }
    }
}

/// The protocol versions that have a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Versions {
    first: u32,
    /// `None` if the latest version has it.
    last: Option<u32>,
}

impl Versions {
    /// Of a command that is a message at other versions than this one; `None` for every other command.
    pub(crate) fn outside(command: Command, version: ProtocolVersion) -> Option<Self> {
        if has(version, command) {
            return None;
        }
        let latest = ProtocolVersion::LATEST.get();
        let mut have = (1..=latest).filter(|version| has(ProtocolVersion::new(*version), command));
        let first = have.next()?;
        let last = have.next_back().unwrap_or(first);
        Some(Self { first, last: (last < latest).then_some(last) })
    }

    /// As [`outside`](Self::outside), of the command of a frame that is refused for it.
    pub(crate) fn of_refused(error: &FrameError, version: ProtocolVersion) -> Option<(Command, Self)> {
        let command = match error {
            FrameError::UnknownCmd(command) => *command,
            error => error.command()?,
        };
        Some((command, Self::outside(command, version)?))
    }

    /// The version nearest to `version`.
    pub(crate) fn nearest(self, version: ProtocolVersion) -> u32 {
        let last = self.last.unwrap_or(u32::MAX);
        version.get().clamp(self.first, last)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, None) => write!(f, "versions {first} and later have it"),
            (first, Some(last)) => write!(f, "versions {first} to {last} have it"),
        }
    }
}

fn has(version: ProtocolVersion, command: Command) -> bool {
    let decoded = Message::decode(command, Bytes::new(), version);
    !matches!(decoded, Ok(Message::Raw(_)) | Err(CodecError::MsgInvalidForPVer { .. }))
}
