//! The command line.

use core::ops::Range;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use peer_core::Time;
use peer_tests::world::Checks;
use peer_tests::world::scenarios::{Plan, Scenario};

/// Runs simulated worlds of Decred peers. The same seed always tells the same story.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
pub(crate) struct Cli {
    /// Which world
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// All worlds from seed A up to, not including, B
    #[arg(long, value_name = "A..B", value_parser = parse_range, conflicts_with_all = ["seed", "svg", "verbose", "until", "record"])]
    pub(crate) seeds: Option<Range<u64>>,
    /// What kind of world; `help` lists them
    #[arg(long, default_value = "chat", value_name = "NAME", value_parser = parse_scenario)]
    scenario: Choice,
    /// How many nodes [default: what suits the scenario]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: Option<u32>,
    /// For how long, in simulated hours, like 0.5 [default: what suits the scenario]
    #[arg(long, value_name = "H", value_parser = parse_hours)]
    hours: Option<Duration>,
    /// Which invariants to check after every call of a peer [default: all; cheap for --seeds]
    #[arg(long, value_name = "WHICH")]
    checks: Option<Which>,
    /// Draw how items spread into this file (propagation only)
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write one JSON object
    #[arg(long, conflicts_with_all = ["verbose", "until"])]
    pub(crate) json: bool,
    /// Tell the story, a line for everything that happens
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Stop after so many simulated seconds
    #[arg(long, value_name = "T", value_parser = parse_seconds)]
    pub(crate) until: Option<Time>,
    /// Write a recording of each end of each connection into this folder, which `dcrpeer replay` reads
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Worlds that run at the same time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) threads: u8,
}

/// A scenario, or the wish to see them all.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Help,
    Of(Scenario),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Every one, by means of a twin of each peer
    All,
    /// Those that cost next to nothing
    Cheap,
}

impl Cli {
    pub(crate) const fn lists_scenarios(&self) -> bool {
        matches!(self.scenario, Choice::Help)
    }

    /// The run of a seed.
    pub(crate) fn plan(&self, seed: u64) -> Plan {
        let scenario = match self.scenario {
            Choice::Of(scenario) => scenario,
            Choice::Help => Scenario::Chat,
        };
        let plan = scenario.plan(seed);
        let checks = match (self.checks, &self.seeds) {
            (Some(Which::All), _) | (None, None) => Checks::All,
            (Some(Which::Cheap), _) | (None, Some(_)) => Checks::Cheap,
        };
        let (nodes, duration) = (self.nodes.unwrap_or(plan.nodes), self.hours.unwrap_or(plan.duration));
        Plan { nodes, duration, checks, ..plan }
    }
}

fn parse_scenario(text: &str) -> Result<Choice, String> {
    if text == "help" {
        return Ok(Choice::Help);
    }
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == text);
    found.map(Choice::Of).ok_or_else(|| String::from("no such scenario; `--scenario help` lists them"))
}

fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let parse = |number: &str| number.parse::<u64>().map_err(|error| error.to_string());
    let (start, end) = text.split_once("..").ok_or("two numbers with .. between them")?;
    let range = parse(start)?..parse(end)?;
    if range.is_empty() { Err(String::from("the second number must be the larger one")) } else { Ok(range) }
}

fn parse_hours(text: &str) -> Result<Duration, String> {
    let hours: f64 = text.parse().map_err(|_| String::from("a number of hours"))?;
    match Duration::try_from_secs_f64(hours * 3600.0) {
        Ok(duration) if duration <= MOST => Ok(duration),
        _ => Err(format!("a number of hours, at most {}", MOST.as_secs() / 3600)),
    }
}

fn parse_seconds(text: &str) -> Result<Time, String> {
    let seconds: f64 = text.parse().map_err(|_| String::from("a number of seconds"))?;
    let elapsed = Duration::try_from_secs_f64(seconds).map_err(|_| String::from("a number of seconds"))?;
    Ok(Time::from_elapsed(elapsed))
}

/// A hundred years.
const MOST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
