//! How a connection ended.

use core::fmt;
use std::io;

use peer_core::{Error, SendError};

/// Why the connection is over. Every call after the end returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The reason, as the machine has it.
    pub reason: Error,
    /// What the transport said, where it failed: for people. (The reason may still be a better one than
    /// [`Error::TransportFailed`], as when our other half of a self-connection hung up.)
    pub transport: Option<io::ErrorKind>,
}

impl From<Error> for Closed {
    fn from(reason: Error) -> Self {
        Self { reason, transport: None }
    }
}

impl From<Closed> for SendError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed.reason)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        match self.transport {
            Some(kind) => write!(f, " ({kind})"),
            None => Ok(()),
        }
    }
}

/// The text is the whole sentence; there is no [`source`](core::error::Error::source) besides.
impl core::error::Error for Closed {}
