//! Why a request was not made.

use super::SendError;
use crate::protocol_version::ProtocolVersion;

/// Why a request was refused. Nothing was sent. The connection continues, unless it had ended before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Its messages cannot be sent. The error says whether trying again helps.
    #[error(transparent)]
    Send(SendError),
    /// It names no item or block.
    #[error("request names nothing")]
    Empty,
    /// The limit of open requests that are not for items is reached. Try again when one has ended. A cancelled one
    /// counts until the remote responds or its timeout is over.
    #[error("{limit} requests are open already")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The protocol version in force has no such request.
    #[error("{command} exists from protocol version {since} on, and {version} is in force")]
    NotInProtocol {
        /// The request.
        command: &'static str,
        /// The first version that has it.
        since: ProtocolVersion,
        /// The version in force.
        version: ProtocolVersion,
    },
    /// Nodes respond to this only if we dialled them, but the remote dialled us.
    #[error("nodes respond to {command} only where they were dialled")]
    NotDialled {
        /// The request.
        command: &'static str,
    },
    /// Nodes respond to this once on a connection, and it has been sent.
    #[error("nodes respond to {command} once on a connection")]
    OnlyOnce {
        /// The request.
        command: &'static str,
    },
}

impl From<SendError> for RequestError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}
