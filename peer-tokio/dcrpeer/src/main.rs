//! `dcrpeer`: talk to Decred peers, be one, and read their frames, from the command line.
//!
//! `args` reads the command line, and each command has its file: `demo`, `connect`, `crawl`, `listen`, `decode`,
//! `serve`, `load`. Both `connect` and `listen` run sessions (`session`) and report what happens on them (`report`,
//! `stats`); `serve` and `load` have very many, so they count (`traffic`, `system`). `explain` turns the reason of an
//! end into advice, `causes` guesses at it where there is none. `output` and `error` write all output, besides the
//! screen of `serve`.

mod args;
mod causes;
mod clock;
mod connect;
mod crawl;
mod decode;
mod demo;
mod dial;
mod error;
mod explain;
mod fields;
mod first_bytes;
mod happy_eyeballs;
mod help;
mod hex;
mod lines;
mod listen;
mod load;
mod node;
mod output;
mod probes;
mod report;
mod scope;
mod serve;
mod services;
mod session;
mod shutdown;
mod socks;
mod stats;
mod system;
mod target;
mod traffic;
mod unserved;
mod versions;

use core::future::Future;
use std::process::ExitCode;

use clap::Parser;

use self::args::{Action, Cli};
use self::error::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let cli = Cli::try_parse().or_else(|error| args::explain(&error))?;
    let action = cli.action.unwrap_or(Action::Demo);
    let json = action.is_for_programs();
    act(action).map_err(|failure| if json { failure.tell_programs() } else { failure })
}

fn act(action: Action) -> Result<(), Failure> {
    match action {
        Action::Demo => in_runtime(demo::run()),
        Action::Connect(args) => in_runtime(connect::run(args)),
        Action::Crawl(args) => in_runtime(crawl::run(args)),
        Action::Listen(args) => in_runtime(listen::run(args)),
        Action::Decode(args) => decode::run(&args),
        Action::Serve(args) => in_runtime(serve::run(args)),
        Action::Load(args) => in_runtime(load::run(args)),
    }
}

/// One thread serves any number of peers.
fn in_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let result = runtime.block_on(command);
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    result
}
