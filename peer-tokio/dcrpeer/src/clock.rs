//! The tool's clock.

use core::time::Duration;

use tokio::time::Instant;

/// The present time.
#[expect(clippy::disallowed_methods, reason = "this file reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Tells how long ago something began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this file reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
