//! `dcrpeer`: connects to Decred peers, runs as one, and decodes their frames, from the command line.
//!
//! This file has the command line. Each command has its file: `demo`, `connect`, `crawl`, `listen`, `decode`, `serve`,
//! `load`, `replay`, `proxy`. No command uses another, and no other file uses a command; what they share stands beside them, in layers:
//!
//! | files | what they do |
//! | --- | --- |
//! | `session`, `probes`, `listener`, `record` | run a connection of `connect` and `listen`; listen; record |
//! | `report`, `notice`, `status`, `stats`, `fields` | tell what happens, to people and to programs |
//! | `explain`, `causes`, `outcome`, `unserved`, `versions` | say why a connection ended, and what to do |
//! | `dial`, `happy_eyeballs`, `socks`, `first_bytes`, `traffic`, `scope` | addresses and streams |
//! | `options`, `help`, `node`, `shutdown`, `system`, `clock` | the command line's options, and the process |
//! | `output`, `terminal`, `format`, `lines`, `error` | input, output, and how the tool fails |

mod causes;
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
mod shutdown;
mod socks;
mod stats;
mod status;
mod system;
mod terminal;
mod traffic;
mod unserved;
mod versions;

use core::future::Future;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use self::error::Failure;

/// Connects to Decred peers, runs as one, and decodes their frames.
///
/// Without a command, two peers run on this machine and every step is printed: the best way to begin.
#[derive(Debug, Parser)]
#[command(
    name = "dcrpeer",
    version,
    after_help = help::TOOL
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
    /// Accept peers, and show every message
    #[command(after_help = help::LISTEN)]
    Listen(listen::ListenArgs),
    /// Decode frames written in hexadecimal, one a line
    #[command(after_help = help::DECODE)]
    Decode(decode::DecodeArgs),
    /// Tell a recorded conversation, or compare our machine with it
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
}

impl Action {
    /// Whether the output is JSON.
    const fn is_for_programs(&self) -> bool {
        match self {
            Self::Demo(_) => false,
            Self::Connect(args) => args.peer.json,
            Self::Crawl(args) => args.peer.json,
            Self::Listen(args) => args.peer.json,
            Self::Decode(args) => args.json,
            Self::Replay(args) => args.json,
            Self::Proxy(args) => args.json,
            Self::Serve(args) => args.peer.json,
            Self::Load(args) => args.peer.json,
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
    let cli = Cli::try_parse().or_else(|error| explain(&error))?;
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

/// Shows the help that was asked for, or says in one line what is wrong with the command line.
fn explain<T>(error: &clap::Error) -> Result<T, Failure> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Err(Failure::Helped);
    }
    let text = error.to_string().replace("\n\n  tip:", "; tip:");
    let line = text.split("\n\n").next().unwrap_or_default();
    let line = line.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Failure::Usage(format!("{line}; try --help")))
}
