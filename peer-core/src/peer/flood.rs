//! Finds out a remote that talks without a pause, so that its transport is never drained, to hide a response that it
//! withholds.
//!
//! Meanwhile the clock of waiting hardly runs. Instead, attended time counts: the time between the driver's calls, at
//! most one second for each gap. After twice the longest response timeout without any response, bytes are counted. More
//! than any transport holds back must have come since the response was due.

use core::time::Duration;

/// Twice the longest response timeout, that of `headers`.
const TERM: Duration = Duration::from_secs(180);

/// More bytes than the buffers between two ends hold.
const HELD_BACK: usize = 16 * 1024 * 1024;

/// See the [module](self). It restarts with each response.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flood {
    attended: Duration,
    /// Bytes that came after the term.
    bytes: usize,
}

impl Flood {
    pub(super) fn attend(&mut self, gap: Duration) {
        self.attended = self.attended.saturating_add(gap);
    }

    pub(super) fn on_received(&mut self, bytes: usize) {
        if self.attended >= TERM {
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }

    /// Whether a due response would have been among the bytes that came.
    pub(super) const fn is_over(&self) -> bool {
        self.bytes > HELD_BACK
    }
}
