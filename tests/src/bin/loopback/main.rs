//! `loopback`: what the adapters cost over real sockets. `docs/performance.md` tells what came of it.
//!
//! `lines` says what is measured; `memory`, `sockets`, `mio` and `tokio` are the ways to do it, all behind the
//! trait of `way`; `rounds` lets them alternate, and `report` says what came of it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "small numbers of a tool's own, and a panic here harms nobody"
)]

mod args;
mod lines;
mod memory;
mod over_mio;
mod over_tokio;
mod report;
mod rounds;
mod sockets;
mod way;

use std::process::ExitCode;

use clap::Parser;

use self::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match rounds::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
