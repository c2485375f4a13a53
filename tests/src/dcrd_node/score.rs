//! The ban score of a connection.

use peer_core::Time;

/// Lasting points, and passing ones that halve every minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    lasting: u32,
    passing: f64,
    /// Whole seconds at the last increase of the passing points.
    since: u64,
}

impl Score {
    /// After which passing points take half of themselves, in seconds.
    const HALF_LIFE: f64 = 60.0;
    /// After which passing points are gone, in seconds.
    const LIFETIME: u64 = 1_800;

    /// The points at this time.
    #[must_use]
    pub fn at(&self, now: Time) -> u32 {
        let elapsed = now.elapsed().as_secs().saturating_sub(self.since);
        if self.passing < 1.0 || elapsed > Self::LIFETIME {
            return self.lasting;
        }
        self.lasting + whole(self.passing * decay(elapsed))
    }

    /// Adds points and returns all of them.
    pub fn increase(&mut self, lasting: u32, passing: u32, now: Time) -> u32 {
        self.lasting += lasting;
        if passing > 0 {
            let second = now.elapsed().as_secs();
            let elapsed = second.saturating_sub(self.since);
            self.passing = if elapsed > Self::LIFETIME { 0.0 } else { self.passing * decay(elapsed) };
            self.passing += f64::from(passing);
            self.since = second;
        }
        self.lasting + whole(self.passing)
    }
}

fn decay(seconds: u64) -> f64 {
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    (-f64::from(seconds) / Score::HALF_LIFE).exp2()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as the node does; points are few"
)]
fn whole(points: f64) -> u32 {
    points as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn at(seconds: u64) -> Time {
        Time::from_elapsed(Duration::from_secs(seconds))
    }

    #[test]
    fn passing_points_halve_every_minute_and_lasting_ones_stay() {
        let mut score = Score::default();
        assert_eq!(score.increase(20, 80, at(5)), 100);
        assert_eq!([5, 65, 125, 1_805, 1_806].map(|second| score.at(at(second))), [100, 60, 40, 20, 20]);
        assert_eq!(score.increase(0, 10, at(65)), 70);
        assert_eq!(score.increase(0, 10, at(65 + 1_801)), 30);
    }
}
