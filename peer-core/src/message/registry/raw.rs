//! A message of a command that this crate does not know.

use bytes::Bytes;

use super::Command;

/// A payload that is not decoded: an unknown command that a policy delivers, or a custom message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The command.
    pub command: Command,
    /// The payload.
    pub payload: Bytes,
}
