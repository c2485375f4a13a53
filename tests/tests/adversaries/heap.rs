//! Counting what an attack costs, and the table of it.

use core::fmt::Write as _;
use std::alloc::System;
use std::sync::Mutex;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

pub(crate) const KIB: usize = 1024;
pub(crate) const MIB: usize = 1024 * KIB;

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
    note(attack, &format!("{} {unit}", grouped(bound)), &grouped(measured));
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
