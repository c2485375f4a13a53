//! Numbers, sizes, durations and texts for people and programs.

use core::fmt;
use core::time::Duration;

use indicatif::HumanCount;
use serde::Serializer;

/// A number with separated thousands: `2,500`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

impl From<usize> for Count {
    fn from(number: usize) -> Self {
        Self(number as u64)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HumanCount(self.0).to_string())
    }
}

/// A number of things that have a regular plural, like `1 frame` and `2 frames`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, thing) = *self;
        write!(f, "{} {thing}{}", Count(count), if count == 1 { "" } else { "s" })
    }
}

/// A number with a sign and separated thousands: `-1,200`, and `+1,200` if a plus is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed(pub(crate) i64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad_integral(self.0 >= 0, "", &HumanCount(self.0.unsigned_abs()).to_string())
    }
}

/// A duration in the unit that suits it: `0.18 ms`, `12.3 ms`, `400 ms`, `2.50 s`, `12 s`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = milliseconds(self.0);
        f.pad(&match (ms, self.0.subsec_nanos()) {
            (1000.0.., 0) => format!("{} s", Count(self.0.as_secs())),
            (1_000_000.0.., _) => format!("{} s", Count(self.0.as_secs())),
            (1000.0.., _) => format!("{:.2} s", self.0.as_secs_f64()),
            (_, nanos) if nanos.is_multiple_of(1_000_000) => format!("{ms} ms"),
            (10.0.., _) => format!("{ms:.1} ms"),
            _ => format!("{ms:.2} ms"),
        })
    }
}

/// A number of bytes in the unit that suits it: `812 B`, `4.1 kB`, `12.3 MB`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut size = self.0 as f64 / 1e3;
        let mut units = ["kB", "MB", "GB", "TB"].into_iter();
        let mut unit = units.next().unwrap_or_default();
        // What would be rounded to 1000 is 1 of the next unit.
        while size >= 999.95
            && let Some(next) = units.next()
        {
            size /= 1e3;
            unit = next;
        }
        f.pad(&format!("{size:.1} {unit}"))
    }
}

/// How long something has lasted, in two units: `12s`, `3m05s`, `2h07m`, `4d03h`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age(pub(crate) Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        f.pad(&match (days, hours, minutes) {
            (0, 0, 0) => format!("{seconds}s"),
            (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
            (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
            _ => format!("{days}d{:02}h", hours % 24),
        })
    }
}

/// The time at which something happened, as the first column of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) Duration);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(10) {
            let tenths = self.0.as_micros().saturating_add(50) / 100;
            let whole = Count(u64::try_from(tenths / 10).unwrap_or(u64::MAX));
            write!(f, "{:>7} ms", format!("{whole}.{}", tenths % 10))
        } else {
            write!(f, "{:>8.2} s", self.0.as_secs_f64())
        }
    }
}

/// The rate per second, rounded.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    let dividend = u128::from(count).saturating_mul(1_000_000).saturating_add(micros / 2);
    u64::try_from(dividend.checked_div(micros).unwrap_or_default()).unwrap_or(u64::MAX)
}

/// A duration in milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros());
    micros.map_or_else(|_| duration.as_secs_f64() * 1e3, |micros| f64::from(micros) / 1e3)
}

/// Serializes a duration as [`milliseconds`].
pub(crate) fn as_milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(milliseconds(*duration))
}

/// The smallest value that at least `percent` of all are not above, by nearest rank.
pub(crate) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The words of an error's name: `ClosedByRemote` as `closed by remote`.
pub(crate) fn spaced(name: &str) -> String {
    let mut words = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(char.to_ascii_lowercase());
    }
    words
}

/// The longest part of the user's input that an error repeats, in characters.
pub(crate) const LONGEST_SHOWN: usize = 60;

/// The text, with its end cut off if it is longer than `most` characters.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let Some(kept) = most.checked_sub(1) else { return String::new() };
    text.chars().take(kept).chain(['…']).collect()
}
