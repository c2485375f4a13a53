//! Ready-made worlds. The binary `sim` runs them from the command line, `tests/world.rs` with fixed seeds.
//!
//! Each scenario ends with what must have come of it; what is missing is a panic, as a broken invariant is.

mod chat;
mod citizen;
mod duel;
mod propagation;
mod quiet;
mod relay;
mod requests;
mod self_dial;
mod trouble;

use core::fmt;
use core::time::Duration;
use std::rc::Rc;

use peer_core::{Config, ConfigBuilder, Network};

pub use self::propagation::Spread;
use super::{Checks, Logic, Moment, Tally, World};

/// A kind of world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scenario {
    /// Nodes of all protocol versions, limits and links, talking at random while everything goes wrong.
    Chat,
    /// Nothing but pings.
    Idle,
    /// Items announced at one node of a random graph flood it, with trickling and without.
    Propagation,
    /// Nodes dial themselves, and each other at the same time.
    SelfDial,
    /// Connections break all the time and are dialled again.
    Churn,
    /// Nodes are cut off for minutes; when it is over everyone learns everything.
    Partition,
    /// Large blocks over thin links that are full most of the time.
    Slow,
    /// One machine against a remote that withholds what it was asked for.
    Hostile,
    /// One machine against a remote that answers in time, with an owner that does as it likes.
    Honest,
    /// Nodes request everything of each other, under every fault; each request ends once.
    Requests,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Chat,
        Self::Idle,
        Self::Propagation,
        Self::SelfDial,
        Self::Churn,
        Self::Partition,
        Self::Slow,
        Self::Hostile,
        Self::Honest,
        Self::Requests,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Idle => "idle",
            Self::Propagation => "propagation",
            Self::SelfDial => "self-dial",
            Self::Churn => "churn",
            Self::Partition => "partition",
            Self::Slow => "slow",
            Self::Hostile => "hostile",
            Self::Honest => "honest",
            Self::Requests => "requests",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Chat => "nodes of all versions talk at random while everything goes wrong",
            Self::Idle => "nothing but pings, for peer-years",
            Self::Propagation => "items flood a random graph, with trickling and without",
            Self::SelfDial => "nodes dial themselves, and each other at the same time",
            Self::Churn => "connections break all the time and are dialled again",
            Self::Partition => "nodes are cut off for minutes, and learn everything afterwards",
            Self::Slow => "large blocks over thin links that are full most of the time",
            Self::Hostile => "a remote withholds what it was asked for, and is found out in time",
            Self::Honest => "a remote answers in time and is not blamed, whatever our owner does",
            Self::Requests => "nodes request everything of each other, and each request ends once",
        }
    }

    /// A run of a size that shows something.
    #[must_use]
    pub const fn plan(self, seed: u64) -> Plan {
        let (nodes, seconds) = match self {
            Self::Chat => (5, 600),
            Self::Idle => (50, 24 * 3600),
            Self::Propagation => (1000, 120),
            Self::SelfDial => (4, 600),
            Self::Churn | Self::Partition => (8, 3600),
            Self::Slow => (4, 1800),
            Self::Hostile => (2, 24 * 3600),
            Self::Honest => (2, 900),
            Self::Requests => (4, 600),
        };
        Plan { scenario: self, seed, nodes, duration: Duration::from_secs(seconds), checks: Checks::All }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One run of a scenario. Everything that happens follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a literal is how it is written")]
pub struct Plan {
    /// What kind of world.
    pub scenario: Scenario,
    /// Which of them.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// For how long, in simulated time. What comes of it may take a little longer.
    pub duration: Duration,
    /// What is checked. It changes nothing of what happens.
    pub checks: Checks,
}

/// Sees everything that happens.
pub type Watch = Rc<dyn Fn(&Moment<'_>)>;

/// What came of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Simulated time.
    pub simulated: Duration,
    /// What happened, in numbers.
    pub tally: Tally,
    /// What happened, in 32 bytes.
    pub digest: [u8; 32],
    /// How items spread, for [`Scenario::Propagation`]: with trickling, and without.
    pub spreads: Vec<Spread>,
}

impl Plan {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If an invariant breaks, or if not that comes of it which must.
    #[must_use]
    pub fn run(&self, watch: Option<Watch>) -> Outcome {
        let mut plan = *self;
        plan.nodes = plan.nodes.max(2);
        match self.scenario {
            Scenario::Chat => chat::run(&plan, watch),
            Scenario::Idle => quiet::run(&plan, watch),
            Scenario::Propagation => propagation::run(&plan, watch),
            Scenario::SelfDial => self_dial::run(&plan, watch),
            Scenario::Churn => trouble::churn(&plan, watch),
            Scenario::Partition => trouble::partition(&plan, watch),
            Scenario::Slow => trouble::slow(&plan, watch),
            Scenario::Hostile => duel::hostile::run(&plan, watch),
            Scenario::Honest => duel::honest::run(&plan, watch),
            Scenario::Requests => requests::run(&plan, watch),
        }
    }

    fn world<L: Logic>(&self, watch: Option<Watch>) -> World<L> {
        let mut world = World::new(self.seed).checks(self.checks);
        if let Some(watch) = watch {
            world.observe(move |moment| watch(moment));
        }
        world
    }
}

impl Outcome {
    fn of<L: Logic>(world: &World<L>) -> Self {
        let (tally, digest) = (world.tally(), world.digest());
        Self { simulated: world.now().elapsed(), tally, digest, spreads: Vec::new() }
    }
}

/// The configuration of all nodes but for what a scenario changes. Its user agent does not name a version, so
/// that a release changes no digest.
fn config() -> ConfigBuilder {
    Config::builder(Network::SIMNET).user_agent_prefix("/sim:1/").open_handshakes(64)
}
