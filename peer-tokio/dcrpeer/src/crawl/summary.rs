//! What a crawl found, counted.

use core::cmp::Reverse;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use peer_core::Network;
use serde::{Serialize, Serializer};

use super::endpoint::Endpoint;
use super::frontier::{Frontier, Skip};
use super::outcome::{Answer, Outcome};
use super::visit::Visit;
use crate::format::{Count, as_milliseconds, milliseconds, percentile};
use crate::options::network_name;
use crate::shutdown::ShutdownReason;

/// Counts visits as they end.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    visited: u64,
    reachable: u64,
    unreachable: BTreeMap<Outcome, u64>,
    answers: BTreeMap<Answer, u64>,
    introduced: u64,
    protocol_versions: BTreeMap<i32, u64>,
    user_agents: BTreeMap<String, u64>,
    services: BTreeMap<u64, u64>,
    heights: Vec<i32>,
    round_trips: Vec<Duration>,
    levels: BTreeMap<u32, Level>,
    first_failure: Option<String>,
}

/// Counts by distance from the seeds, on the paths by which endpoints were found first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Level {
    pub(crate) level: u32,
    pub(crate) known: u64,
    pub(crate) visited: u64,
    pub(crate) reachable: u64,
}

/// Why a crawl ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every address was visited.
    Complete,
    /// The limit of `--max` was reached.
    MaxVisited(u64),
    /// `--for` was over, or the program was asked to end.
    Stopped(ShutdownReason),
}

/// What a crawl found.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    event: &'static str,
    #[serde(rename = "ms", serialize_with = "as_milliseconds")]
    pub(crate) elapsed: Duration,
    pub(crate) ok: bool,
    pub(crate) ended: Ended,
    pub(crate) network: &'static str,
    pub(crate) known: u64,
    pub(crate) visited: u64,
    pub(crate) not_visited: u64,
    pub(crate) reachable: u64,
    /// Those visited and not reached, by reason.
    pub(crate) unreachable: BTreeMap<Outcome, u64>,
    /// Endpoints that were not visited, by reason.
    pub(crate) skipped: BTreeMap<Skip, u64>,
    /// How many endpoints were not kept because there was no room.
    pub(crate) dropped: u64,
    pub(crate) answers: BTreeMap<Answer, u64>,
    pub(crate) levels: Vec<Level>,
    /// How many sent their `version`. What follows is about them.
    pub(crate) introduced: u64,
    pub(crate) protocol_versions: Vec<Share<i32>>,
    pub(crate) user_agents: Vec<Share<String>>,
    pub(crate) services: Vec<Share<u64>>,
    pub(crate) heights: Option<Heights>,
    #[serde(rename = "round_trip_ms")]
    pub(crate) round_trips: Option<RoundTrips>,
    /// The first endpoint that could not be reached, and why.
    #[serde(skip)]
    pub(crate) first_failure: String,
}

/// How many peers share a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Share<T> {
    pub(crate) value: T,
    pub(crate) peers: u64,
}

/// Heights of best blocks.
#[derive(Debug, Serialize)]
pub(crate) struct Heights {
    pub(crate) min: i32,
    pub(crate) median: i32,
    pub(crate) max: i32,
    /// How many are at the highest.
    pub(crate) at_best: u64,
    /// In ascending order.
    #[serde(skip)]
    pub(crate) all: Vec<i32>,
}

/// Round trips, of which one is measured for each reachable peer.
#[derive(Debug, Serialize)]
pub(crate) struct RoundTrips {
    pub(crate) measured: u64,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) min: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) p10: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) p50: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) p90: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) p99: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    pub(crate) max: Duration,
    /// In ascending order.
    #[serde(skip)]
    pub(crate) all: Vec<Duration>,
}

impl Tally {
    /// Counts endpoints of a level that became known.
    pub(crate) fn add_known(&mut self, level: u32, endpoints: usize) {
        if endpoints > 0 {
            let known = &mut self.level(level).known;
            *known = known.saturating_add(endpoints as u64);
        }
    }

    fn level(&mut self, level: u32) -> &mut Level {
        self.levels.entry(level).or_insert(Level { level, known: 0, visited: 0, reachable: 0 })
    }

    pub(crate) fn count(&mut self, visit: &Visit) {
        increase(&mut self.visited);
        let is_reachable = visit.outcome == Outcome::Reachable;
        if is_reachable {
            increase(&mut self.reachable);
        } else {
            increase(self.unreachable.entry(visit.outcome).or_default());
            let detail = visit.detail.as_deref().unwrap_or_default();
            self.first_failure.get_or_insert_with(|| format!("{}: {detail}", visit.endpoint));
        }
        let level = self.level(visit.level);
        increase(&mut level.visited);
        level.reachable = level.reachable.saturating_add(u64::from(is_reachable));
        if let Some(answer) = visit.answer {
            increase(self.answers.entry(answer).or_default());
        }
        if let Some(version) = &visit.version {
            increase(&mut self.introduced);
            increase(self.protocol_versions.entry(version.protocol_version).or_default());
            increase(self.user_agents.entry(version.user_agent.to_string()).or_default());
            increase(self.services.entry(version.services.bits()).or_default());
            self.heights.push(version.last_block);
        }
        self.round_trips.extend(visit.round_trip);
    }

    pub(crate) const fn visited(&self) -> u64 {
        self.visited
    }

    pub(crate) const fn reachable(&self) -> u64 {
        self.reachable
    }

    pub(crate) fn finish(
        self,
        frontier: &Frontier,
        ended: Ended,
        network: Network,
        elapsed: Duration,
    ) -> Summary {
        Summary {
            event: "summary",
            elapsed,
            ok: self.reachable > 0,
            ended,
            network: network_name(network),
            known: frontier.known(),
            visited: self.visited,
            not_visited: frontier.known().saturating_sub(self.visited),
            reachable: self.reachable,
            unreachable: self.unreachable,
            skipped: frontier.skipped().clone(),
            dropped: frontier.dropped(),
            answers: self.answers,
            levels: self.levels.into_values().collect(),
            introduced: self.introduced,
            protocol_versions: by_value(self.protocol_versions),
            user_agents: shares(self.user_agents),
            services: shares(self.services),
            heights: Heights::of(self.heights),
            round_trips: RoundTrips::of(self.round_trips),
            first_failure: self.first_failure.unwrap_or_else(|| "no address was visited".to_owned()),
        }
    }
}

fn increase(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// The highest first.
fn by_value<T>(counts: BTreeMap<T, u64>) -> Vec<Share<T>> {
    counts.into_iter().rev().map(|(value, peers)| Share { value, peers }).collect()
}

/// The most common first.
fn shares<T>(counts: BTreeMap<T, u64>) -> Vec<Share<T>> {
    let mut shares: Vec<_> = counts.into_iter().map(|(value, peers)| Share { value, peers }).collect();
    shares.sort_by_key(|share| Reverse(share.peers));
    shares
}

impl Heights {
    fn of(mut all: Vec<i32>) -> Option<Self> {
        all.sort_unstable();
        let (min, max) = (*all.first()?, *all.last()?);
        let at_best = all.iter().filter(|height| **height == max).count() as u64;
        Some(Self { min, median: percentile(&all, 50)?, max, at_best, all })
    }
}

impl RoundTrips {
    fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        Some(Self {
            measured: all.len() as u64,
            min: *all.first()?,
            p10: percentile(&all, 10)?,
            p50: percentile(&all, 50)?,
            p90: percentile(&all, 90)?,
            p99: percentile(&all, 99)?,
            max: *all.last()?,
            all,
        })
    }
}

impl Ended {
    const fn name(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::MaxVisited(_) => "MaxVisited",
            Self::Stopped(reason) => reason.name(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("every address was visited"),
            Self::MaxVisited(max) => write!(f, "{} were visited, the limit of --max", Count(*max)),
            Self::Stopped(reason) => reason.fmt(f),
        }
    }
}

impl Serialize for Ended {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A visit for programs.
#[derive(Debug, Serialize)]
pub(crate) struct VisitObject<'a> {
    event: &'static str,
    ms: f64,
    address: &'a Endpoint,
    level: u32,
    ok: bool,
    outcome: Outcome,
    reason: Option<&'a str>,
    detail: Option<&'a str>,
    protocol_version: Option<i32>,
    user_agent: Option<&'a str>,
    services: Option<u64>,
    last_block: Option<i32>,
    connect_ms: Option<f64>,
    isolated: Option<bool>,
    handshake_ms: Option<f64>,
    round_trip_ms: Option<f64>,
    answer: Option<Answer>,
    addresses: usize,
    new: usize,
}

impl<'a> VisitObject<'a> {
    /// Of a visit that ended `elapsed` after the crawl began and found `addresses`, of which some are `new`.
    pub(crate) fn new(visit: &'a Visit, elapsed: Duration, (addresses, new): (usize, usize)) -> Self {
        let version = visit.version.as_deref();
        Self {
            event: "peer",
            ms: milliseconds(elapsed),
            address: &visit.endpoint,
            level: visit.level,
            ok: visit.outcome == Outcome::Reachable,
            outcome: visit.outcome,
            reason: visit.reason.as_deref(),
            detail: visit.detail.as_deref(),
            protocol_version: version.map(|version| version.protocol_version),
            user_agent: version.map(|version| version.user_agent.as_str()),
            services: version.map(|version| version.services.bits()),
            last_block: version.map(|version| version.last_block),
            connect_ms: visit.connect.map(milliseconds),
            isolated: visit.isolated,
            handshake_ms: visit.handshake.map(milliseconds),
            round_trip_ms: visit.round_trip.map(milliseconds),
            answer: visit.answer,
            addresses,
            new,
        }
    }
}
