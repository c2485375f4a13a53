//! Seconds since 1970 as a date and time.

use core::fmt;

/// A time that shows as `2016-02-08 18:00:00 +0000 UTC`.
pub(super) struct Utc(pub(super) u32);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let (year, days) = nth(1970, days, days_of_year);
        let (month, days) = nth(1, days, |month| days_of_month(month, year));
        let day = days.saturating_add(1);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +0000 UTC")
    }
}

/// In which span a day lies, counting spans from `first`, and how many days of it are over.
fn nth(first: u32, mut days: u32, length: impl Fn(u32) -> u32) -> (u32, u32) {
    let mut span = first;
    while let Some(rest) = days.checked_sub(length(span)) {
        days = rest;
        span = span.saturating_add(1);
    }
    (span, days)
}

fn days_of_year(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(month: u32, year: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Utc;

    #[test]
    fn known_times() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 +0000 UTC"),
            (68_255_999, "1972-02-29 23:59:59 +0000 UTC"),
            (68_256_000, "1972-03-01 00:00:00 +0000 UTC"),
            (951_782_400, "2000-02-29 00:00:00 +0000 UTC"),
            (978_307_199, "2000-12-31 23:59:59 +0000 UTC"),
            (1_454_954_400, "2016-02-08 18:00:00 +0000 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 +0000 UTC"),
            (u32::MAX, "2106-02-07 06:28:15 +0000 UTC"),
        ] {
            assert_eq!(Utc(seconds).to_string(), text);
        }
    }
}
