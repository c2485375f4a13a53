//! The command line.

use clap::Parser;

use crate::lines;
use crate::way::NAMES;

/// What the adapters cost over sockets of this machine, beside what cannot be avoided.
///
/// Each line is done in four ways that take turns, round by round, each on one thread that carries both ends of
/// one connection over 127.0.0.1:
///
///   sockets  the same bytes through sockets and a poll, and no protocol
///   memory   the same messages through two machines, and no sockets
///   mio      two machines over sockets, driven by peer-mio
///   tokio    two machines over sockets, driven by peer-tokio on one thread
///
/// Times are those of the CPU, the system's part included, medians of all rounds. The three ratios are taken
/// within each round; the last one, against sockets and memory together, is what an adapter adds to what it
/// cannot do without. In brackets: the middle half of all rounds.
#[derive(Debug, Parser)]
#[command(name = "loopback", version, verbatim_doc_comment, after_help = lines::names())]
pub(crate) struct Cli {
    /// Only lines in whose name one of these occurs
    #[arg(value_name = "PART")]
    pub(crate) parts: Vec<String>,
    /// How often each way is measured
    #[arg(long, default_value_t = 31, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) rounds: u16,
    /// Only this way, so that a profiler sees nothing else; there are no ratios then
    #[arg(long, value_name = "WAY", value_parser = NAMES)]
    pub(crate) only: Option<String>,
    /// Measure so many connections at a time instead: what a round trip costs, and what they cost while they idle for 20 s
    #[arg(long, value_name = "N", conflicts_with_all = ["parts", "only"])]
    pub(crate) crowd: Option<u16>,
    /// Measure the way `tokio` without a recording, with one to nowhere and with one to a file instead
    #[arg(long, conflicts_with_all = ["only", "crowd"])]
    pub(crate) recorded: bool,
    /// Measure on the clock of the wall instead, over two cores: a handshake from connect to close, on a runtime of one thread
    /// and of two, and a ping that waits behind a block of 1.3 MB, sent every 100 ms
    #[arg(long, conflicts_with_all = ["only", "crowd", "recorded"])]
    pub(crate) latency: bool,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Cli {
    pub(crate) fn measures(&self, way: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == way)
    }
}
