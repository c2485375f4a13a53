//! How a connection went.

use peer_core::Stats;
use peer_tokio::Closed;

use crate::first_bytes::FirstBytes;
use crate::shutdown::ShutdownReason;

/// How a connection went.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether hands were shaken.
    pub(crate) established: bool,
    pub(crate) ending: Ending,
    pub(crate) stats: Stats,
    pub(crate) first: FirstBytes,
}

/// Who ended a connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// We did.
    Ours(ShutdownReason),
    /// It ended by itself.
    Theirs(Closed),
}

impl Outcome {
    /// Whether hands were shaken and the end was ours.
    pub(crate) const fn is_success(&self) -> bool {
        self.established && matches!(self.ending, Ending::Ours(_))
    }
}
