//! Nodes request everything of each other. Each request ends exactly once, and no one is called misbehaving.
//!
//! Worlds of even seeds have every fault; there, a remote that is cut off is too slow, and may be blamed for that. Worlds of odd
//! seeds have those faults only that hold back nothing that was said for long; there, no one is ever blamed.

mod library;
mod requester;

use core::time::Duration;
use std::rc::Rc;

use peer_core::{BannableMessages, Config, ProtocolVersion};

use self::library::Library;
use self::requester::Requester;
use super::super::{Links, Logic, World};
use super::chat::something_goes_wrong;
use super::citizen::leave;
use super::{Outcome, Plan, Watch, config};

/// Long enough for every fault to pass and every request to end.
const PEACE: Duration = Duration::from_secs(10 * 60);

pub(super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = plan.world(watch);
    let is_gentle = plan.seed % 2 == 1;
    let links = draw_links(&mut world, is_gentle);
    world = world.links(links);
    let library = Rc::new(Library::new());
    for _ in 0..plan.nodes {
        let config = draw_config(&mut world);
        world.add(config, Requester::new(Rc::clone(&library), is_gentle));
    }
    while world.now().elapsed() < plan.duration {
        let pause = 1000 + world.draw(20_000);
        world.run_for(Duration::from_millis(pause));
        if is_gentle {
            something_breaks(&mut world);
        } else {
            something_goes_wrong(&mut world);
        }
    }
    for node in world.nodes() {
        world.act(node, |requester, _| requester.hush());
    }
    world.run_for(PEACE);
    let ended: u64 = world.nodes().map(|node| world.logic(node).ended()).sum();
    assert!(ended > 0 || plan.duration.is_zero(), "no request was made");
    for node in world.nodes() {
        assert_eq!(world.logic(node).open(), 0, "requests of {node} never ended");
    }
    Outcome::of(&world)
}

/// Links of one of a few characters. One that takes less than 32 KiB a second would be blamed for it.
fn draw_links<L: Logic>(world: &mut World<L>, is_gentle: bool) -> Links {
    match world.draw(4) {
        0 => Links::instant(),
        1 => Links { pieces: 1..=40, ..Links::default() },
        2 => Links { bandwidth: 40_000, room: 32 * 1024, ..Links::default() },
        3 if is_gentle => Links { jitter: Duration::from_millis(200), ..Links::default() },
        _ => Links { room: 300, jitter: Duration::from_millis(200), ..Links::default() },
    }
}

/// Every version that the network accepts, with and without filters in batches.
fn draw_config<L: Logic>(world: &mut World<L>) -> Config {
    let version = ProtocolVersion::new(9 + u32::try_from(world.draw(4)).unwrap());
    // Honest nodes deny whatever they do not have.
    config().protocol_version(version).bannable_messages(BannableMessages::Send).build().unwrap()
}

/// A fault that holds back nothing for long.
fn something_breaks<L: Logic>(world: &mut World<L>) {
    let node = world.draw_node();
    let connection = world.draw_connection(node);
    match (world.draw(6), connection) {
        (0, Some(connection)) => world.reset(connection),
        (1, Some(connection)) => world.stall(connection, Duration::from_secs(3)),
        (2, Some(connection)) => world.act(node, |_, turn| leave(connection, turn)),
        (3, _) => {
            let long = Duration::from_millis(world.draw(200_000));
            world.set_clock_back(node, long);
        }
        (4, _) => world.set_clock_forward(node, Duration::from_millis(3)),
        _ => {}
    }
}
