//! The clocks: the only file that reads one.

use core::net::SocketAddr;
use std::time::SystemTime;

use peer_core::{ConnectionInfo, Time};
use tokio::time::Instant;

/// One connection's clock. It starts with the connection. It uses tokio's clock, so it pauses when that is paused.
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

    /// The time of an instant, or the start if the instant is earlier.
    pub(crate) fn time(self, instant: Instant) -> Time {
        Time::from_elapsed(instant.saturating_duration_since(self.start))
    }

    /// `None` for a time that is too far away to be an instant.
    pub(crate) fn instant(self, time: Time) -> Option<Instant> {
        self.start.checked_add(time.elapsed())
    }
}

/// The [`ConnectionInfo`] of a connection with `address` that begins now by the system's clock, while our chain ends at
/// `best_height`.
///
/// The services of `address` are unknown. Set them if you know them.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this file reads the clocks")]
pub fn connection_info(address: SocketAddr, best_height: i32) -> ConnectionInfo {
    ConnectionInfo::new(address, best_height, SystemTime::now())
}
