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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    /// Since when the owner is busy with what it pulled; [`PULLS`](Self::PULLS) once it pulls again.
    busy: u32,
    /// How long the last long pause was, while it is recent; else 0.
    length: u32,
    ended: u32,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { busy: Self::PULLS, length: 0, ended: 0 }
    }
}

impl Pauses {
    const PULLS: u32 = u32::MAX;

    /// The owner got something to do, or reading paused.
    pub(crate) fn on_busy(&mut self, now: Time) {
        self.busy = seconds(now);
    }

    pub(crate) fn on_pull(&mut self, now: Time) {
        let now = seconds(now);
        let pause = if self.busy == Self::PULLS { 0 } else { now.saturating_sub(self.busy) };
        self.busy = Self::PULLS;
        if pause >= LONG {
            (self.length, self.ended) = (pause, now);
        } else if now.saturating_sub(self.ended) > RECENT {
            self.length = 0;
        }
    }

    /// The last long pause, if it ended a short while before the owner last pulled.
    pub(crate) fn recent(&self) -> Option<Duration> {
        (self.length > 0).then(|| Duration::from_secs(u64::from(self.length)))
    }
}

fn seconds(time: Time) -> u32 {
    u32::try_from(time.elapsed().as_secs()).unwrap_or(u32::MAX)
}
