//! Nodes that dial themselves.

use core::time::Duration;
use std::collections::BTreeSet;

use peer_core::{Error, Event};

use super::super::{ConnectionId, Ended, Logic, Turn};
use super::{Outcome, Plan, Watch, config};

/// Dials itself and others, several at once, and holds the remote's version for a while at times.
#[derive(Debug, Default)]
struct Narcissus {
    /// Connections with itself.
    own: BTreeSet<u32>,
    /// Ends of them that are over.
    recognised: usize,
}

const DIAL: u64 = 0;

impl Narcissus {
    fn next_dial(turn: &mut Turn<'_>) {
        let pause = turn.draw(10_000);
        turn.wake_in(Duration::from_millis(pause), DIAL);
    }
}

impl Logic for Narcissus {
    fn on_connected(&mut self, connection: ConnectionId, turn: &mut Turn<'_>) {
        if turn.remote(connection) == Some(turn.node()) {
            self.own.insert(connection.number());
        }
    }

    fn on_start(&mut self, turn: &mut Turn<'_>) {
        Self::next_dial(turn);
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        if matches!(event, Event::Version(_)) {
            assert_ne!(turn.remote(connection), Some(turn.node()), "a node was introduced to itself");
            if turn.draw(3) == 0 {
                let pause = turn.draw(40_000);
                turn.hold(connection, Duration::from_millis(pause));
            }
        }
    }

    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        let is_own = self.own.contains(&connection.number());
        let is_recognised = *ended == Ended::Connection(Error::SelfConnection);
        assert_eq!(is_recognised, is_own, "{connection} of {} ended: {ended}", turn.node());
        self.recognised += usize::from(is_own);
    }

    fn on_wake(&mut self, _: u64, turn: &mut Turn<'_>) {
        let (own, chosen) = (turn.node(), turn.draw_node());
        turn.dial(own);
        turn.dial(chosen);
        let is_other = |connection: &&ConnectionId| !self.own.contains(&connection.number());
        if turn.connections().len() > 12
            && let Some(oldest) = turn.connections().iter().find(is_other).copied()
        {
            turn.close(oldest);
        }
        Self::next_dial(turn);
    }
}

pub(super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = plan.world(watch);
    for _ in 0..plan.nodes {
        world.add(config().build().unwrap(), Narcissus::default());
    }
    world.run_for(plan.duration);
    let recognised: usize = world.nodes().map(|node| world.logic(node).recognised).sum();
    assert!(recognised > 0, "no one dialled itself");
    Outcome::of(&world)
}
