//! The clocks: the only file that reads one.

use core::net::SocketAddr;
use std::time::SystemTime;

use peer_core::{ConnectionInfo, Time};
use tokio::time::Instant;

/// One connection's clock. It starts with the connection, and it is tokio's, so a paused one rests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this file reads the clocks")]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(self) -> Time {
        Time::from_elapsed(self.start.elapsed())
    }

    /// The time of an instant; the start for one before it.
    pub(crate) fn time(self, instant: Instant) -> Time {
        Time::from_elapsed(instant.saturating_duration_since(self.start))
    }

    /// `None` for a time that is too far away to be an instant.
    pub(crate) fn instant(self, time: Time) -> Option<Instant> {
        self.start.checked_add(time.elapsed())
    }
}

/// The [`ConnectionInfo`] of a connection with `address` that begins now by the system's clock, while our chain ends
/// at `best_height`.
///
/// Nothing is said of what the remote offers; set the services of its address where they are known.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this file reads the clocks")]
pub fn connection_info(address: SocketAddr, best_height: i32) -> ConnectionInfo {
    ConnectionInfo::new(address, best_height, SystemTime::now())
}
