//! The time that a frame takes to be read, by its size and by the pieces it comes in.
//!
//! ```text
//! parse                      times for each byte: where work grows as the size does, a column has one number
//! parse --once SIZE PIECE    reads one frame and says nothing
//! ```
//!
//! `.ci/instructions` counts instructions with the last form. That no byte is hashed twice is asserted by the test
//! `parsing_costs_the_same_for_each_byte`.

use core::hint::black_box;
use std::time::Instant;

use bytes::BytesMut;
use peer_core::{Config, Time, UnrequestedAnswers};
use peer_tests::remote::{NETWORK, Remote, header};

const KIB: usize = 1024;
const PIECES: [usize; 3] = [1, KIB, 16 * KIB];
/// The last is the largest frame that there is.
const SIZES: [usize; 5] = [64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB, 26_321_001];
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--once", size, piece] => _ = nanos_of(number(size), number(piece)),
        [] => print_times(),
        _ => eprintln!("usage: parse [--once SIZE PIECE]"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number of bytes")
}

fn print_times() {
    println!("{:>12} {:>18} {:>18} {:>18}", "frame", "in 1 byte", "in 1 KiB", "in 16 KiB");
    for size in SIZES {
        let [bytes, small, large] = PIECES.map(|piece| {
            let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| nanos_of(size, piece)).collect();
            rounds.sort_by(f64::total_cmp);
            rounds.get(ROUNDS / 2).copied().unwrap_or_default() / size as f64
        });
        println!("{size:>10} B {bytes:>13.2} ns/B {small:>13.2} ns/B {large:>13.2} ns/B");
    }
}

/// How long a peer takes to read a frame of this size in such pieces.
fn nanos_of(size: usize, piece: usize) -> f64 {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver).build();
    let mut peer = Remote::established(config.expect("a valid configuration")).machine.fork();
    let (mut input, zeros) = (BytesMut::new(), vec![0; piece]);
    let start = now();
    input.extend_from_slice(&header("cfiltersv2", size, [0; 4]));
    let mut left = size;
    while left > 0 {
        let (bytes, _) = zeros.split_at(piece.min(left));
        input.extend_from_slice(bytes);
        left = left.saturating_sub(bytes.len());
        // The last one fails, by its checksum.
        drop(black_box(peer.receive(&mut input, Time::ZERO)));
    }
    now().duration_since(start).as_nanos() as f64
}

#[expect(clippy::disallowed_methods, reason = "the one place of this benchmark that reads a clock")]
fn now() -> Instant {
    Instant::now()
}
