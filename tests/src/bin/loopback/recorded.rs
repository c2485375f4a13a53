//! What a recording costs a connection of `peer-tokio`.

use std::io::{self, Write};
use std::thread;

use peer_core::recording::{Header, Recorder, recorder};
use peer_core::{Config, Direction};
use peer_tests::figures::clock::busy;
use peer_tests::figures::{Spread, duration};
use serde_json::json;

use crate::args::Cli;
use crate::lines::Line;
use crate::over_tokio::OverTokio;
use crate::rounds;
use crate::way::{Failure, NETWORK, Way};

/// Most bytes of lines that wait for the thread that writes.
const BUFFER: usize = 16 * 1024 * 1024;

const NAMES: [&str; 3] = ["not recorded", "recorded to nowhere", "recorded to a file"];

/// Measures each line in the three ways, which take turns. The thread that writes has a CPU of its own where there is one;
/// what it takes is not counted.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let mut objects = Vec::new();
    for line in rounds::lines(cli)? {
        let [nanos, ratios, dropped] = measure(line, cli)?;
        if cli.json {
            let ways = (0..NAMES.len()).map(|index| {
                json!({"way": NAMES[index], "ns": nanos[index], "throughput": ratios[index], "dropped": dropped[index]})
            });
            objects.push(json!({"name": line.name, "ways": ways.collect::<Vec<_>>()}));
            continue;
        }
        println!("{}, {}", line.name, line.unit);
        for index in 0..NAMES.len() {
            print!("  {:<24} {:>10}", NAMES[index], duration(nanos[index]));
            println!("   {:.2} of the throughput, {} pieces dropped", ratios[index], dropped[index]);
        }
    }
    if cli.json {
        println!("{}", json!({ "rounds": cli.rounds, "lines": objects }));
    }
    Ok(())
}

/// For each way the median time, the median of the throughput against the first way within each round, and the pieces
/// for which there was no room.
fn measure(line: &Line, cli: &Cli) -> Result<[[f64; NAMES.len()]; 3], Failure> {
    let work = line.work()?;
    let recorders = [record(io::sink())?, record(tempfile::tempfile()?)?];
    let [nowhere, file] = recorders.clone();
    let mut ways = [OverTokio::new()?, OverTokio::recorded(Some(nowhere))?, OverTokio::recorded(Some(file))?];
    let mut rounds = Vec::new();
    // The first round is not counted.
    for number in 0..=usize::from(cli.rounds) {
        let mut round = [0.0; NAMES.len()];
        for turn in 0..ways.len() {
            let index = (number + turn) % ways.len();
            let (result, nanos) = busy(|| ways[index].run(&work, line.count));
            result?;
            round[index] = nanos / line.count as f64;
        }
        rounds.push(round);
    }
    let rounds = &rounds[1..];
    let of = |figure: fn(&[f64; NAMES.len()], usize) -> f64| -> [f64; NAMES.len()] {
        core::array::from_fn(|index| Spread::of(rounds.iter().map(|round| figure(round, index))).median)
    };
    let dropped = recorders.map(|recorder| recorder.dropped() as f64);
    Ok([
        of(|round, index| round[index]),
        of(|round, index| round[0] / round[index]),
        [0.0, dropped[0], dropped[1]],
    ])
}

/// A recording that a thread writes until the program ends.
fn record(out: impl Write + Send + 'static) -> Result<Recorder, Failure> {
    let header = Header::new(Config::builder(NETWORK).build()?, Direction::Outbound);
    let (recorder, writer) = recorder(&header, BUFFER);
    thread::spawn(move || writer.run(out));
    Ok(recorder)
}
