//! The one place that reads a clock.

use std::time::Instant;

/// Nanoseconds that `work` takes.
pub fn time(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}
