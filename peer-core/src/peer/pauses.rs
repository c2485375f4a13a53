//! When the owner did not pull for long, while the remote may have been writing.
//!
//! Nobody is blamed by it. It explains an end inside a frame: nodes give up a frame that is not taken within about 20 s.

use core::time::Duration;

use crate::time::Time;

/// The shortest pause that may have made a remote give up, in seconds.
const LONG: u16 = 10;

/// How long after a pause an end may still come from it, in seconds: what the system held back is read first.
const RECENT: u16 = 60;

/// In whole seconds, and in the least room: every connection has one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pauses {
    /// How long the last long pause was, while it is recent; else 0.
    length: u16,
    /// When it ended, by a count that begins anew every 18 hours.
    ended: u16,
}

impl Pauses {
    /// The owner pulls, after it did not since `absent`.
    pub(crate) fn on_pull(&mut self, absent: Option<Time>, now: Time) {
        let pause = absent.map_or(0, |since| now.saturating_since(since).as_secs());
        let pause = u16::try_from(pause).unwrap_or(u16::MAX);
        if pause >= LONG {
            (self.length, self.ended) = (pause, seconds(now));
        } else if self.length > 0 && seconds(now).wrapping_sub(self.ended) > RECENT {
            self.length = 0;
        }
    }

    /// The last long pause, if it ended a short while before the owner last pulled.
    pub(crate) fn recent(&self) -> Option<Duration> {
        (self.length > 0).then(|| Duration::from_secs(u64::from(self.length)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only differences count")]
const fn seconds(time: Time) -> u16 {
    time.elapsed().as_secs() as u16
}
