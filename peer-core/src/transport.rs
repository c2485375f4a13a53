//! What the machine is told of a transport, and what an adapter tells of the end of one.

#[cfg(feature = "std")]
use core::fmt;
#[cfg(feature = "std")]
use std::io;

#[cfg(feature = "std")]
use crate::error::{Error, SendError};

/// How reading or writing failed.
///
/// With the feature `std` it is made from an `io::ErrorKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum TransportError {
    /// The remote cut the connection: a reset, or a write to a connection that is closed at the other end.
    Reset,
    /// Anything else.
    Other,
}

#[cfg(feature = "std")]
impl From<io::ErrorKind> for TransportError {
    fn from(kind: io::ErrorKind) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

        if matches!(kind, ConnectionReset | ConnectionAborted | BrokenPipe) {
            Self::Reset
        } else {
            Self::Other
        }
    }
}

/// Why a connection over a transport of the standard library is closed, as the adapters tell it.
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The reason, as the machine has it.
    pub reason: Error,
    /// What the transport said, where it failed: for people. The reason may still be a better one than
    /// [`Error::TransportFailed`], as when our other half of a self-connection hung up.
    pub transport: Option<io::ErrorKind>,
}

#[cfg(feature = "std")]
impl Closed {
    /// The end of a connection whose transport failed this way.
    #[must_use]
    pub const fn new(reason: Error, transport: Option<io::ErrorKind>) -> Self {
        Self { reason, transport }
    }
}

#[cfg(feature = "std")]
impl From<Error> for Closed {
    fn from(reason: Error) -> Self {
        Self { reason, transport: None }
    }
}

#[cfg(feature = "std")]
impl From<Closed> for SendError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed.reason)
    }
}

#[cfg(feature = "std")]
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
#[cfg(feature = "std")]
impl core::error::Error for Closed {}
