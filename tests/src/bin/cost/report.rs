//! What came of it, for people and for machines.

use peer_tests::figures::{Spread, rounded};
use peer_tests::text::grouped;
use serde_json::{Map, Value, json};

use crate::args::Cli;
use crate::numbers::{self, DEEDS};
use crate::sizes::{self, PIECES};

/// Both tables.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) sizes: Vec<sizes::Row>,
    pub(crate) numbers: Vec<numbers::Row>,
}

pub(crate) fn print(outcome: &Outcome, cli: &Cli) {
    if cli.json {
        let sizes: Vec<_> = outcome.sizes.iter().map(size_object).collect();
        let numbers: Vec<_> = outcome.numbers.iter().map(number_object).collect();
        println!("{}", json!({ "rounds": cli.rounds, "sizes": sizes, "numbers": numbers }));
        return;
    }
    println!("nanoseconds for a byte of a message that comes in pieces of");
    let heads = PIECES.map(|(name, _)| format!("{name:>10}")).concat();
    println!("{:>18}{heads}{:>16}", "bytes", "the hash alone");
    for row in &outcome.sizes {
        let cells = row.pieces.map(|spread| format!("{:>10}", rounded(spread.median))).concat();
        println!("{:>18}{cells}{:>16}", grouped(row.bytes as u64), rounded(row.hash.median));
    }
    println!();
    println!("nanoseconds for each of many machines, and bytes that each holds");
    let heads = DEEDS.map(|name| format!("{name:>10}")).concat();
    println!("{:>18}{heads}{:>10}", "machines", "bytes");
    for row in &outcome.numbers {
        let cells = row.deeds.map(|spread| format!("{:>10}", rounded(spread.median))).concat();
        println!("{:>18}{cells}{:>10}", grouped(row.machines as u64), row.bytes);
    }
}

fn size_object(row: &sizes::Row) -> Value {
    let pieces = PIECES.iter().zip(&row.pieces).map(|((_, piece), cell)| (piece.to_string(), spread(cell)));
    json!({
        "bytes": row.bytes,
        "ns_per_byte_by_piece": pieces.collect::<Map<_, _>>(),
        "hash_ns_per_byte": spread(&row.hash),
    })
}

fn number_object(row: &numbers::Row) -> Value {
    let deeds = DEEDS.iter().zip(&row.deeds).map(|(name, cell)| ((*name).to_owned(), spread(cell)));
    json!({ "machines": row.machines, "bytes_each": row.bytes, "ns_each": deeds.collect::<Map<_, _>>() })
}

fn spread(spread: &Spread) -> Value {
    json!({ "median": spread.median, "middle_half": spread.middle })
}
