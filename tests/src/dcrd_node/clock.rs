//! The one place of the node that reads a clock.
#![expect(clippy::disallowed_methods, reason = "only the `clock.rs` files read a clock")]

use core::time::Duration;
use std::time::Instant;

use peer_core::Time;

/// A clock that may run faster than the real one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    speed: u32,
}

impl Clock {
    /// One that starts now. A second of real time is `speed` seconds of it.
    pub(super) fn start(speed: u32) -> Self {
        Self { start: Instant::now(), speed }
    }

    pub(super) fn now(&self) -> Time {
        Time::from_elapsed(self.start.elapsed() * self.speed)
    }

    /// The real time from now until then.
    pub(super) fn until(&self, then: Time) -> Duration {
        then.saturating_since(self.now()) / self.speed
    }
}
