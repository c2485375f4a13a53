//! A remote that talks without a pause, so that its transport is never drained, cannot hide a response that it withholds.
//!
//! While it does, the clock of waiting hardly runs. What counts then is attended time: that between the driver's calls, each
//! gap for one second at most. After twice the longest response timeout of it without any response, more bytes than any
//! transport holds back must have been said since the response was due.

use core::time::Duration;

/// Twice the longest response timeout, which is that of `headers`.
const TERM: Duration = Duration::from_secs(180);

/// More bytes than the buffers between two ends hold.
const HELD_BACK: usize = 16 * 1024 * 1024;

/// See the [module](self). It begins anew with each response.
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

    /// Whether a response that is due would have come among all that was said.
    pub(super) const fn is_over(&self) -> bool {
        self.bytes > HELD_BACK
    }
}
