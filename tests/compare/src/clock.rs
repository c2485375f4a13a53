//! The one place that reads a clock.

use cpu_time::ThreadTime;

/// Nanoseconds that `work` keeps the CPU busy. Time in which others have the CPU does not count, so that a busy
/// machine disturbs less.
pub fn time(work: &mut dyn FnMut()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_nanos() as f64
}
