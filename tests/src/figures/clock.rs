//! The clock of the measuring binaries.

use core::time::Duration;
use std::time::Instant;

use cpu_time::ThreadTime;

/// Nanoseconds that `work` keeps the CPU busy, in the system's calls too. Time in which others have the CPU
/// does not count, so that a busy machine disturbs less.
pub fn busy<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = ThreadTime::now();
    let result = work();
    (result, start.elapsed().as_nanos() as f64)
}

/// The time that passes, waits included.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock of the measuring binaries")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
