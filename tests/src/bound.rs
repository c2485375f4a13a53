//! Bounds, so that a test of something that goes on for ever fails by name instead of never ending.

use core::time::Duration;
use std::io::{self, Write as _};
use std::process;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

/// Longest that a test which waits for others may take, in real time. The slowest takes a fifth of it.
pub const LONGEST: Duration = Duration::from_secs(120);

/// Turns of a loop that ends only if what is tested behaves.
#[derive(Debug, Default)]
pub struct Turns(u32);

impl Turns {
    /// More than any loop of a passing test takes.
    const MOST: u32 = 4_000_000;

    /// Counts one more.
    ///
    /// # Panics
    ///
    /// If there are too many.
    #[track_caller]
    pub fn next(&mut self) {
        self.0 += 1;
        assert!(self.0 < Self::MOST, "no end after {} turns", self.0);
    }
}

/// A test that runs, and may take no longer than [`LONGEST`]: then the process ends, having named it. Nothing else
/// stops a thread that never returns.
#[derive(Debug)]
pub struct Running {
    /// Dropped when the test is over.
    _ends: Sender<()>,
}

impl Running {
    /// A test of this name begins.
    #[must_use]
    pub fn new(test: impl Into<String>) -> Self {
        let (test, (ends, end)) = (test.into(), channel());
        thread::spawn(move || {
            if end.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                // The macros print nothing before their test ends.
                writeln!(io::stderr(), "{test} has not ended after {LONGEST:?}").ok();
                process::exit(101);
            }
        });
        Self { _ends: ends }
    }
}
