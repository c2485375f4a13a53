//! How much a hostile remote takes of what we write.

use core::time::Duration;

use peer_core::Time;
use rand_chacha::ChaCha8Rng;

use super::cut::Cut;
use super::{a_while, between, magnitude, one_of};

/// What it takes.
#[derive(Clone, Copy, Debug)]
enum Way {
    Everything,
    Nothing,
    /// One whole frame each time.
    Frames(Duration),
    /// So many bytes each time, whatever frames they are of.
    Bytes(usize, Duration),
}

/// See the [module](self). It knows the frames that it takes, to stop behind one and to count them.
#[derive(Debug)]
pub(super) struct Taker {
    way: Way,
    next: Time,
    /// Frames and bytes that it takes now.
    frames: u64,
    bytes: usize,
    /// The frames that it took.
    pub(super) cut: Cut,
}

impl Taker {
    pub(super) fn new() -> Self {
        let (frames, bytes) = (u64::MAX, usize::MAX);
        Self { way: Way::Everything, next: Time::ZERO, frames, bytes, cut: Cut::default() }
    }

    /// Goes on in another way.
    pub(super) fn turn(&mut self, now: Time, rng: &mut ChaCha8Rng) {
        // 20 s is what the machine allows for a frame: just below is where it hurts most.
        let pause = match between(rng, 0, 2) {
            0 => Duration::from_millis(between(rng, 18_000, 20_000)),
            _ => a_while(rng, 100, 60_000),
        };
        let bytes = usize::try_from(magnitude(rng, 1, 1 << 17)).unwrap();
        let ways = [Way::Everything, Way::Nothing, Way::Frames(pause), Way::Bytes(bytes, pause)];
        self.way = one_of(rng, &ways);
        self.next = now;
        (self.frames, self.bytes) = (0, 0);
    }

    /// When it takes again.
    pub(super) fn next(&self) -> Option<Time> {
        matches!(self.way, Way::Frames(_) | Way::Bytes(..)).then_some(self.next)
    }

    /// What it takes from `now` on.
    pub(super) fn allow(&mut self, now: Time) {
        match self.way {
            Way::Everything => (self.frames, self.bytes) = (u64::MAX, usize::MAX),
            Way::Frames(pause) if now >= self.next => {
                (self.frames, self.bytes) = (1, usize::MAX);
                self.next = now + pause;
            }
            Way::Bytes(bytes, pause) if now >= self.next => {
                (self.frames, self.bytes) = (u64::MAX, bytes);
                self.next = now + pause;
            }
            Way::Nothing | Way::Frames(_) | Way::Bytes(..) => {}
        }
    }

    /// Whether it takes anything now.
    pub(super) const fn has_room(&self) -> bool {
        self.frames > 0 && self.bytes > 0
    }

    /// How many of these bytes it takes.
    pub(super) fn take(&mut self, offered: &[u8]) -> usize {
        let mut count = 0;
        while self.has_room() && count < offered.len() {
            let before = self.cut.frames;
            let rest = &offered[count..];
            let step = self.cut.step(&rest[..rest.len().min(self.bytes)]);
            count += step;
            if self.bytes != usize::MAX {
                self.bytes -= step;
            }
            if self.frames != u64::MAX {
                self.frames -= self.cut.frames - before;
            }
        }
        count
    }
}
