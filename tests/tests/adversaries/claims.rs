//! Claims: lengths and counts that are declared, and nothing behind them.

use peer_core::{Command, Config, Direction, Error, Message, Node, ProtocolVersion};
use peer_tests::remote::{LATEST, header};
use peer_tests::stated::assert_states;

use crate::Attack;
use crate::heap::{KIB, MIB, Meter, at_most};
use crate::victim::{Victim, config, crafted, framed, greeting, old_era, open_config};

pub(crate) const ATTACKS: &[Attack] = &[
    ("declared_lengths_before_a_version_cost_next_to_nothing", before_a_version),
    ("declared_lengths_cost_no_more_than_twice_what_came", declared_lengths),
    ("counts_cost_nothing", counts),
    ("answers_that_no_one_asked_for_cost_their_header", unsolicited_answers),
];

const LIMITS: &str = "docs/limits.md";
const README: &str = "README.md";

/// Lengths that a header can declare: up to what the command may have, what any may, and what fits the field.
fn lengths(command: Command, version: ProtocolVersion) -> [usize; 5] {
    let max = command.max_payload(version).unwrap_or_default();
    [1, max / 2, max, 32 * MIB, u32::MAX as usize]
}

/// The machine itself is counted, and its input.
fn before_a_version() {
    let node = Node::new(open_config(LATEST));
    let mut worst = 0;
    for direction in [Direction::Inbound, Direction::Outbound] {
        for command in Command::all() {
            for len in lengths(command, ProtocolVersion::LATEST) {
                let bytes = [&header(command.as_str(), len, [0; 4])[..], &[0; 357]].concat();
                let mut meter = Meter::start();
                let mut victim = meter.step(|| Victim::new(&node, direction));
                for byte in bytes.chunks(1) {
                    let Ok(()) = meter.step(|| victim.hear(byte)) else { break };
                }
                worst = worst.max(meter.peak());
            }
        }
    }
    let places = [
        (LIMITS, "| claims any length before it introduced itself | | | "),
        (README, "| input before the remote's `version` | | | "),
    ];
    assert_states("a declared length before a version", worst, 1, &places);
    at_most("declared length of every type before a version is accepted", "bytes held", 382 + 4 * KIB, worst);
}

/// Machines after a version was accepted, in every state from then on that admits something else.
fn states() -> Vec<(String, Victim)> {
    let mut states = Vec::new();
    for version in [5, 8, 11, LATEST] {
        let closed = old_era().protocol_version(version.into()).build().unwrap();
        for (policy, config) in [("", closed), (", anything delivered", open_config(version))] {
            for direction in [Direction::Inbound, Direction::Outbound] {
                let mut victim = Victim::new(&Node::new(config.clone()), direction);
                victim.hear(&greeting(version.cast_signed())).unwrap();
                victim.flush();
                states.push((format!("{direction}, before verack at {version}{policy}"), victim.clone()));
                victim.hear(&framed(&Message::Verack)).unwrap();
                victim.flush();
                assert!(victim.peer.peer().is_established());
                states.push((format!("{direction}, established at {version}{policy}"), victim));
            }
        }
    }
    states
}

fn declared_lengths() {
    const MOST: usize = 256 * KIB;
    let zeros = vec![0; 4 * KIB];
    let (mut worst, mut bombs) = (0, 0);
    for (state, victim) in states() {
        let version = victim.peer.peer().protocol_version();
        for command in Command::all() {
            for len in lengths(command, version) {
                let mut victim = victim.clone();
                let header = header(command.as_str(), len, [0; 4]);
                let (mut meter, mut received) = (Meter::start(), header.len());
                let mut result = meter.step(|| victim.hear(&header));
                while result.is_ok() && received < len.min(MOST) {
                    let piece = &zeros[..zeros.len().min(len - received)];
                    result = meter.step(|| victim.hear(piece));
                    received += piece.len();
                    let held = meter.held();
                    assert!(
                        held <= 2 * received + 4 * KIB,
                        "{state}: {held} held of {received} of {command}"
                    );
                    worst = worst.max(held.saturating_sub(2 * received));
                }
                bombs += 1;
            }
        }
    }
    assert!(bombs > 5000, "only {bombs} bombs");
    let places = [(LIMITS, "| claims any length later | | | twice what came, and ")];
    assert_states("a declared length, beyond twice what came", worst, 1, &places);
    at_most(
        "declared length of every type in every later state, up to 256 KiB sent",
        "bytes held beyond twice what came",
        4 * KIB,
        worst,
    );
}

/// Payloads of at most nine bytes that are, or end with, a large count.
fn small_bombs() -> Vec<Vec<u8>> {
    let counts: [&[u8]; 6] = [
        &[0xfc],
        &[0xfd, 0x50, 0xc3],
        &[0xfd, 0xff, 0xff],
        &[0xfe, 0xff, 0xff, 0xff, 0x01],
        &[0xfe, 0xff, 0xff, 0xff, 0xff],
        &[0xff; 9],
    ];
    let in_front =
        |count: &[u8]| (0..=9 - count.len()).map(|zeros| [&vec![0; zeros], count].concat()).collect();
    counts.into_iter().flat_map(|count| -> Vec<Vec<u8>> { in_front(count) }).collect()
}

fn counts() {
    let mut worst = 0;
    for version in 1..=LATEST {
        let victim = Victim::established(open_config(version));
        for command in Command::all().filter(|command| command.is_known_at(version.into())) {
            for payload in small_bombs() {
                let frame = crafted(command.as_str(), &payload);
                let mut victim = victim.clone();
                let meter = Meter::start();
                // Most are refused, and what that costs is the question.
                let _refused = victim.hear(&frame);
                worst = worst.max(meter.allocated());
            }
        }
    }
    let place = (LIMITS, "| claims any count inside a payload | | | ");
    assert_states("a count", worst, 1, &[place]);
    at_most("count in a payload of up to 9 bytes, every type and version", "bytes allocated", 4 * KIB, worst);
}

fn unsolicited_answers() {
    let (mut worst, mut refused) = (0, 0);
    let config: Config = config();
    let victim = Victim::established(config);
    for command in Command::all() {
        let mut victim = victim.clone();
        let header = header(command.as_str(), 1, [0; 4]);
        let meter = Meter::start();
        if victim.hear(&header) == Err(Error::Unrequested(command)) {
            refused += 1;
            worst = worst.max(meter.allocated());
        }
    }
    assert_eq!(refused, 17, "types that only ever answer");
    let places = [(LIMITS, "| sends answers that no one asked for | refused | `unrequested_answers` | ")];
    assert_states("an answer that no one asked for", worst, 1, &places);
    at_most("answer that no one asked for, every type that only answers", "bytes allocated", 4 * KIB, worst);
}
