//! When the owner did not pull for long, while the remote may have been writing.
//!
//! Nobody is blamed by it. It explains an end inside a frame: nodes give up a frame that is not taken within about 20 s.

use core::time::Duration;

use crate::time::Time;

/// The shortest pause that may have made a remote give up, in seconds.
const LONG: u32 = 10;

/// How long after a pause an end may still come from it, in seconds: what the system held back is read first.
const RECENT: u32 = 60;

/// Whole seconds since the owner's start: half the room of times, and fine enough.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pauses {
    /// Since when the owner is busy with what it pulled; `None` once it pulls again.
    busy: Option<u32>,
    /// How long the last long pause was, and when it ended.
    length: u32,
    ended: u32,
    /// When the owner last pulled.
    pulled: u32,
}

impl Pauses {
    /// The owner got something to do, or reading paused.
    pub(crate) fn on_busy(&mut self, now: Time) {
        self.busy = Some(seconds(now));
    }

    pub(crate) fn on_pull(&mut self, now: Time) {
        self.pulled = seconds(now);
        let Some(since) = self.busy.take() else { return };
        let length = self.pulled.saturating_sub(since);
        if length >= LONG {
            (self.length, self.ended) = (length, self.pulled);
        }
    }

    /// The last long pause, if it ended a short while before the owner last pulled.
    pub(crate) fn recent(&self) -> Option<Duration> {
        let is_recent = self.length > 0 && self.pulled.saturating_sub(self.ended) <= RECENT;
        is_recent.then(|| Duration::from_secs(u64::from(self.length)))
    }
}

fn seconds(time: Time) -> u32 {
    u32::try_from(time.elapsed().as_secs()).unwrap_or(u32::MAX)
}
