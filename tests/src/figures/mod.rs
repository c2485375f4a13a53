//! What the measuring binaries share: the clock, medians, and numbers for people.

#[cfg(feature = "figures")]
pub mod clock;

use crate::text::grouped;

/// The middle of some measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Half of all are smaller.
    pub median: f64,
    /// The ends of the middle half.
    pub middle: [f64; 2],
}

impl Spread {
    /// Of any number of measurements but none.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| sorted[(sorted.len() - 1) * quarters / 4];
        Self { median: at(2), middle: [at(1), at(3)] }
    }
}

/// Without what is behind the point, and with a comma before every three digits.
#[expect(clippy::cast_possible_truncation, reason = "nothing that is measured is so large")]
pub fn whole(number: f64) -> String {
    grouped(number.round() as u64)
}

/// With three digits that count, and commas where there are more.
pub fn rounded(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => whole(number),
    }
}

/// Nanoseconds, in the unit that suits them.
pub fn duration(nanos: f64) -> String {
    match nanos {
        ..1e3 => format!("{} ns", rounded(nanos)),
        ..1e6 => format!("{} us", rounded(nanos / 1e3)),
        _ => format!("{} ms", rounded(nanos / 1e6)),
    }
}
