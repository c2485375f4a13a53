//! `cost`: what a machine costs as messages grow, and as machines become many. `docs/performance.md` tells what
//! came of it.
//!
//! `sizes` and `numbers` measure, `report` says what came of it, `chart` draws it. `fanout` is a table of its own.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "small numbers of a tool's own, and a panic here harms no one"
)]

mod args;
mod chart;
mod fanout;
mod numbers;
mod report;
mod sizes;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use self::args::{Cli, Table};
use self::report::Outcome;

/// Counts, which adds a few nanoseconds to every allocation.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Why it did not work.
type Failure = Box<dyn core::error::Error>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    if let Some(Table::Fanout(arguments)) = &cli.table {
        return fanout::run(arguments, &arguments.progress_bar());
    }
    let bar = cli.progress_bar();
    let sizes = sizes::measure(cli, &bar)?;
    let numbers = numbers::measure(cli, &bar)?;
    bar.finish_and_clear();
    let outcome = Outcome { sizes, numbers };
    report::print(&outcome, cli);
    match &cli.svg {
        Some(file) => chart::draw(file, &outcome)
            .map_err(|error| format!("cannot draw {}: {error}", file.display()).into()),
        None => Ok(()),
    }
}
