//! Connections on which nothing happens but pings.

use core::time::Duration;

use super::super::{ConnectionId, Ended, Links, Logic, NodeId, Turn};
use super::{Outcome, Plan, Watch, config};

/// Dials the node after it and one at random, and waits.
struct Hermit;

impl Logic for Hermit {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        let (own, nodes) = (turn.node().number(), turn.nodes());
        turn.dial(NodeId::new((own + 1) % nodes));
        let chosen = u32::try_from(turn.draw(u64::from(nodes) - 1)).unwrap();
        turn.dial(NodeId::new((own + 1 + chosen) % nodes));
    }

    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        panic!("{connection} of {} ended although nothing happened: {ended}", turn.node());
    }
}

pub(super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = plan.world(watch).links(Links::default());
    for _ in 0..plan.nodes {
        world.add(config().build().unwrap(), Hermit);
    }
    world.run_for(plan.duration);
    assert_pings(&world.tally(), plan);
    Outcome::of(&world)
}

/// Each end has sent a ping every 107 s, and got its pong.
fn assert_pings(tally: &super::Tally, plan: &Plan) {
    let ends = u64::from(plan.nodes) * 4;
    assert_eq!(tally.established, ends, "handshakes");
    let count = |name: &str| {
        let entries = tally.commands.iter().filter(|(command, _)| command.as_str() == name);
        entries.map(|(_, count)| *count).sum::<u64>()
    };
    // The handshake and the last ping's way take less than two seconds.
    let fewest = plan.duration.saturating_sub(Duration::from_secs(2)).as_secs() / 107 * ends;
    let most = plan.duration.as_secs() / 107 * ends;
    for name in ["ping", "pong"] {
        let got = count(name);
        assert!((fewest..=most).contains(&got), "{got} of {name}, expected {fewest} to {most}");
    }
}
