//! Waiting for the remote: since when, for how long all in all, and until when.
//!
//! The clocks that blame the remote run only while [`Peer::receive`] has run dry. What has come of a frame
//! that is not whole yet buys time at the configured rate.
//!
//! An owner that was away cannot know whether the remote was silent: what it finds when it comes back may have
//! waited for it, and more may have waited for that. So whatever comes long after a time that ran out while nobody
//! looked begins the wait anew.

use core::time::Duration;

use super::{Clock, Peer};
use crate::time::Time;

/// How long after a deadline an owner looks that was away. One that sleeps until the deadline is hardly late, so no
/// remote can count on coming just between a deadline and the look at it.
const AWAY: Duration = Duration::from_secs(5);

impl Peer {
    /// We do not wait for the remote any more: a whole frame came, or we do not read.
    pub(super) fn stop_waiting(&mut self, now: Time) {
        self.waited = self.waited_until(now);
        self.waiting = None;
        self.progress = 0;
        self.pauses.on_busy(now);
    }

    /// What the clock that runs only while we wait shows at `now`.
    pub(super) fn waited_until(&self, now: Time) -> Time {
        let since = self.waiting.map(|since| now.saturating_since(since));
        self.waited + since.unwrap_or_default()
    }

    /// Does not hold the owner's absence against a remote of which there is more than before.
    pub(super) fn excuse_silence(&mut self, input: &[u8], now: Time) {
        if self.waiting.is_none_or(|since| !is_long_over(since, now)) {
            return;
        }
        let ends = [self.handshake_deadline(), self.idle_deadline(), self.stall_deadline()];
        let was_away = ends.into_iter().flatten().any(|at| is_long_over(at, now));
        if was_away && self.progress_of(input) > self.progress {
            self.waiting = Some(now);
            if let Some(opening) = &mut self.opening {
                opening.clock = Clock::Running(now + self.node.config().handshake_timeout);
            }
        }
    }

    /// Bytes that are there of the frame at the front of `input`.
    pub(super) fn progress_of(&self, input: &[u8]) -> u32 {
        u32::try_from(self.reader.progress(input)).unwrap_or(u32::MAX)
    }

    /// The time that so many bytes may take.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        let nanos = bytes.saturating_mul(1_000_000_000);
        Duration::from_nanos(nanos.checked_div(self.config().min_receive_rate).unwrap_or_default())
    }
}

/// Whether an owner that looks first at `now` at what came at `then` was away.
pub(super) fn is_long_over(then: Time, now: Time) -> bool {
    now.saturating_since(then) >= AWAY
}
