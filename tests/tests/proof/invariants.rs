//! The invariants hold in random conversations, and after misuse in any order.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;

use peer_core::message::{GetData, Inv, Inventory, Ping};
use peer_core::{Config, Direction, Event, Hash, Message, Node, ProtocolVersion, Time};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, frame, introduction};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// How many conversations of each kind.
const SEEDS: u64 = 200;

/// How many steps each has.
const STEPS: u32 = 100;

/// Runs a conversation for each seed, and names the seed that fails.
fn for_each_seed(run: impl Fn(&mut ChaCha8Rng)) {
    for seed in 0..SEEDS {
        let result = catch_unwind(AssertUnwindSafe(|| run(&mut ChaCha8Rng::seed_from_u64(seed))));
        assert!(result.is_ok(), "seed {seed} failed");
    }
}

/// Tight limits, so that they are met.
fn config(rng: &mut ChaCha8Rng) -> Config {
    let version = ProtocolVersion::new(1 + below(rng, 12));
    let builder = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    let builder = builder.protocol_version(version).send_limit(3000).send_pause(100);
    builder.known_inventory(8).max_requests(8).build().unwrap()
}

/// A number below `limit`.
fn below(rng: &mut ChaCha8Rng, limit: u32) -> u32 {
    rng.next_u32() % limit
}

fn side(rng: &mut ChaCha8Rng) -> Side {
    if below(rng, 2) == 0 { Side::Outbound } else { Side::Inbound }
}

fn item(rng: &mut ChaCha8Rng) -> Inventory {
    let hash = Hash::digest(&below(rng, 20).to_le_bytes());
    if below(rng, 2) == 0 { Inventory::tx(hash) } else { Inventory::block(hash) }
}

fn message(rng: &mut ChaCha8Rng) -> Message {
    match below(rng, 5) {
        0 => Message::Ping(Ping { nonce: rng.next_u64() }),
        1 => Message::GetAddr,
        2 => Message::Inv(Inv { inventory: vec![item(rng); 30].try_into().unwrap() }),
        3 => Message::GetData(GetData { inventory: vec![item(rng)].try_into().unwrap() }),
        _ => Message::SendHeaders,
    }
}

/// From nothing to a few minutes.
fn pause(rng: &mut ChaCha8Rng) -> Duration {
    let most = match below(rng, 5) {
        0 => 0,
        1 => 1,
        2 => 500,
        3 => 20_000,
        _ => 200_000,
    };
    Duration::from_millis(u64::from(below(rng, most + 1)))
}

#[test]
fn every_invariant_holds_between_two_peers() {
    let (established, heard) = (Cell::new(0), Cell::new(0));
    for_each_seed(|rng| {
        let chunk = 1 << below(rng, 12);
        let mut pair = Pair::with_configs(rng.next_u64(), config(rng), config(rng)).chunk(chunk);
        for _ in 0..STEPS {
            let (side, now) = (side(rng), pair.now());
            // What is refused is refused; whether rightly is for other tests.
            match below(rng, 40) {
                0..8 => drop(pair.send(side, &message(rng))),
                8..12 => drop(pair.announce(side, item(rng))),
                12..14 => drop(pair.announce_now(side, item(rng))),
                14..16 => pair.peer_mut(side).add_known(&item(rng), now),
                16..24 => pair.settle(),
                24..30 => pair.run_for(pause(rng)),
                30..32 => pair.jump(pause(rng)),
                32..34 => drop(pair.advance()),
                34..38 => pair.set_busy(side, below(rng, 2) == 0),
                38 if below(rng, 4) == 0 => pair.close(side),
                39 if below(rng, 4) == 0 => pair.half_close(side),
                _ => {}
            }
        }
        for side in [Side::Outbound, Side::Inbound] {
            established.update(|count| count + usize::from(pair.events(side).contains(&Event::Established)));
            heard.update(|count| count + pair.messages(side).len());
        }
    });
    // Of 400 peers, and of some thousands of messages that they may send.
    assert!(established.get() > 300, "{} peers shook hands", established.get());
    assert!(heard.get() > 1000, "{} messages were heard", heard.get());
}

#[test]
fn every_invariant_holds_in_whatever_order_a_peer_is_used() {
    for_each_seed(|rng| {
        let direction = side(rng);
        let mut remote = Remote::new(&Node::new(config(rng)), direction);
        if below(rng, 4) > 0 {
            remote.say(&introduction(12).into());
            remote.say(&Message::Verack);
        }
        for _ in 0..STEPS {
            misuse(&mut remote, rng);
        }
    });
}

fn misuse(remote: &mut Remote, rng: &mut ChaCha8Rng) {
    let now = remote.now;
    let machine = &mut remote.machine;
    match below(rng, 24) {
        0..3 => drop(machine.send(&message(rng), now)),
        3..5 => drop(machine.announce(item(rng), now)),
        5 => drop(machine.announce_now(item(rng), now)),
        6 => machine.add_known(&item(rng), now),
        7 => drop(machine.poll_transmit(now)),
        8 => drop(machine.poll_transmit_chunks(below(rng, 5000).try_into().unwrap(), now)),
        9..11 => machine.handle_transmitted(below(rng, 200).try_into().unwrap(), now),
        11..14 => drop(remote.pull()),
        14 => drop(remote.wait(pause(rng))),
        15 if machine.next_timeout().is_some() => drop(remote.wait_for_deadline()),
        16 => remote.now = Time::from_elapsed(pause(rng)),
        17..20 => remote.say_bytes(&frame("ping", &rng.next_u64().to_le_bytes())),
        20 => remote.say_bytes(&frame("getaddr", &[])),
        21 => machine.set_last_block(rng.next_u32().cast_signed(), now),
        22 if below(rng, 20) == 0 => remote.say_bytes(&rng.next_u64().to_le_bytes()),
        23 if below(rng, 20) == 0 => drop(machine.handle_eof(now)),
        _ => {}
    }
}

#[test]
fn every_invariant_holds_with_random_input() {
    for_each_seed(|rng| {
        let mut remote = Remote::new(&Node::new(config(rng)), Direction::Inbound);
        let mut noise = [0; 500];
        rng.fill_bytes(&mut noise);
        remote.say_bytes(&noise);
        remote.error();
    });
}
