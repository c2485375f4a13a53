//! The clocks: the only file that reads one.

use core::net::SocketAddr;
use core::time::Duration;
use std::time::{Instant, SystemTime};

use peer_core::{ConnectionInfo, Time};

/// The clock that the connections of one set share. It starts with the set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// How far it was put forward.
    ahead: Duration,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this file reads the clocks")]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), ahead: Duration::ZERO }
    }

    #[cfg(feature = "test-util")]
    pub(crate) const fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    pub(crate) fn now(self) -> Time {
        Time::from_elapsed(self.start.elapsed()) + self.ahead
    }

    /// `None` for a time that is too far away to be an instant.
    pub(crate) fn instant(self, time: Time) -> Option<Instant> {
        self.start.checked_add(time.elapsed().saturating_sub(self.ahead))
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
