//! Numbers, durations and errors for people.

use core::fmt;
use core::time::Duration;

pub(crate) use peer_tests::text::grouped;

/// The text of an error, without the number that the system gives to it.
pub(crate) fn plain(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// In the two largest units that are not zero: `1 h 12 min`, or seconds with milliseconds.
pub(crate) fn long(duration: Duration) -> String {
    const UNITS: [(u64, &str); 5] =
        [(365 * 24 * 3600, "years"), (24 * 3600, "days"), (3600, "h"), (60, "min"), (1, "sec")];
    let seconds = duration.as_secs();
    let Some(&[large, small]) =
        UNITS.windows(2).find(|pair| matches!(pair, [large, _] if seconds >= large.0))
    else {
        return format!("{}.{:03} s", seconds, duration.subsec_millis());
    };
    let (count, rest) = (counted(seconds / large.0, large.1), seconds % large.0 / small.0);
    if rest == 0 { count } else { format!("{count} {}", counted(rest, small.1)) }
}

fn counted(count: u64, unit: &str) -> String {
    format!("{count} {}", if count == 1 { unit.trim_end_matches('s') } else { unit })
}

/// As [`long`], or in peer-years where it is one at least.
pub(crate) fn lifetime(duration: Duration) -> String {
    if duration < Duration::from_secs(365 * 24 * 3600) {
        long(duration)
    } else {
        format!("{} peer-years", years(duration))
    }
}

/// Of a year of 365 days, in hundredths.
fn years(duration: Duration) -> String {
    let hundredths = duration.as_secs() / (365 * 24 * 36);
    format!("{}.{:02}", grouped(hundredths / 100), hundredths % 100)
}

/// How many, each second.
pub(crate) fn rate(count: u64, duration: Duration) -> u64 {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1000) / millis
}
