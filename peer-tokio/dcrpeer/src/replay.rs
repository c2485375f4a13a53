//! `dcrpeer replay`: tells a recorded conversation, and compares our machine with it.

mod story;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use peer_core::Network;
use peer_core::recording::{Difference, Outcome, Recording, Replay, Side};
use serde::Serialize;

use crate::error::{Failure, about_file, chain};
use crate::format::{At, Count, milliseconds};
use crate::output::{self, GOOD, Styled};

#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The recording
    pub(crate) file: PathBuf,
    /// Put our machine in the place of this side, and compare: dialer or listener
    #[arg(long = "as", value_name = "SIDE", value_parser = parse_side)]
    pub(crate) side: Option<Side>,
    /// Network of a recording without a first line: mainnet, testnet3, testnet2, simnet, regnet
    #[arg(long, value_name = "NAME")]
    pub(crate) network: Option<Network>,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_side(name: &str) -> Result<Side, String> {
    Side::from_name(name).ok_or_else(|| "write dialer or listener".to_owned())
}

/// Tells the conversation, or compares.
pub(crate) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let recording = read(args)?;
    match args.side {
        Some(side) => compare(args, &recording, side),
        None => story::tell(&recording, args.json),
    }
}

fn read(args: &ReplayArgs) -> Result<Recording, Failure> {
    let name = args.file.display();
    let bytes = fs::read(&args.file)
        .map_err(|error| Failure::new(format!("cannot read {name}: {}", about_file(&error))))?;
    let recording = Recording::read(&String::from_utf8_lossy(&bytes));
    let mut recording = recording.map_err(|error| Failure::new(format!("{name}: {}", chain(&error))))?;
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
    match replay.run() {
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
        let (ok, frames, until_ms) = (true, outcome.frames, milliseconds(until));
        return output::write_object(
            &mut output::for_programs(),
            &Same { event, ok, side, frames, until_ms },
        );
    }
    let mut out = output::for_people();
    let (done, frames) = (Styled(GOOD, "the same"), Count::from(outcome.frames));
    writeln!(out, "{}  {done}: as {side}, our machine says {frames} frames as recorded", At(until))?;
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
            next_timeout_ms: difference.next_timeout.map(|time| milliseconds(time.elapsed())),
            detail: difference.to_string(),
        }
    }
}
