//! Counting what an attack costs, and the table of it.

use core::fmt::Write as _;
use std::alloc::System;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

pub(crate) const KIB: usize = 1024;
pub(crate) const MIB: usize = 1024 * KIB;

/// Whether everything is as large as what the page tells of. Which frames are hashed together, and kept for that,
/// depends on the CPU where vectors are used.
const IS_AS_ON_THE_PAGE: bool = cfg!(not(debug_assertions)) && cfg!(not(feature = "simd"));

/// Counts from its making on.
#[derive(Debug)]
pub(crate) struct Meter {
    region: Region<'static, System>,
    peak: usize,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { region: Region::new(ALLOCATOR), peak: 0 }
    }

    /// Bytes that are held now and were not at the start.
    pub(crate) fn held(&self) -> usize {
        let change = self.region.change();
        change.bytes_allocated.saturating_sub(change.bytes_deallocated)
    }

    /// Bytes allocated since the start, freed or not.
    pub(crate) fn allocated(&self) -> usize {
        self.region.change().bytes_allocated
    }

    /// Allocations since the start, and changes of size.
    pub(crate) fn allocations(&self) -> usize {
        let change = self.region.change();
        change.allocations + change.reallocations
    }

    /// Runs a step and notes the most that can have been held during it: what was held before and everything
    /// that it allocated.
    pub(crate) fn step<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let (held, allocated) = (self.held(), self.allocated());
        let result = act();
        self.peak = self.peak.max(held + self.allocated() - allocated);
        result
    }

    /// The most that was held in any step.
    pub(crate) const fn peak(&self) -> usize {
        self.peak
    }
}

/// A line of the table.
struct Row {
    test: &'static str,
    attack: String,
    bound: String,
    measured: String,
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// The test that runs.
static TEST: Mutex<&str> = Mutex::new("");

/// Tells which test the numbers from now on belong to.
pub(crate) fn begin(test: &'static str) {
    *TEST.lock().unwrap() = test;
}

/// Asserts that a number stays within its bound, and notes both.
///
/// # Panics
///
/// If it does not.
#[track_caller]
pub(crate) fn at_most(attack: &str, unit: &str, bound: usize, measured: usize) {
    assert!(measured <= bound, "{attack}: {measured} {unit}, at most {bound} allowed");
    if unit.starts_with("bytes") && IS_AS_ON_THE_PAGE {
        check_page(attack, &format!("{} {unit}", grouped(bound)), measured);
    }
    note(attack, &format!("{} {unit}", grouped(bound)), &grouped(measured));
}

/// Asserts that the page tells what was measured, or at most a quarter more.
#[track_caller]
fn check_page(attack: &str, bound: &str, measured: usize) {
    let test = *TEST.lock().unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/adversaries.md");
    let page = fs::read_to_string(page).unwrap();
    let told = page.lines().find_map(|line| {
        let row = line.strip_prefix(&format!("| {attack} | {bound} | "))?;
        row.strip_suffix(&format!(" | `{test}` |"))
    });
    let told = told.unwrap_or_else(|| panic!("docs/adversaries.md has no row of {attack}, {bound}, {test}"));
    let told: usize = told.replace(',', "").parse().unwrap();
    let is_right = (measured..=measured + measured / 4).contains(&told);
    assert!(is_right, "docs/adversaries.md tells {told} of {attack}, {bound}, which took {measured}");
}

/// Notes what an attack showed, where that is no number or has no bound that is one.
pub(crate) fn note(attack: &str, bound: &str, measured: &str) {
    let test = *TEST.lock().unwrap();
    let row = Row { test, attack: attack.into(), bound: bound.into(), measured: measured.into() };
    ROWS.lock().unwrap().push(row);
}

/// Prints everything that was noted, as Markdown.
pub(crate) fn print_table() {
    let mut table = String::from("| attack | bound | measured | test |\n| --- | --- | --- | --- |\n");
    for Row { test, attack, bound, measured } in ROWS.lock().unwrap().iter() {
        writeln!(table, "| {attack} | {bound} | {measured} | `{test}` |").unwrap();
    }
    println!("{table}");
}

/// A number with commas between the thousands.
pub(crate) fn grouped(number: usize) -> String {
    peer_tests::text::grouped(number as u64)
}

/// The size of an attack: all of it in release, a small part in debug.
pub(crate) const fn scaled(full: usize) -> usize {
    if cfg!(debug_assertions) { full / 256 } else { full }
}
