//! `dcrpeer`: connects to Decred peers, runs as one, and decodes their frames, from the command line.
//!
//! This file has the command line. Each command has its file: `demo`, `connect`, `crawl`, `listen`, `decode`, `serve`,
//! `load`, `check`, `replay`, `proxy`, `shell`. No command uses another, and no other file uses a command; what they share
//! stands beside them, in layers:
//!
//! | files | what they do |
//! | --- | --- |
//! | `session`, `probes`, `listener`, `record` | run a connection of `connect` and `listen`; listen; record |
//! | `report`, `notice`, `status`, `stats`, `fields` | tell what happens, to people and to programs |
//! | `explain`, `causes`, `outcome`, `unserved`, `versions` | say why a connection ended, and what to do |
//! | `dial`, `happy_eyeballs`, `socks`, `first_bytes`, `traffic`, `scope` | addresses and streams |
//! | `options`, `help`, `usage`, `node`, `shutdown`, `system`, `clock` | the command line's options, and the process |
//! | `output`, `terminal`, `layout`, `format`, `lines`, `error` | input, output, and how the tool fails |

mod causes;
mod check;
mod clock;
mod command_totals;
mod connect;
mod crawl;
mod decode;
mod demo;
mod dial;
mod error;
mod explain;
mod fields;
mod first_bytes;
mod format;
mod happy_eyeballs;
mod help;
mod layout;
mod lines;
mod listen;
mod listener;
mod load;
mod node;
mod notice;
mod options;
mod outcome;
mod output;
mod probes;
mod proxy;
mod record;
mod replay;
mod report;
mod scope;
mod serve;
mod session;
mod shell;
mod shutdown;
mod socks;
mod stats;
mod status;
mod system;
mod terminal;
mod traffic;
mod unserved;
mod usage;
mod versions;

use core::future::Future;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::error::{Failure, plain};

/// Longer lines are hard to read.
const WIDEST_HELP: usize = 80;

/// Connects to Decred peers, runs as one, and decodes their frames.
///
/// Without a command, two peers run on this machine and every step is printed: a good start.
#[derive(Debug, Parser)]
#[command(
    name = "dcrpeer",
    version,
    after_help = help::TOOL,
    max_term_width = WIDEST_HELP
)]
struct Cli {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run two peers over TCP on this machine, and print each step (the default)
    Demo(demo::DemoArgs),
    /// Connect to a peer, and show every message
    #[command(after_help = help::CONNECT)]
    Connect(connect::ConnectArgs),
    /// Visit all peers of a network, and report a summary
    #[command(after_help = help::CRAWL)]
    Crawl(crawl::CrawlArgs),
    /// Accept a few peers, and show every message
    #[command(after_help = help::LISTEN)]
    Listen(listen::ListenArgs),
    /// Decode frames written in hexadecimal, one a line
    #[command(after_help = help::DECODE)]
    Decode(decode::DecodeArgs),
    /// Print a recorded conversation, or compare our machine with it
    #[command(after_help = help::REPLAY)]
    Replay(replay::ReplayArgs),
    /// Stand between two programs, and record what they send
    #[command(after_help = help::PROXY)]
    Proxy(proxy::ProxyArgs),
    /// Run a node with many peers, and show them in a table
    #[command(after_help = help::SERVE)]
    Serve(serve::ServeArgs),
    /// Open many connections to a node, and measure both ends
    #[command(after_help = help::LOAD, mut_arg("json", |arg| arg.help("Write one JSON object")))]
    Load(load::LoadArgs),
    /// Check whether a node behaves as real nodes do
    #[command(after_help = help::CHECK)]
    Check(check::CheckArgs),
    /// Print a script that completes commands and options in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(shell::CompletionsArgs),
    /// Print a page for man about the tool or one of its commands
    #[command(after_help = help::MAN)]
    Man(shell::ManArgs),
}

impl Action {
    /// Whether the output is JSON.
    const fn is_for_programs(&self) -> bool {
        match self {
            Self::Demo(_) | Self::Completions(_) | Self::Man(_) => false,
            Self::Connect(args) => args.peer.json,
            Self::Crawl(args) => args.peer.json,
            Self::Listen(args) => args.peer.json,
            Self::Decode(args) => args.json,
            Self::Replay(args) => args.json,
            Self::Proxy(args) => args.json,
            Self::Serve(args) => args.peer.json,
            Self::Load(args) => args.peer.json,
            Self::Check(args) => args.json,
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let cli = Cli::try_parse().or_else(|error| usage::explain(&error))?;
    let action = cli.action.unwrap_or_else(|| Action::Demo(demo::DemoArgs::default()));
    let json = action.is_for_programs();
    act(action).map_err(|failure| if json { output::report_failure(failure) } else { failure })
}

fn act(action: Action) -> Result<(), Failure> {
    match action {
        Action::Demo(args) => in_runtime(demo::run(args)),
        Action::Connect(args) => in_runtime(connect::run(args)),
        Action::Crawl(args) => in_runtime(crawl::run(args)),
        Action::Listen(args) => in_runtime(listen::run(args)),
        Action::Decode(args) => decode::run(&args),
        Action::Replay(args) if args.is_live() => in_runtime(replay::run_against(args)),
        Action::Replay(args) => replay::run(&args),
        Action::Proxy(args) => in_runtime(proxy::run(args)),
        Action::Serve(args) => in_runtime(serve::run(args)),
        Action::Load(args) => in_runtime(load::run(args)),
        Action::Check(args) => in_runtime(check::run(args)),
        Action::Completions(args) => shell::print_completions(&args, Cli::command()),
        Action::Man(args) => shell::print_man(&args, Cli::command()),
    }
}

/// One thread serves any number of peers.
fn in_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {}", plain(&error))))?;
    let result = runtime.block_on(command);
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    result
}
