//! Time as the machine sees it: an argument.

use alloc::format;
use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A point on the owner's monotonic clock: the time elapsed since a start that the owner chose.
///
/// Only differences matter. Time may stand still or go backwards. The unit is the nanosecond. The last point is 584
/// years after the start; later times become it.
///
/// A machine keeps many of these, most of them optional. An `Option` of it takes eight bytes too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(
    /// Nanoseconds since the start, and one.
    NonZeroU64,
);

impl Time {
    /// The start.
    pub const ZERO: Self = Self(NonZeroU64::MIN);

    /// The point `elapsed` after the start.
    #[must_use]
    pub const fn from_elapsed(elapsed: Duration) -> Self {
        Self(NonZeroU64::MIN.saturating_add(nanos(elapsed)))
    }

    /// Time elapsed since the start.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(1))
    }

    /// Time from `earlier` to here; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// The point `duration` later; the last representable one if that is too late.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.elapsed(), f)
    }
}

impl fmt::Display for Time {
    /// Seconds with milliseconds, like `12.345s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = self.elapsed();
        f.pad(&format!("{}.{:03}s", elapsed.as_secs(), elapsed.subsec_millis()))
    }
}

/// Nanoseconds, at most `u64::MAX`.
#[expect(clippy::cast_possible_truncation, reason = "compared before")]
const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos < u64::MAX as u128 { nanos as u64 } else { u64::MAX }
}
