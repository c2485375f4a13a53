//! `sim`: runs simulated worlds from the command line. `docs/simulation.md` teaches it.
//!
//! `args` reads the command line; `single` runs one world and tells its story, `range` many at once; `report`
//! says what came of it, `chart` draws how items spread, `failure` how to see a failure again,
//! `recorder` what crossed its connections; `interrupt` notes Ctrl-C.
#![expect(clippy::arithmetic_side_effects, reason = "a failure of the tool may stop it, like one of a world")]

mod args;
mod chart;
mod clock;
mod failure;
mod interrupt;
mod range;
mod recorder;
mod report;
mod single;
mod text;

use std::process::ExitCode;

use clap::Parser;

use self::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    failure::keep_quiet();
    let result = if cli.lists_scenarios() {
        report::scenarios();
        Ok(())
    } else {
        interrupt::watch().and_then(|()| match &cli.seeds {
            Some(seeds) => range::run(&cli, seeds),
            None => single::run(&cli),
        })
    };
    match result {
        Ok(()) if interrupt::came() => interrupt::exit_code(),
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
