//! Durations on the command line.

use core::time::Duration;

/// `500ms`, `10s`, `1.5m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let hint = || "write a number and its unit, like 500ms, 10s, 2m or 1h".to_owned();
    let unit = text.find(|char: char| char.is_ascii_alphabetic()).ok_or_else(hint)?;
    let (number, unit) = text.split_at_checked(unit).ok_or_else(hint)?;
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(hint()),
    };
    let number: f64 = number.parse().map_err(|_| hint())?;
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err("a duration is between 0s and 8760h".to_owned()),
    }
}

/// A year: longer than anybody waits, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(8760 * 3600);
