//! Durations on the command line.

use core::time::Duration;

use humantime::DurationError as Error;

/// `500ms`, `10s`, `1.5m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) | Err(Error::NumberOverflow) => Err("a duration is between 0s and 8760h".to_owned()),
        Err(_) => Err("write a number and its unit, like 500ms, 10s, 2m or 1h".to_owned()),
    }
}

/// A year: longer than any use, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(8760 * 3600);
