//! `loopback`: what the adapters cost over real sockets. `docs/performance.md` tells what came of it.
//!
//! `lines` says what is measured; `memory`, `sockets`, `mio` and `tokio` are the ways to do it, all behind the
//! trait of `way`; `rounds` lets them alternate, and `report` says what came of it. `crowd` measures
//! many connections at a time, `recorded` what a recording costs, and `latency` what passes on the clock: for a
//! handshake, and for a ping `behind_blocks`.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "small numbers of a tool's own, and a panic here harms no one"
)]

mod args;
mod behind_blocks;
mod crowd;
mod latency;
mod lines;
mod memory;
mod over_mio;
mod over_tokio;
mod recorded;
mod report;
mod rounds;
mod sockets;
mod way;

use std::process::ExitCode;

use clap::Parser;

use self::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.crowd {
        Some(count) => crowd::run(count.into(), cli.json),
        None if cli.latency => latency::run(&cli),
        None if cli.recorded => recorded::run(&cli),
        None => rounds::run(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
