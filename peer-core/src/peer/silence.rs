//! Waiting for the remote: since when, for how long all in all, and until when.
//!
//! The clocks that blame the remote run only while [`Peer::receive`] has run dry. What has come of a frame
//! that is not whole yet buys time at the configured rate.
//!
//! An owner that was away cannot know whether the remote was silent: what it finds when it comes back may have
//! waited for it, and more may have waited for that. So whatever comes long after a time that ran out while nobody
//! looked begins the wait anew.

use core::time::Duration;

use super::pauses::Pauses;
use super::{Lifecycle, Peer, Timer};
use crate::time::Time;

/// How long after a deadline an owner looks that was away. One that sleeps until the deadline is hardly late, so no
/// remote can count on coming just between a deadline and the look at it.
const AWAY: Duration = Duration::from_secs(5);

/// What measures a remote's silence. See the [module](self).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Since when we wait for the remote: since `receive` ran dry. `None` while the owner is busy.
    waiting: Option<Time>,
    /// Total time waited before the current wait; origin of request deadlines.
    waited: Time,
    /// Bytes that are there of a frame that is not whole yet, of which none is 4 GiB.
    progress: u32,
    /// When the owner did not pull.
    pub(crate) pauses: Pauses,
}

impl Silence {
    /// The remote is waited for from the beginning.
    pub(crate) fn new(now: Time) -> Self {
        Self { waiting: Some(now), waited: Time::ZERO, progress: 0, pauses: Pauses::default() }
    }

    /// The input ran dry, with `progress` bytes of a frame that is not whole yet.
    pub(crate) fn wait(&mut self, now: Time, progress: u32) {
        self.waiting = self.waiting.or(Some(now));
        self.progress = progress;
    }

    /// We do not wait for the remote any more: a whole frame came, or we do not read.
    pub(crate) fn stop(&mut self, now: Time) {
        self.waited = self.waited_until(now);
        self.waiting = None;
        self.progress = 0;
        self.pauses.on_busy(now);
    }

    /// Total time waited before the current wait.
    pub(crate) const fn waited(&self) -> Time {
        self.waited
    }

    /// What the clock that runs only while we wait shows at `now`.
    pub(crate) fn waited_until(&self, now: Time) -> Time {
        let since = self.waiting.map(|since| now.saturating_since(since));
        self.waited + since.unwrap_or_default()
    }

    /// Takes off what a frame bought that came since the clock showed `before`, but no more than was waited for it.
    pub(crate) fn credit(&mut self, bought: Duration, before: Time) {
        let waited = Time::from_elapsed(self.waited.elapsed().saturating_sub(bought));
        self.waited = waited.max(before);
    }

    /// The deadline, while we wait.
    pub(crate) fn while_waiting(&self, deadline: Time) -> Option<Time> {
        self.waiting.and(Some(deadline))
    }

    /// When the current wait has lasted `allowed` and the time that what has come of a frame buys at `rate`.
    pub(crate) fn deadline(&self, allowed: Duration, rate: u64) -> Option<Time> {
        Some(self.waiting? + allowed + time_for(self.progress.into(), rate))
    }

    /// As [`deadline`](Self::deadline), for what is due when the clock that runs only while we wait shows `due`.
    pub(crate) fn deadline_of(&self, due: Time, rate: u64) -> Option<Time> {
        self.deadline(due.saturating_since(self.waited), rate)
    }
}

impl Peer {
    /// Does not hold the owner's absence against a remote of which there is more than before.
    pub(super) fn excuse_silence(&mut self, input: &[u8], now: Time) {
        if self.silence.waiting.is_none_or(|since| !is_long_over(since, now)) {
            return;
        }
        let mut ends = Timer::ALL.iter().filter(|timer| timer.measures_silence());
        let was_away = ends.any(|timer| self.due(*timer).is_some_and(|at| is_long_over(at, now)));
        if was_away && self.progress_of(input) > self.silence.progress {
            self.silence.waiting = Some(now);
            if let Lifecycle::AwaitingVersion { deadline, .. } | Lifecycle::AwaitingVerack { deadline, .. } =
                &mut self.lifecycle
            {
                *deadline = now + self.node.config().handshake_timeout;
            }
        }
    }

    /// Bytes that are there of the frame at the front of `input`.
    pub(super) fn progress_of(&self, input: &[u8]) -> u32 {
        let progress = self.lifecycle.reader().map_or(0, |reader| reader.progress(input));
        u32::try_from(progress).unwrap_or(u32::MAX)
    }
}

/// The time that so many bytes may take at `rate`, in bytes a second.
pub(super) fn time_for(bytes: u64, rate: u64) -> Duration {
    let nanos = bytes.saturating_mul(1_000_000_000);
    Duration::from_nanos(nanos.checked_div(rate).unwrap_or_default())
}

/// Whether an owner that looks first at `now` at what came at `then` was away.
pub(super) fn is_long_over(then: Time, now: Time) -> bool {
    now.saturating_since(then) >= AWAY
}
