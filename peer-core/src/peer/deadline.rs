//! A point in time by which something ends, as the owner wants it.

use core::time::Duration;

use crate::time::Time;

/// When a deadline was set, and how long after that it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    set_at: Time,
    after: Duration,
}

impl Deadline {
    /// So long after `now`.
    pub(crate) const fn after(after: Duration, now: Time) -> Self {
        Self { set_at: now, after }
    }

    /// At this time, which may have passed.
    pub(crate) fn at(time: Time, now: Time) -> Self {
        let set_at = now.min(time);
        Self { set_at, after: time.saturating_since(set_at) }
    }

    pub(crate) fn time(self) -> Time {
        self.set_at + self.after
    }

    pub(crate) const fn set_at(self) -> Time {
        self.set_at
    }

    /// The earlier time of two, and no further ahead than either was when it was set.
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        let time = self.time().min(other.time()).elapsed();
        let after = self.after.min(other.after).min(time);
        Self { set_at: Time::from_elapsed(time.saturating_sub(after)), after }
    }

    /// The clock shows `now`: the deadline cannot have been set later.
    pub(crate) fn bound(&mut self, now: Time) {
        self.set_at = self.set_at.min(now);
    }
}
