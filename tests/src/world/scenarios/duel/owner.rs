//! How an owner and its driver behave that keep no contract but the truth of what they tell.

use core::time::Duration;

use peer_core::Time;
use rand_chacha::ChaCha8Rng;

use super::{a_while, between, magnitude, once_in, one_of};

/// When the driver looks.
#[derive(Clone, Copy, Debug)]
enum Looks {
    /// When it is told to, and when bytes come; at times a while later.
    Told,
    /// In rounds of this length.
    Rounds(Duration),
    /// At random.
    Anyhow(u64),
}

/// What a driver does when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Read,
    Write,
    Timers,
    Ask,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Owner {
    looks: Looks,
    /// How often it tells that the transport was drained: of 4 times.
    tells: u64,
    /// How often it sleeps, holds an event, reports late and takes a wrong time: once in so many times.
    sleeps: u64,
    holds: u64,
    late: u64,
    jumps: u64,
    /// In which order it does what it does; shuffled each time if it has none.
    order: Option<[Act; 4]>,
}

impl Owner {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let round = match between(rng, 0, 3) {
            // As long as what the machine allows: just behind is where it hurts most.
            0 => between(rng, 19_500, 21_500),
            1 => between(rng, 29_500, 31_500),
            _ => between(rng, 1000, 40_000),
        };
        let most = magnitude(rng, 1000, 40_000);
        let all = [Looks::Told, Looks::Rounds(Duration::from_millis(round)), Looks::Anyhow(most)];
        let looks = one_of(rng, &all);
        let order = once_in(rng, 2).then(|| shuffled(rng));
        let often = |rng: &mut ChaCha8Rng| one_of(rng, &[5, 20, 100, u64::MAX]);
        Self {
            looks,
            tells: one_of(rng, &[0, 2, 4]),
            sleeps: often(rng),
            holds: often(rng),
            late: often(rng),
            jumps: often(rng),
            order,
        }
    }

    /// When it looks again. It is `told` when to, and bytes come at `comes`.
    pub(super) fn next(&self, now: Time, told: Time, comes: Time, rng: &mut ChaCha8Rng) -> Time {
        if once_in(rng, self.sleeps) {
            return now + a_while(rng, 1000, 600_000);
        }
        let next = match self.looks {
            Looks::Told => {
                let late = if once_in(rng, 8) { a_while(rng, 1, 5000) } else { Duration::ZERO };
                told.min(comes) + late
            }
            Looks::Rounds(round) => now + round,
            Looks::Anyhow(most) => now + a_while(rng, 1, most),
        };
        next.max(now + Duration::from_millis(1))
    }

    pub(super) fn order(&self, rng: &mut ChaCha8Rng) -> [Act; 4] {
        self.order.unwrap_or_else(|| shuffled(rng))
    }

    /// Whether it tells that it drained the transport, this time.
    pub(super) fn tells(&self, rng: &mut ChaCha8Rng) -> bool {
        between(rng, 0, 3) < self.tells
    }

    /// How long it keeps an event, if it does.
    pub(super) fn holds(&self, rng: &mut ChaCha8Rng) -> Option<Duration> {
        once_in(rng, self.holds).then(|| a_while(rng, 100, 120_000))
    }

    /// How late it reports what was written, if it does.
    pub(super) fn is_late(&self, rng: &mut ChaCha8Rng) -> Option<Duration> {
        once_in(rng, self.late).then(|| a_while(rng, 10, 15_000))
    }

    /// What its clock shows at `now`.
    pub(super) fn clock(&self, now: Time, rng: &mut ChaCha8Rng) -> Time {
        if once_in(rng, self.jumps.saturating_mul(4)) { now + a_while(rng, 100, 86_400_000) } else { now }
    }
}

fn shuffled(rng: &mut ChaCha8Rng) -> [Act; 4] {
    let mut all = [Act::Read, Act::Write, Act::Timers, Act::Ask];
    for last in (1..all.len()).rev() {
        all.swap(last, usize::try_from(between(rng, 0, last as u64)).unwrap());
    }
    all
}
