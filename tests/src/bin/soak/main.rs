//! `soak`: both adapters under random connects, drops, resets, junk and cancels, for as long as you like.
//!
//! `plan` draws what happens on a connection, `session` says and checks the numbered messages of one end, whatever
//! drives it: `over_mio`, `over_tokio`, or `raw`, a remote without a machine. `tally` counts, `report` tells.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "small numbers of a tool's own, and a panic here harms no one"
)]

mod args;
mod clock;
mod over_mio;
mod over_tokio;
mod plan;
mod raw;
mod report;
mod run;
mod session;
mod tally;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use self::args::Cli;

/// Counts what is allocated and freed.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Why it did not work.
type Failure = Box<dyn core::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run::run(&cli) {
        Ok(outcome) => {
            report::print(&outcome, &cli);
            if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Bytes on the heap.
fn heap() -> i64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}
