//! The command line.

use core::time::Duration;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use peer_core::{Network, ProtocolVersion};

use crate::connect::ConnectArgs;
use crate::crawl::{self, CrawlArgs};
use crate::error::Failure;
use crate::help;
use crate::load::LoadArgs;
use crate::serve::ServeArgs;
use crate::services::ServiceArgs;
use crate::target::Target;

/// Talks to Decred peers, is one, and reads their frames.
///
/// Without a command, two peers hold a conversation on this machine and tell it: the best way to begin.
#[derive(Debug, Parser)]
#[command(
    name = "dcrpeer",
    version,
    after_help = help::TOOL
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Watch two peers talk over TCP on this machine (what happens without a command)
    Demo,
    /// Visit a peer: shake hands, stay, and show what it says
    #[command(after_help = help::CONNECT)]
    Connect(ConnectArgs),
    /// Walk the network from peer to peer, and sum up who is there
    #[command(after_help = crawl::HELP)]
    Crawl(CrawlArgs),
    /// Be a peer: let others come, and show who they are and what they say
    #[command(after_help = help::LISTEN)]
    Listen(ListenArgs),
    /// Read frames written in hexadecimal, one a line
    #[command(after_help = help::DECODE)]
    Decode(DecodeArgs),
    /// Be a node with many peers, and show them in a table
    #[command(after_help = help::SERVE)]
    Serve(ServeArgs),
    /// Open many connections to a node, and measure how it bears them
    #[command(after_help = help::LOAD, mut_arg("json", |arg| arg.help("Write one JSON object")))]
    Load(LoadArgs),
}

impl Action {
    /// Whether the output is JSON.
    pub(crate) const fn is_for_programs(&self) -> bool {
        match self {
            Self::Demo => false,
            Self::Connect(args) => args.peer.json,
            Self::Crawl(args) => args.peer.json,
            Self::Listen(args) => args.peer.json,
            Self::Decode(args) => args.json,
            Self::Serve(args) => args.peer.json,
            Self::Load(args) => args.peer.json,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// Where to listen, with or without a port
    #[arg(default_value = "127.0.0.1")]
    pub(crate) addr: Target,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
}

/// What commands that talk to peers have in common.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PeerArgs {
    /// mainnet, testnet3, testnet2, simnet or regnet; it has the default port
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    pub(crate) network: Network,
    /// Highest protocol version to speak, 1 to 12; below 9 with the old era too
    #[arg(long, default_value_t = 12, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(crate) protocol: u32,
    /// Leave after so long, like 500ms, 10s, 2m or 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DecodeArgs {
    /// The file; without it, or for `-`, standard input
    pub(crate) file: Option<PathBuf>,
    /// Network of lines that name none: mainnet, testnet3, testnet2, simnet, regnet
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    pub(crate) network: Network,
    /// Protocol version of lines that name none
    #[arg(long, default_value = "12", value_name = "N", value_parser = parse_version)]
    pub(crate) protocol: ProtocolVersion,
    /// Write one JSON object for each line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `500ms`, `10s`, `1.5m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let hint = || "write a number and its unit, like 500ms, 10s, 2m or 1h".to_owned();
    let unit = text.find(|char: char| char.is_ascii_alphabetic()).ok_or_else(hint)?;
    let (number, unit) = text.split_at_checked(unit).ok_or_else(hint)?;
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(hint()),
    };
    let number: f64 = number.parse().map_err(|_| hint())?;
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err("a duration is between 0s and 8760h".to_owned()),
    }
}

/// A year: longer than anybody waits, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(8760 * 3600);

fn parse_version(text: &str) -> Result<ProtocolVersion, String> {
    text.parse().map(ProtocolVersion::new).map_err(|_| "a protocol version is a number like 12".to_owned())
}

/// The name by which the command line knows a network.
pub(crate) fn network_name(network: Network) -> &'static str {
    let known = Network::KNOWN.iter().find(|(known, _)| *known == network);
    known.map_or("another network", |(_, name)| name)
}

/// Shows the help that was asked for, or says in one line what is wrong with the command line.
pub(crate) fn explain<T>(error: &clap::Error) -> Result<T, Failure> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Err(Failure::Helped);
    }
    let text = error.to_string().replace("\n\n  tip:", "; tip:");
    let line = text.split("\n\n").next().unwrap_or_default();
    let line = line.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Failure::Usage(format!("{line}; try --help")))
}
