//! Clocks that step forward, backward, and to the end of time.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Error, Message, Time};
use peer_tests::remote::established;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::Attack;
use crate::heap::{at_most, grouped, note, scaled};

pub(crate) const ATTACKS: &[Attack] = &[
    ("a_clock_that_jumps_breaks_no_promise", jumps),
    ("a_clock_that_returns_finds_the_connection_alive", steps_and_returns),
];

/// Any step, from a nanosecond to the end of time.
fn step(rng: &mut ChaCha8Rng) -> Duration {
    let scale = 1_u64 << (rng.next_u32() % 64);
    match rng.next_u32() % 4 {
        0 => Duration::from_nanos(scale),
        1 => Duration::from_millis(scale),
        2 => Duration::from_secs(scale),
        _ => Duration::MAX,
    }
}

/// After each step all invariants are checked.
fn jumps() {
    let (seeds, mut steps, mut ended) = (scaled(20_000).max(200), 0, 0);
    for seed in 0..seeds {
        let (mut remote, mut rng) = (established(), ChaCha8Rng::seed_from_u64(seed as u64));
        let mut now = Time::ZERO;
        for _ in 0..10 {
            let by = step(&mut rng);
            now = if rng.next_u32().is_multiple_of(2) {
                now + by
            } else {
                Time::from_elapsed(now.elapsed().saturating_sub(by))
            };
            steps += 1;
            match remote.machine.tick(now, &mut rng) {
                Ok(()) => {}
                Err(Error::Timeout(_)) => {
                    ended += 1;
                    break;
                }
                Err(other) => panic!("seed {seed}: {other}"),
            }
            remote.machine.take_all(now);
        }
    }
    note(
        "clock steps of any size, forward and backward",
        "no promise broken, no end but a time-out",
        &format!("{} steps, {} time-outs", grouped(steps), grouped(ended)),
    );
}

/// A step there and back changes nothing but what fell due on the way.
fn steps_and_returns() {
    let mut lost = 0;
    for exponent in 0..63 {
        let away = Duration::from_secs(1 << exponent);
        let mut remote = established();
        remote.now = Time::from_elapsed(away);
        // The owner slept, or its clock is wrong: what the remote said meanwhile is read before anything ticks.
        remote.say(&Message::Ping(Ping { nonce: 1 }));
        lost += usize::from(remote.pull().is_err());
        remote.now = Time::ZERO;
        remote.say(&Message::Ping(Ping { nonce: 2 }));
        lost += usize::from(remote.pull().is_err() || remote.pull().is_err());
        lost += usize::from(remote.wait(Duration::from_secs(60)).is_err());
        assert_eq!(remote.hears().len(), 2, "both pings are answered");
    }
    at_most(
        "clock steps of up to 2^62 seconds and back, the owner reading first",
        "connections lost",
        0,
        lost,
    );
}
