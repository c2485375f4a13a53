//! Finds out a remote that talks without a pause, so that its transport is never drained, to hide a response that it
//! withholds.
//!
//! Meanwhile the clock of waiting hardly runs. Instead, attended time counts: the time between the driver's calls, at
//! most one second for each gap, less what responses buy. After twice the longest response timeout, bytes are counted.
//! More than any transport holds back must have come since then. A response that was due when the count of time began
//! would have been among them.

use core::time::Duration;

/// The longest response timeout, that of `headers`.
const LONGEST: Duration = Duration::from_secs(90);

/// The attended time after which bytes are counted.
const TERM: Duration = LONGEST.saturating_mul(2);

/// More bytes than the buffers between two ends hold.
const HELD_BACK: usize = 16 * 1024 * 1024;

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flood {
    attended: Duration,
    /// Bytes that came after the term.
    bytes: usize,
    /// A response that was due when the count began is still due.
    is_proven: bool,
}

impl Flood {
    pub(super) fn attend(&mut self, gap: Duration) {
        self.attended = self.attended.saturating_add(gap);
    }

    /// Whether enough bytes have come.
    pub(super) fn on_received(&mut self, bytes: usize) -> bool {
        if self.attended >= TERM || self.bytes > 0 {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        self.bytes > HELD_BACK
    }

    /// A response came, and bought this much. Small ones do not restart the count of bytes: otherwise one in each 16 MiB
    /// would hide what is withheld.
    pub(super) fn on_answer(&mut self, bought: Duration) {
        self.attended = self.attended.saturating_sub(bought);
        if self.attended < LONGEST {
            (self.bytes, self.is_proven) = (0, false);
        }
    }

    /// Enough bytes have come, and a response is still due that was due when the count began.
    pub(super) const fn prove(&mut self) {
        self.is_proven = true;
    }

    /// Whether a due response would have been among the bytes that came.
    pub(super) const fn is_over(&self) -> bool {
        self.is_proven
    }
}
