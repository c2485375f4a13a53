//! The timers, by name.
//!
//! | timer | armed | cleared | when it is due |
//! | --- | --- | --- | --- |
//! | `Handshake` | at the beginning | handshake complete; rests while `Event::Version` is held | the connection fails |
//! | `Idle` | `receive` ran dry after the handshake | a whole frame came; reading paused | the connection fails |
//! | `WriteStall` | a frame is the first of those shown to the transport | the transport took all of it | the connection fails |
//! | `Stall` | a request was written; runs while `receive` has run dry | its answer, or `notfound` | the connection fails |
//! | `Ping` | handshake complete, and at each ping | the end | a ping is queued |
//! | `Trickle` | the first announcement of a batch | the batch leaves | the batch is queued as `inv` |
//!
//! | timer | how long |
//! | --- | --- |
//! | `Handshake` | `handshake_timeout`, 30 s |
//! | `Idle` | `idle_timeout`, 120 s, and what the bytes of a frame that is not whole yet buy at `min_receive_rate` |
//! | `WriteStall` | 20 s, and a second for every whole 256 KiB of the frame |
//! | `Stall` | 30 s for each item of `getdata` and for `initstate`; below version 9 also 30 s for the `inv` that answers `mempool` and `getblocks`, 90 s for `headers`; and what an answer's bytes buy at `min_receive_rate` |
//! | `Ping` | `ping_interval`, 107 s |
//! | `Trickle` | drawn from `trickle_delay`, 100 to 500 ms |
//!
//! The first four blame the remote. Whoever did not [`tick`](super::Peer::tick) for five seconds or more was away: then
//! bytes that come, or that the transport takes, after such a deadline begin it anew.
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
