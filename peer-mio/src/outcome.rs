//! What happens on a connection, how it ends, and why it may not begin.

use std::io;

use peer_core::{Closed, Error, Event, TooManyHandshakes};

/// What [`Peers::next_event`](crate::Peers::next_event) reports for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerEvent {
    /// An event of the machine.
    Event(Event),
    /// The send queue has the room that [`Peers::try_send`](crate::Peers::try_send), when it refused, or
    /// [`Peers::want_room`](crate::Peers::want_room) waited for. Reported once for each wait.
    Room,
    /// The connection has ended. Every connection ends with exactly one of these.
    Closed(Outcome),
}

/// How a connection ended, or why there was none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Outcome {
    /// No outbound connection was made: it was refused, had no route, or took too long ([`io::ErrorKind::TimedOut`]).
    #[error("not connected ({0})")]
    Unreachable(io::ErrorKind),
    /// The remote was reached, but the node had too many outbound handshakes open.
    #[error(transparent)]
    TooManyHandshakes(#[from] TooManyHandshakes),
    /// The connection was made and has ended. An accepted transport that failed or took too long
    /// ([`io::ErrorKind::TimedOut`]) before it was ready counts as made.
    #[error(transparent)]
    Closed(#[from] Closed),
}

impl Outcome {
    /// The machine's reason, if there was a connection.
    #[must_use]
    pub const fn reason(&self) -> Option<&Error> {
        match self {
            Self::Closed(closed) => Some(&closed.reason),
            Self::Unreachable(_) | Self::TooManyHandshakes(_) => None,
        }
    }
}

impl From<Error> for Outcome {
    fn from(reason: Error) -> Self {
        Self::Closed(reason.into())
    }
}

/// Why a stream was not inserted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// Every token of the range is in use. A token is free again after the end of its connection was reported.
    #[error("all {0} tokens are in use")]
    Full(usize),
    /// The set [is shutting down](crate::Peers::shut_down).
    #[error("shutting down")]
    ShuttingDown,
    /// The system refused to open or to register a socket.
    #[error(transparent)]
    Io(#[from] io::Error),
}
