//! Numbers that pages and documentation state, held against what is measured.

use std::fs;
use std::path::Path;

/// Where a number stands: in this file, by its path from the root, behind these words, which are there once. Line
/// breaks and the marks of comments count as spaces.
pub type Place = (&'static str, &'static str);

/// Asserts that each place states a number of bytes that `measured` does not exceed, and that is at most a quarter too
/// high. Where a place says "times", it is times `base`.
///
/// # Panics
///
/// If a place states another number.
#[track_caller]
pub fn assert_states(what: &str, measured: usize, base: usize, places: &[Place]) {
    println!("{what}: {measured} bytes measured");
    for place @ (file, words) in places {
        let stated = stated(*place, base);
        assert!(measured <= stated, "{file}: {words}: states {stated}, but {what} took {measured}");
        let high = measured.saturating_add(measured / 4);
        assert!(stated <= high, "{file}: {words}: states {stated}, but {what} took only {measured}");
    }
}

/// The number of bytes at this place.
///
/// # Panics
///
/// If there is no number with a unit.
#[must_use]
#[track_caller]
pub fn stated((file, words): Place, base: usize) -> usize {
    let text = text(file);
    let found: Vec<_> = text.split(words).skip(1).collect();
    let [rest] = &found[..] else { panic!("{file} has {} times: {words}", found.len()) };
    let (number, rest) = rest.split_once([' ', '\u{a0}']).unwrap_or_default();
    let unit = rest.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let unit = match unit {
        "B" | "bytes" => 1,
        "kB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "times" => base,
        _ => panic!("{file}: no unit behind: {words}{number}"),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.replace(',', "") + part;
    let digits: usize = digits.parse().unwrap_or_else(|_| panic!("{file}: no number behind: {words}"));
    let scale = part.chars().fold(1_usize, |scale, _| scale.saturating_mul(10));
    digits.saturating_mul(unit).checked_div(scale).unwrap_or_default()
}

/// The words of a file.
fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let bare = text.lines().map(|line| {
        let line = line.trim();
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or(line)
    });
    bare.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
