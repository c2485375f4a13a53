//! Times when the owner did not pull for long, while the remote may have been writing.
//!
//! They do not blame anyone. They explain an end inside a frame: nodes give up a frame that is not taken within about
//! 20 s.

use core::time::Duration;

use crate::time::Time;

/// The shortest pause that may have made a remote give up, in seconds.
const LONG: u16 = 10;

/// How long after a pause an end may still come from it, in seconds: what the system held back is read first.
const RECENT: u16 = 60;

/// In whole seconds and little room, because every connection has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    /// Since when the owner does not pull; [`PULLS`](Self::PULLS) if it does.
    busy: u16,
    /// How long the last long pause was, while it is recent; else 0.
    length: u16,
    /// When it ended. Seconds wrap around every 18 hours.
    ended: u16,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { busy: Self::PULLS, length: 0, ended: 0 }
    }
}

impl Pauses {
    const PULLS: u16 = u16::MAX;

    /// The owner got an event, or reading paused.
    pub(crate) fn on_busy(&mut self, now: Time) {
        self.busy = seconds(now);
    }

    pub(crate) fn on_pull(&mut self, now: Time) {
        let now = seconds(now);
        let pause = if self.busy == Self::PULLS { 0 } else { since(self.busy, now) };
        self.busy = Self::PULLS;
        if pause >= LONG {
            (self.length, self.ended) = (pause, now);
        } else if since(self.ended, now) > RECENT {
            self.length = 0;
        }
    }

    /// The last long pause, if it ended shortly before the owner pulled last.
    pub(crate) fn recent(&self) -> Option<Duration> {
        (self.length > 0).then(|| Duration::from_secs(u64::from(self.length)))
    }
}

/// Whole seconds, from 0 to the last before [`PULLS`](Pauses::PULLS), then from 0 again.
fn seconds(time: Time) -> u16 {
    let seconds = time.elapsed().as_secs().checked_rem(Pauses::PULLS.into()).unwrap_or_default();
    u16::try_from(seconds).unwrap_or_default()
}

/// Seconds from `earlier` to `later`, of less than 18 hours.
fn since(earlier: u16, later: u16) -> u16 {
    later.checked_sub(earlier).unwrap_or_else(|| Pauses::PULLS.saturating_sub(earlier).saturating_add(later))
}
