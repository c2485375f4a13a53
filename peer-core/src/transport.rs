//! What the machine learns of a transport, and how an adapter reports its end.

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

/// Why a connection over a transport of the standard library is closed, as the adapters report it.
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The reason, as the machine has it.
    pub reason: Error,
    /// The transport's error, if it failed: for people. The reason may be a better one than [`Error::TransportFailed`],
    /// for example if the other half of a self-connection closed.
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

/// The text includes the cause, so there is no [`source`](core::error::Error::source).
#[cfg(feature = "std")]
impl core::error::Error for Closed {}
