//! Everyone talks, everything goes wrong.

use core::time::Duration;

use peer_core::{Config, ProtocolVersion, UnknownCommands, UnrequestedAnswers};

use super::super::{Links, Logic, World};
use super::citizen::{Citizen, Habits};
use super::{Outcome, Plan, Watch, config};

pub(super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = plan.world(watch);
    let links = draw_links(&mut world);
    world = world.links(links);
    for _ in 0..plan.nodes {
        let config = draw_config(&mut world);
        let keeps = 1 + u32::try_from(world.draw(2)).unwrap();
        let talks = Duration::from_secs(20 + world.draw(100));
        let habits = Habits { keeps, talks, large: 1, sizes: (2_000, 30_000), relays: true, leaves: true };
        world.add(config, Citizen::new(habits));
    }
    while world.now().elapsed() < plan.duration {
        let pause = 1000 + world.draw(120_000);
        world.run_for(Duration::from_millis(pause));
        something_goes_wrong(&mut world);
    }
    Outcome::of(&world)
}

/// Links of one of a few characters.
fn draw_links<L: Logic>(world: &mut World<L>) -> Links {
    match world.draw(5) {
        0 => Links::instant(),
        1 => Links { pieces: 1..=40, ..Links::default() },
        2 => Links { bandwidth: 20_000, room: 8 * 1024, ..Links::default() },
        3 => Links { room: 300, jitter: Duration::from_millis(200), ..Links::default() },
        _ => Links::default(),
    }
}

/// A configuration of any era, with limits that are met at times.
fn draw_config<L: Logic>(world: &mut World<L>) -> Config {
    let version = match world.draw(10) {
        0 => 1 + world.draw(8),
        1..=3 => 9 + world.draw(3),
        _ => 12,
    };
    let min = if version < 9 || world.draw(3) == 0 { 1 } else { 9 };
    let number = |version| ProtocolVersion::new(u32::try_from(version).unwrap());
    let mut builder = config().protocol_version(number(version)).min_protocol_version(number(min));
    if world.draw(4) == 0 {
        builder = builder.send_limit(20_000).send_pause(100).known_inventory(8);
    }
    builder = match world.draw(4) {
        0 => builder.unknown_commands(UnknownCommands::Ignore),
        1 => builder.unknown_commands(UnknownCommands::Deliver),
        _ => builder,
    };
    if world.draw(3) == 0 {
        builder = builder.unrequested_answers(UnrequestedAnswers::Deliver);
    }
    builder.build().unwrap()
}

/// One of all faults, to anybody.
pub(super) fn something_goes_wrong<L: Logic>(world: &mut World<L>) {
    let node = world.draw_node();
    let long = Duration::from_millis(world.draw(200_000));
    let connection = world.draw_connection(node);
    match (world.draw(12), connection) {
        (0 | 1, Some(connection)) => world.reset(connection),
        (2, Some(connection)) => world.half_close(connection),
        (3 | 4, Some(connection)) => world.stall(connection, long),
        (5, _) => world.isolate(node, long),
        (6, _) => world.set_clock_forward(node, long),
        (7, _) => world.set_clock_back(node, long),
        (8, _) => world.set_clock_forward(node, Duration::from_millis(3)),
        (9, _) => world.set_clock_back(node, Duration::from_millis(3)),
        _ => {}
    }
}
