//! Why bytes are not a frame.

use super::{CodecError, ErrorKind, Excess};
use crate::message::Command;
use crate::network::Network;

/// Why the bytes at the front of a stream are not accepted as a frame, in the order of the checks.
///
/// None of these is recoverable: after one, the stream has lost its frame boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The declared payload is larger than any, or than this command's limit at the version in force.
    #[error("declared payload too large: {excess} bytes")]
    PayloadTooLarge {
        /// The command, where the header got that far.
        command: Option<Command>,
        /// Declared size and limit in bytes.
        excess: Excess,
    },
    /// The frame belongs to another network.
    #[error("frame of another network: {0}, magic {magic:#010x}", magic = .0.magic())]
    WrongNetwork(Network),
    /// The command has a byte that is not printable ASCII before its padding.
    #[error("malformed command {0:02x?}")]
    MalformedCmd([u8; Command::LEN]),
    /// No such command at the protocol version in force.
    #[error("unknown command {0:?}")]
    UnknownCmd(Command),
    /// The payload's BLAKE-256 does not begin with the four bytes in the header.
    #[error("bad checksum of {command} payload")]
    PayloadChecksum {
        /// The command.
        command: Command,
        /// The four bytes in the header.
        declared: [u8; 4],
        /// The first four bytes of the payload's hash.
        computed: [u8; 4],
    },
    /// The stream ended inside a frame.
    #[error("stream ended inside a frame, {missing} bytes missing")]
    Truncated {
        /// Bytes missing to the end of the header, or of the payload once the header was there.
        missing: usize,
    },
    /// The frame is whole, its payload is refused.
    #[error("bad {command} message: {cause}")]
    Payload {
        /// The command.
        command: Command,
        /// What is wrong with the payload.
        cause: CodecError,
    },
}

impl FrameError {
    /// The reference's name for it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::PayloadTooLarge { .. } => ErrorKind::PayloadTooLarge,
            Self::WrongNetwork(_) => ErrorKind::WrongNetwork,
            Self::MalformedCmd(_) => ErrorKind::MalformedCmd,
            Self::UnknownCmd(_) => ErrorKind::UnknownCmd,
            Self::PayloadChecksum { .. } => ErrorKind::PayloadChecksum,
            Self::Truncated { .. } => ErrorKind::Truncated,
            Self::Payload { cause, .. } => cause.kind(),
        }
    }

    /// The command of the frame, if the header could be read that far.
    #[must_use]
    pub const fn command(&self) -> Option<Command> {
        match self {
            Self::PayloadTooLarge { command, .. } => *command,
            Self::PayloadChecksum { command, .. } | Self::Payload { command, .. } => Some(*command),
            Self::UnknownCmd(_) | Self::WrongNetwork(_) | Self::MalformedCmd(_) | Self::Truncated { .. } => {
                None
            }
        }
    }
}
