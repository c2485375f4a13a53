//! The tool's clock. No world ever sees it.

use core::time::Duration;
use std::time::Instant;

/// Does something, and tells how long that took.
#[expect(clippy::disallowed_methods, reason = "this file reads the clock")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
