//! The clock of the measuring binaries.

use cpu_time::ThreadTime;

/// Nanoseconds that `work` keeps the CPU busy, in the system's calls too. Time in which others have the CPU
/// does not count, so that a busy machine disturbs less.
pub fn busy<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = ThreadTime::now();
    let result = work();
    (result, start.elapsed().as_nanos() as f64)
}
