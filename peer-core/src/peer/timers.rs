//! The timers, by name.
//!
//! | timer | armed | cleared | when it is due |
//! | --- | --- | --- | --- |
//! | `Handshake` | at the beginning | handshake complete; rests while `Event::Version` is held | the connection fails |
//! | `Idle` | `receive` ran dry after the handshake | a whole message came; reading paused | the connection fails |
//! | `WriteStall` | a frame is shown to the transport | the transport took all of it | the connection fails |
//! | `Stall` | a request was written; runs while we wait for the remote | its answer, or `notfound` | the connection fails |
//! | `Ping` | handshake complete, and at each ping | the end | a ping is queued |
//! | `Trickle` | the first announcement of a batch | the batch leaves | the batch is queued as `inv` |
//!
//! Nothing stores a next wake-up: [`Peer::deadline`](super::Peer::deadline) looks at the state each time.

use core::fmt;

/// Why the machine wants to be woken, or what the remote took too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// Both `version` and `verack` must be exchanged.
    Handshake,
    /// The remote must say something.
    Idle,
    /// The transport must take a frame.
    WriteStall,
    /// The remote must answer a request.
    Stall,
    /// A ping is to be sent.
    Ping,
    /// Announcements are to be sent.
    Trickle,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::WriteStall => "write stall",
            Self::Stall => "stall",
            Self::Ping => "ping",
            Self::Trickle => "trickle",
        })
    }
}
