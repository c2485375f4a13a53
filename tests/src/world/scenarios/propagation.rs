//! How announcements spread over a random graph.

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Message, Time};

use super::super::{NodeId, Tally, World};
use super::relay::Relay;
use super::{Outcome, Plan, Watch, config};
use crate::samples;

/// Nodes that each one dials, as a Decred node does by default.
const DIALS: u32 = 8;

/// Time for the handshakes, and between items. It is more than any of them takes to reach everyone.
const PAUSE: Duration = Duration::from_secs(12);

/// How long items took to arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spread {
    /// Whether announcements trickled.
    pub trickles: bool,
    /// Items that were announced.
    pub items: u32,
    /// Of each item at each node but the first, the time since it was announced, in ascending order.
    pub delays: Vec<Duration>,
    /// What happened, in numbers.
    pub tally: Tally,
}

impl Spread {
    /// The time by which so many of a hundred arrivals had happened.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.delays.len() * percent).div_ceil(100).max(1);
        self.delays[rank - 1]
    }
}

pub(super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut outcome: Option<Outcome> = None;
    for trickles in [true, false] {
        let mut world = plan.world(watch.clone());
        let spread = spread(&mut world, plan, trickles);
        let this = Outcome::of(&world);
        let all = outcome.get_or_insert_with(|| Outcome { simulated: Duration::ZERO, ..this.clone() });
        all.simulated += this.simulated;
        if !trickles {
            all.tally = all.tally.plus(&this.tally);
            all.digest = peer_core::blake256::hash(&[all.digest, this.digest].concat());
        }
        all.spreads.push(spread);
    }
    outcome.expect("there are two runs")
}

/// Announces items at the first node, one after the other, and waits until they are everywhere.
fn spread(world: &mut World<Relay>, plan: &Plan, trickles: bool) -> Spread {
    for _ in 0..plan.nodes {
        world.add(config().build().unwrap(), Relay::new(DIALS, trickles));
    }
    world.run_for(PAUSE);
    let items = u32::try_from(plan.duration.as_secs() / PAUSE.as_secs()).unwrap().saturating_sub(1).max(1);
    let mut delays = Vec::new();
    for number in 0..items {
        let start = world.now();
        let tx = samples::tx(number);
        let item = Inventory::tx(tx.hash());
        world.act(NodeId::new(0), |relay, turn| relay.learn(Message::Tx(tx), turn));
        world.run_for(PAUSE);
        let others = world.nodes().skip(1);
        delays.extend(others.map(|node| arrival(world, node, &item).saturating_since(start)));
    }
    delays.sort_unstable();
    Spread { trickles, items, delays, tally: world.tally() }
}

fn arrival(world: &World<Relay>, node: NodeId, item: &Inventory) -> Time {
    let stored = world.logic(node).store.get(item);
    stored.unwrap_or_else(|| panic!("{item:?} did not get to {node}")).1
}
