//! Citizens in trouble: what must come of it is that they recover.

use core::time::Duration;

use peer_core::Direction;
use peer_core::message::{Inventory, InventoryKind};

use super::super::{Links, World};
use super::citizen::{Citizen, Habits, leave};
use super::{Outcome, Plan, Watch, config};

/// Long enough for every timer of a connection to run out, and for dialling again.
const PEACE: Duration = Duration::from_secs(10 * 60);

const HABITS: Habits = Habits {
    keeps: 2,
    talks: Duration::from_secs(60),
    large: 0,
    sizes: (20_000, 100_000),
    relays: true,
    leaves: false,
};

/// Connections break all the time and are dialled again.
pub(super) fn churn(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = populated(plan, watch, &HABITS);
    while world.now().elapsed() < plan.duration {
        let pause = world.draw(4000);
        world.run_for(Duration::from_millis(pause));
        let node = world.draw_node();
        if let Some(connection) = world.draw_connection(node) {
            match world.draw(3) {
                0 => world.reset(connection),
                1 => world.half_close(connection),
                _ => world.act(node, |_, turn| leave(connection, turn)),
            }
        }
    }
    for node in world.nodes() {
        world.act(node, |citizen, _| citizen.hush());
    }
    world.run_for(PEACE);
    assert_connected(&world);
    Outcome::of(&world)
}

/// Nodes are cut off for minutes; afterwards everyone learns what they missed.
pub(super) fn partition(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = populated(plan, watch, &Habits { talks: Duration::ZERO, ..HABITS });
    let mut items = Vec::new();
    while world.now().elapsed() < plan.duration {
        let pause = Duration::from_millis(world.draw(240_000));
        world.run_for(pause);
        let (node, long) = (world.draw_node(), Duration::from_millis(world.draw(400_000)));
        world.isolate(node, long);
        let author = world.draw_node();
        let kind = if world.draw(2) == 0 { InventoryKind::TX } else { InventoryKind::BLOCK };
        items.push(world.act(author, |citizen, turn| citizen.make(kind, turn)));
    }
    world.run_for(PEACE);
    assert_connected(&world);
    assert_everywhere(&world, &items);
    Outcome::of(&world)
}

/// Large blocks over thin links that are full most of the time.
pub(super) fn slow(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let habits = Habits { large: 10, ..HABITS };
    let mut world = plan.world(watch).links(Links { bandwidth: 20_000, room: 2048, ..Links::default() });
    let limit = 300_000;
    for _ in 0..plan.nodes {
        world.add(config().send_limit(limit).build().unwrap(), Citizen::new(habits.clone()));
    }
    while world.now().elapsed() < plan.duration {
        let pause = world.draw(60_000);
        world.run_for(Duration::from_millis(pause));
        let author = world.draw_node();
        world.act(author, |citizen, turn| citizen.make(InventoryKind::BLOCK, turn));
    }
    let tally = world.tally();
    assert!(tally.blocked > 0, "no pipe was ever full");
    let blocks = tally.commands.iter().filter(|(command, _)| command.as_str() == "block");
    assert!(blocks.map(|(_, count)| count).sum::<u64>() > 0, "no block ever got through");
    Outcome::of(&world)
}

fn populated(plan: &Plan, watch: Option<Watch>, habits: &Habits) -> World<Citizen> {
    let mut world = plan.world(watch);
    for _ in 0..plan.nodes {
        world.add(config().build().unwrap(), Citizen::new(habits.clone()));
    }
    world
}

/// Every node has as many outbound connections as it wants, and none that is not established.
fn assert_connected(world: &World<Citizen>) {
    for node in world.nodes() {
        let connections = world.connections(node);
        let outbound = connections.iter().filter(|id| id.direction() == Direction::Outbound).count();
        assert_eq!(outbound, HABITS.keeps as usize, "outbound connections of {node}");
        for connection in connections {
            let peer = world.peer(*connection).expect("it is there");
            assert!(peer.is_established(), "{connection} of {node} is stuck");
        }
    }
}

/// Every node has all of these.
fn assert_everywhere(world: &World<Citizen>, items: &[Inventory]) {
    for node in world.nodes() {
        let has: Vec<_> = world.logic(node).items().collect();
        let missing = items.iter().filter(|item| !has.contains(item)).count();
        assert_eq!(missing, 0, "of {} items at {node}", items.len());
    }
}
