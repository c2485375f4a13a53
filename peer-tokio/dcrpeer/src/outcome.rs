//! How a connection went.

use peer_core::Stats;
use peer_tokio::Closed;

use crate::first_bytes::FirstBytes;
use crate::shutdown::ShutdownReason;

/// How a connection went.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether the handshake was completed.
    pub(crate) established: bool,
    pub(crate) ending: Ending,
    pub(crate) stats: Stats,
    pub(crate) first: FirstBytes,
}

/// Which side ended a connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Ours.
    Ours(ShutdownReason),
    /// The remote's, or the transport's.
    Theirs(Closed),
}

impl Outcome {
    /// Whether the handshake was completed and we ended the connection.
    pub(crate) const fn is_success(&self) -> bool {
        self.established && matches!(self.ending, Ending::Ours(_))
    }
}
