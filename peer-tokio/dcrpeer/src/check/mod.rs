//! `dcrpeer check`: tries a node, and tells what it does as real nodes do.
//!
//! The `catalogue` says what a check is; `handshake`, `framing`, `headers`, `items` and `time` have the checks. Each speaks on
//! connections of its own through a `wire`, which sends any bytes and reads frames. The `lab` has what the checks of one run
//! share. This file runs them and the `table` tells the verdicts.

mod bytes;
mod catalogue;
mod framing;
mod handshake;
mod headers;
mod items;
mod lab;
mod stop;
mod table;
mod time;
mod wire;

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use clap::Args;
use peer_core::message::Version;
use peer_core::{FrameError, Network, ProtocolVersion};
use tokio::net::TcpStream;

use self::catalogue::{Check, Needs};
use self::lab::{Lab, Limits};
use self::stop::Stop;
use self::table::{Finding, Table, Verdict};
use crate::clock::Stopwatch;
use crate::dial::{Tor, dial, resolve};
use crate::error::{Failure, chain};
use crate::options::{Target, network_name, parse_duration};
use crate::shutdown::Shutdown;

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The node, with or without a port
    #[arg(required_unless_present = "list")]
    addr: Option<Target>,
    /// mainnet, testnet3, testnet2, simnet or regnet; it has the default port
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    network: Network,
    /// Run this check alone; several, joined by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = known_check)]
    only: Vec<&'static str>,
    /// Send what a node may ban this host for, too: for a node of your own
    #[arg(long)]
    rude: bool,
    /// Wait for the node's own time-outs, too, at most so long for each
    #[arg(long, value_name = "LIMIT", num_args = 0..=1, require_equals = true, default_missing_value = "3m",
          value_parser = parse_duration)]
    slow: Option<Duration>,
    /// How long an answer may take
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Duration,
    /// How long a pong may take while another connection burdens the node
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = parse_duration)]
    busy_pong: Duration,
    /// Least time between two connections; by default 6s, and nothing to this machine
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    every: Option<Duration>,
    /// Record every connection to this folder, see `replay`
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// List the checks, and run none
    #[arg(long)]
    list: bool,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the checks. A node that cannot be checked at all is a failure with the exit status 2.
pub(crate) async fn run(args: CheckArgs) -> Result<(), Failure> {
    let mut table = Table::new(args.json);
    if args.list {
        return table.list();
    }
    refuse_rude(&args)?;
    let mut shutdown = Shutdown::after(None)?;
    let (lab, first) = match reach(&args, &mut shutdown).await {
        Ok(reached) => reached,
        Err(failure) => return Err(table.cannot_check(failure)),
    };
    table.begin(&lab, first.as_deref().map_err(String::as_str))?;
    let mut runner = Runner { lab: &lab, rude: args.rude, slow: args.slow.is_some(), was_rude: false };
    let checks: Vec<_> = in_order(&args.only).collect();
    for check in &checks {
        let finding = tokio::select! {
            finding = runner.run(check) => finding?,
            reason = shutdown.wait() => {
                // That a check failed is in the output. An output that cannot be written is a failure of its own.
                if let Err(failure @ Failure::Unreported(_)) = table.end(Some(reason)) {
                    return Err(failure);
                }
                return Err(Failure::Interrupted(format!("not all checks were run ({reason})")));
            }
        };
        table.add(check, &finding)?;
    }
    table.end(None)
}

/// The chosen checks, or all.
fn in_order(only: &[&str]) -> impl Iterator<Item = &'static Check> {
    catalogue::all().filter(|check| only.is_empty() || only.contains(&check.name))
}

/// A rude check that was asked for by name needs `--rude`: skipped in silence it would look as if it had passed.
fn refuse_rude(args: &CheckArgs) -> Result<(), Failure> {
    let is_rude = |check: &&Check| check.needs == Needs::Rude && args.only.contains(&check.name);
    let names: Vec<_> = catalogue::all().filter(is_rude).map(|check| check.name).collect();
    if args.rude || names.is_empty() {
        return Ok(());
    }
    let verb = if names.len() == 1 { "sends" } else { "send" };
    let names = names.join(", ");
    Err(Failure::Usage(format!("{names} {verb} what a node may ban this host for; add --rude")))
}

/// Connects for the first time. If no node is there, no check makes sense.
async fn reach(args: &CheckArgs, shutdown: &mut Shutdown) -> Result<(Lab, FirstContact), Failure> {
    let Some(target) = &args.addr else {
        return Err(Failure::Usage("which node? Write its address".to_owned()));
    };
    let network = args.network;
    let addresses = resolve(target, network, Tor::Never, shutdown).await?;
    let (stream, address) = tokio::select! {
        dialled = dial(&addresses, network) => dialled?,
        reason = shutdown.wait() => return Err(Failure::new(format!("no connection yet ({reason})"))),
    };
    let limits = Limits {
        answer: args.timeout,
        busy_pong: args.busy_pong,
        slow: args.slow.unwrap_or_default(),
        every: args.every,
    };
    let lab = Lab::new(address, network, limits, args.record.clone())?;
    let met = tokio::select! {
        met = meet(&lab, stream) => met,
        reason = shutdown.wait() => return Err(Failure::new(format!("{address}: no handshake yet ({reason})"))),
    };
    lab.finish_recordings().await;
    let first = met.map_err(|stop| explain(stop, address, network))?;
    Ok((lab, first))
}

/// Of a node that shakes hands, its `version`. Of one that speaks and does not, what is wrong: the checks tell more.
type FirstContact = Result<Box<Version>, String>;

async fn meet(lab: &Lab, stream: TcpStream) -> Result<FirstContact, Stop> {
    let mut wire = lab.adopt(stream)?;
    match wire.shake_hands(ProtocolVersion::LATEST.get()).await {
        Ok(version) => Ok(Ok(version)),
        Err(Stop::Fail(what)) if wire.is_spoken() => Ok(Err(what)),
        Err(stop) => Err(stop),
    }
}

/// Why the node cannot be checked, and what to do.
fn explain(stop: Stop, address: SocketAddr, network: Network) -> Failure {
    let name = network_name(network);
    let text = match stop {
        Stop::Tool(failure) => return failure,
        Stop::Fail(text) | Stop::Skip(text) => {
            format!("it says nothing ({text}), so it may be no Decred node; check host and port")
        }
        Stop::TurnedAway => format!(
            "it closed the connection without a byte: it is full, has banned this host, or is not of {name} (see \
             --network); wait, or whitelist this host at the node"
        ),
        Stop::BadFrame(error) => match *error {
            FrameError::WrongNetwork(theirs) if Network::KNOWN.iter().any(|(known, _)| *known == theirs) => {
                format!("this is a node of {0}, try --network {0}", network_name(theirs))
            }
            error => format!("this is no Decred node: {}; check host and port", chain(&error)),
        },
    };
    Failure::new(format!("{address}: {text}"))
}

/// Runs one check after the other.
struct Runner<'a> {
    lab: &'a Lab,
    rude: bool,
    slow: bool,
    /// Whether something was sent that a node may ban for.
    was_rude: bool,
}

impl Runner<'_> {
    async fn run(&mut self, check: &Check) -> Result<Finding, Failure> {
        let clock = Stopwatch::start();
        let outcome = match check.needs {
            Needs::Rude if !self.rude => Err(Stop::skip("a node may ban for it; add --rude")),
            Needs::Slow if !self.slow => Err(Stop::skip("it waits for minutes; add --slow")),
            _ => {
                self.lab.begin(check.name);
                (check.run)(self.lab).await
            }
        };
        let files = self.lab.finish_recordings().await;
        let (verdict, evidence) = match outcome {
            Ok(evidence) => (Verdict::Pass, evidence),
            Err(Stop::Fail(evidence)) => (Verdict::Fail, evidence),
            Err(Stop::Skip(reason)) => (Verdict::Skip, reason),
            Err(Stop::TurnedAway) if self.was_rude => (Verdict::Skip, BANNED.to_owned()),
            Err(Stop::TurnedAway) => (Verdict::Fail, TURNED_AWAY.to_owned()),
            Err(Stop::BadFrame(error)) => (Verdict::Fail, format!("it sent no frame: {}", chain(&*error))),
            Err(Stop::Tool(failure)) => return Err(failure),
        };
        self.was_rude |= check.needs == Needs::Rude && verdict != Verdict::Skip;
        Ok(Finding { verdict, evidence, elapsed: clock.elapsed(), files })
    }
}

/// A time in which an answer may come.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("0s leaves no time for an answer; write more, like 10s".to_owned()),
        duration => Ok(duration),
    }
}

/// The name of a check, as `--only` takes it.
fn known_check(name: &str) -> Result<&'static str, String> {
    let known = catalogue::all().find(|check| check.name == name);
    known.map(|check| check.name).ok_or_else(|| format!("{name:?} is no check: see check --list"))
}

/// After a rude check.
const BANNED: &str = "the node has banned this host: restart it, or whitelist this host there";
const TURNED_AWAY: &str =
    "it closed the connection without a byte: full, or too many connections; see --every";
