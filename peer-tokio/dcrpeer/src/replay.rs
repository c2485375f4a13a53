//! `dcrpeer replay`: tells a recorded conversation, and compares our machine with it.

mod against;
mod steps;
mod story;

use core::time::Duration;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use peer_core::Network;
use peer_core::recording::{Difference, Outcome, Recording, Replay, Side};
use serde::Serialize;

use crate::error::{Failure, about_file, chain};
use crate::format::{At, Counted, milliseconds};
use crate::options::{Target, network_name, parse_duration};
use crate::output::{self, GOOD, Styled};

#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The recording
    pub(crate) file: PathBuf,
    /// Put our machine in the place of this side, and compare: dialer or listener
    #[arg(long = "as", value_name = "SIDE", value_parser = parse_side)]
    pub(crate) side: Option<Side>,
    /// Show the machine after each piece: its state, queue, open requests and timeouts
    #[arg(long, requires = "side", conflicts_with = "against")]
    step: bool,
    /// Stop at this time of the recording, like 500ms, 10s, 2m or 1h; with --as, show the machine then
    #[arg(long, value_name = "T", value_parser = parse_duration)]
    until: Option<Duration>,
    /// Say the part of that side, the dialer, to this node at the recorded pace, and show where its answers differ
    #[arg(long, value_name = "ADDR", requires = "side")]
    against: Option<Target>,
    /// Network of a recording without a first line: mainnet, testnet3, testnet2, simnet, regnet
    #[arg(long, value_name = "NAME")]
    pub(crate) network: Option<Network>,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl ReplayArgs {
    /// Whether it speaks to a node.
    pub(crate) const fn is_live(&self) -> bool {
        self.against.is_some()
    }
}

fn parse_side(name: &str) -> Result<Side, String> {
    Side::from_name(name).ok_or_else(|| "write dialer or listener".to_owned())
}

/// Tells the conversation, or compares.
pub(crate) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let mut recording = read(args)?;
    if let Some(side) = args.side {
        return compare(args, &recording, side);
    }
    cut(&mut recording, args.until);
    story::tell(&recording, args.json)
}

/// Says a recorded side's part to a live node.
pub(crate) async fn run_against(args: ReplayArgs) -> Result<(), Failure> {
    let mut recording = read(&args)?;
    cut(&mut recording, args.until);
    against::run(&args, &recording).await
}

/// Leaves out what comes later.
fn cut(recording: &mut Recording, until: Option<Duration>) {
    if let Some(until) = until {
        let before = recording.entries.len();
        recording.entries.retain(|entry| entry.at.elapsed() <= until);
        recording.is_cut |= recording.entries.len() < before;
    }
}

fn read(args: &ReplayArgs) -> Result<Recording, Failure> {
    let name = args.file.display();
    let bytes = fs::read(&args.file)
        .map_err(|error| Failure::new(format!("cannot read {name}: {}", about_file(&error))))?;
    let recording = Recording::read(&String::from_utf8_lossy(&bytes));
    let mut recording = recording.map_err(|error| Failure::new(format!("{name}: {}", chain(&error))))?;
    if let (Some(own), Some(other)) = (recording.network, args.network)
        && own != other
    {
        let (own, other) = (network_name(own), network_name(other));
        return Err(Failure::Usage(format!("{name} is of {own}, not of {other}; leave out --network")));
    }
    recording.network = recording.network.or(args.network);
    if recording.network.is_none() {
        return Err(Failure::new(format!("{name} has no first line; say its network with --network")));
    }
    Ok(recording)
}

fn compare(args: &ReplayArgs, recording: &Recording, side: Side) -> Result<(), Failure> {
    let name = args.file.display();
    let replay = Replay::new(recording, side);
    let replay = replay.map_err(|error| Failure::new(format!("{name}: {}", chain(&error))))?;
    let result = if args.step || args.until.is_some() {
        steps::run(replay, recording, args.step, args.until, args.json)?
    } else {
        replay.run()
    };
    match result {
        Ok(outcome) => write_same(args, side, &outcome),
        Err(difference) => {
            let failure = Failure::new(format!("{name}: as {side}, {difference}"));
            if !args.json {
                return Err(failure);
            }
            let written = output::write_object(&mut output::for_programs(), &Differs::new(side, &difference));
            Err(failure.reported().after_reporting(written))
        }
    }
}

fn write_same(args: &ReplayArgs, side: Side, outcome: &Outcome) -> Result<(), Failure> {
    let until = outcome.until.elapsed();
    if args.json {
        let (event, side) = ("same", side.name());
        let (ok, frames, until_ms, cut_off) = (true, outcome.frames, milliseconds(until), outcome.is_cut);
        return output::write_object(
            &mut output::for_programs(),
            &Same { event, ok, side, frames, until_ms, cut_off },
        );
    }
    let mut out = output::for_people();
    let (done, frames) = (Styled(GOOD, "the same"), Counted(outcome.frames as u64, "frame"));
    write!(out, "{}  {done}: as {side}, our machine says {frames} as recorded", At(until))?;
    if outcome.is_cut {
        write!(out, "; the recording is cut off after {} ms", milliseconds(until))?;
    }
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// For programs: no difference.
#[derive(Serialize)]
struct Same {
    event: &'static str,
    ok: bool,
    #[serde(rename = "as")]
    side: &'static str,
    frames: usize,
    until_ms: f64,
    /// The recording is cut off there.
    cut_off: bool,
}

/// For programs: the first difference.
#[derive(Serialize)]
struct Differs {
    event: &'static str,
    ok: bool,
    #[serde(rename = "as")]
    side: &'static str,
    at_ms: f64,
    expected: String,
    ours: String,
    /// The first byte that differs, where both are frames.
    byte: Option<usize>,
    state: String,
    next_timeout_ms: Option<f64>,
    /// The timer of that timeout.
    next_timeout: Option<String>,
    detail: String,
}

impl Differs {
    fn new(side: Side, difference: &Difference) -> Self {
        let state = match &difference.failure {
            Some(error) => error.name(),
            None if difference.is_established => "established".to_owned(),
            None => "handshake".to_owned(),
        };
        Self {
            event: "difference",
            ok: false,
            side: side.name(),
            at_ms: milliseconds(difference.at.elapsed()),
            expected: difference.expected.to_string(),
            ours: difference.ours.to_string(),
            byte: difference.offset(),
            state,
            next_timeout_ms: difference.next_timeout.map(|(at, _)| milliseconds(at.elapsed())),
            next_timeout: difference.next_timeout.map(|(_, timer)| timer.to_string()),
            detail: difference.to_string(),
        }
    }
}
