//! A message of a command that this crate does not know.

use bytes::Bytes;

use super::Command;

/// A payload nobody has looked into: what an unknown command becomes where a policy delivers it, and how a
/// custom message is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The command.
    pub command: Command,
    /// The payload.
    pub payload: Bytes,
}
