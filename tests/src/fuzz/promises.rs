//! Targets `liveness` and `honesty`: a machine and a [model](crate::schedule) of its transport under a script.
//!
//! Input: a bit for each choice of the beginning (1 byte), then steps: what happens in the low four bits, how much of it in
//! the high ones.

use core::time::Duration;

use peer_core::Config;

use super::script::{Script, pick};
use crate::remote::NETWORK;
use crate::schedule::{Kind, Step, World};

/// Beside a driver that does all there is to do, the script is the remote: what it says and takes, and when. Panics if
/// it may withhold something.
pub fn liveness(data: &[u8]) {
    let mut script = Script::new(data);
    let mut world = begin(&mut script);
    while !script.is_over() && world.failure().is_none() {
        let byte = script.byte();
        let much = byte >> 4;
        match byte & 0x0f {
            0..=3 => drop(world.step(Step::Begin(kind(byte)))),
            4..=6 => drop(world.step(Step::Say(amount(much)))),
            7 => drop(world.step(Step::Ask)),
            8 => drop(world.step(Step::Queue)),
            9..=11 => world.serve(amount(much)),
            _ => world.serve_for(duration(much)),
        }
        world.check_progress();
    }
    for takes in [true, false] {
        if world.failure().is_none() {
            world.clone().check_settles(takes);
        }
    }
}

/// The script is all of it, the driver and its clock too. Panics if a remote is blamed that has its time.
pub fn honesty(data: &[u8]) {
    let mut script = Script::new(data);
    let mut world = begin(&mut script);
    while !script.is_over() && world.failure().is_none() {
        let byte = script.byte();
        match step(byte & 0x0f, byte >> 4) {
            step if byte & 0x0f == 15 => drop(world.step_ahead(step, duration(script.byte() >> 4))),
            step => drop(world.step(step)),
        }
        world.check_progress();
    }
}

fn begin(script: &mut Script<'_>) -> World {
    let how = script.byte();
    let send_pause = if how & 1 == 0 { 32 } else { 1000 };
    let config = Config::builder(NETWORK).send_pause(send_pause).build().unwrap();
    let mut world = World::new(config, how & 2 == 0);
    assert!(world.step(Step::Ask) && world.step(Step::Queue), "there is room");
    if how & 4 == 0 {
        world.write_all();
    }
    world
}

fn step(what: u8, much: u8) -> Step {
    match what {
        0 | 1 => Step::Begin(kind(much)),
        2 | 3 => Step::Say(amount(much)),
        4 => Step::Pull,
        5 => Step::Hold,
        6 => Step::Drained,
        7 => Step::Offer,
        8 => Step::Take(amount(much)),
        9 => Step::TakeUnreported,
        10 => Step::Report,
        11 => Step::Refuse,
        12 => Step::LookAfter(if much < 8 { Duration::ZERO } else { duration(much) }),
        13 => Step::Wait(duration(much)),
        14 if much < 8 => Step::Ask,
        14 => Step::Queue,
        // With a clock that is ahead.
        _ => *pick(
            &[Step::Look, Step::Pull, Step::Hold, Step::Report, Step::Drained, Step::Refuse, Step::Offer],
            much,
        ),
    }
}

fn kind(number: u8) -> Kind {
    *pick(&[Kind::Ping, Kind::Block, Kind::Inv], number)
}

/// Of bytes: half of the scale is all of them.
fn amount(much: u8) -> usize {
    if much < 8 { usize::from(much) * 8 } else { usize::MAX }
}

fn duration(much: u8) -> Duration {
    const MILLIS: [u64; 16] = [
        1, 100, 500, 999, 1000, 1001, 2000, 5000, 9999, 13_000, 19_500, 20_000, 29_500, 30_000, 120_000,
        3_600_000,
    ];
    Duration::from_millis(*pick(&MILLIS, much))
}
