//! Where schedules begin: an established connection that asked for a block and queued a bulk frame.

use peer_core::Config;
use peer_tests::remote::NETWORK;
use peer_tests::schedule::{Kind, Step, World};

/// All of them, by name.
pub(super) fn all() -> [(&'static str, World); 5] {
    [
        ("queued", queued(true)),
        ("queued, a driver that never tells", queued(false)),
        ("written", written()),
        ("answered by half", half()),
        ("pausing", pausing()),
    ]
}

fn begin(tells: bool, send_pause: usize) -> World {
    World::new(Config::builder(NETWORK).send_pause(send_pause).build().unwrap(), tells)
}

/// Nothing is written yet.
fn queued(tells: bool) -> World {
    let mut world = begin(tells, 1000);
    assert!(world.step(Step::Ask) && world.step(Step::Queue));
    world
}

/// The request is written, and nothing else.
fn written() -> World {
    let mut world = begin(true, 1000);
    assert!(world.step(Step::Ask));
    world.write_all();
    assert!(world.step(Step::Queue));
    world
}

/// The first half of the block has come too.
fn half() -> World {
    let mut world = written();
    assert!(world.step(Step::Begin(Kind::Block)) && world.step(Step::Pull));
    world
}

/// The remote is owed two pongs. It is not read until it takes them.
fn pausing() -> World {
    let mut world = begin(true, 32);
    assert!(world.step(Step::Ask));
    world.write_all();
    for _ in 0..2 {
        assert!(world.step(Step::Begin(Kind::Ping)) && world.step(Step::Say(usize::MAX)));
    }
    assert!(world.step(Step::Pull) && world.step(Step::Queue));
    world
}
