//! Two ends that both send much through pipes that hold little.

use core::time::Duration;

use bytes::Bytes;
use peer_core::message::{Ping, Raw};
use peer_core::{Command, Config, Error, Message, Time, Timer, UnknownCommands};
use peer_tests::remote::NETWORK;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::Attack;
use crate::heap::{at_most, grouped, note, scaled};
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[("full_pipes_both_ways_never_hang", full_pipes)];

/// Longest time without progress, in simulated seconds.
const PATIENCE: usize = 60;

/// One end, and what is on its way from it.
struct End {
    victim: Victim,
    pipe: Vec<u8>,
    room: usize,
    /// What its owner still wants to say.
    left: u32,
}

fn full_pipes() {
    let seeds = scaled(100_000).max(1000);
    let config = Config::builder(NETWORK).send_limit(20_000).send_pause(200);
    let config = config.unknown_commands(UnknownCommands::Deliver).build().unwrap();
    let ready = Victim::established(config);
    let (mut longest, mut ended) = (0, 0);
    for seed in 0..seeds {
        let (quiet, is_ended) = converse(&ready, &mut ChaCha8Rng::seed_from_u64(seed as u64));
        assert!(quiet <= PATIENCE, "seed {seed}: nothing moved for {quiet} s");
        longest = longest.max(quiet);
        ended += usize::from(is_ended);
    }
    let attack = format!("full pipes both ways, {} seeds", grouped(seeds));
    at_most(&attack, "seconds without progress or a typed end", PATIENCE, longest);
    note(
        "the same",
        "all delivered, or a typed end",
        &format!("{} ended by the write stall", grouped(ended)),
    );
}

/// Lets two ends say all they have. Returns the longest time without progress, and whether it ended early.
fn converse(ready: &Victim, rng: &mut ChaCha8Rng) -> (usize, bool) {
    let mut ends = [(); 2].map(|()| End {
        victim: ready.clone(),
        pipe: Vec::new(),
        room: 1 << (4 + rng.next_u32() % 8),
        left: 1 + rng.next_u32() % 16,
    });
    let (mut quiet, mut longest, mut now) = (0, 0, Time::ZERO);
    loop {
        let mut moved = 0;
        for side in [0, 1] {
            let [first, second] = &mut ends;
            let (own, other) = if side == 0 { (first, second) } else { (second, first) };
            match turn(own, other, now, rng) {
                Ok(count) => moved += count,
                Err(Error::Timeout(Timer::WriteStall)) => return (longest, true),
                Err(other) => panic!("{other}"),
            }
        }
        let is_done = |end: &End| end.left == 0 && end.pipe.is_empty() && !end.victim.peer.wants_write();
        if ends.iter().all(is_done) {
            return (longest, false);
        }
        if moved == 0 {
            quiet += 1;
            now += Duration::from_secs(1);
        } else {
            quiet = 0;
        }
        longest = longest.max(quiet);
        if quiet > PATIENCE {
            return (quiet, false);
        }
    }
}

/// One turn of an end: it says something, writes what fits the pipe, reads and ticks. Returns bytes moved.
fn turn(own: &mut End, other: &mut End, now: Time, rng: &mut ChaCha8Rng) -> Result<usize, Error> {
    own.victim.now = now;
    if own.left > 0 && own.victim.peer.peer_mut().send(&something(rng), now).is_ok() {
        own.left -= 1;
    }
    let written = own.victim.take(own.room.saturating_sub(own.pipe.len()));
    let read = if own.victim.peer.wants_read() { core::mem::take(&mut other.pipe) } else { Vec::new() };
    own.victim.hear(&read)?;
    own.victim.tick()?;
    own.pipe.extend_from_slice(&written);
    Ok(written.len() + read.len())
}

/// A ping, which must be answered, or something large.
fn something(rng: &mut ChaCha8Rng) -> Message {
    if rng.next_u32().is_multiple_of(4) {
        let command = Command::new("large").unwrap();
        let len = usize::try_from(rng.next_u32() % 3000).unwrap();
        return Message::Raw(Raw { command, payload: Bytes::from_static(&[7; 3000]).slice(..len) });
    }
    Message::Ping(Ping { nonce: rng.next_u64() })
}
