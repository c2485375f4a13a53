//! Our BLAKE-256 against the crate `blake-hash`, and many inputs at once against one by one.
//!
//! The candidates alternate in short rounds and the ratio is the median over rounds, so that a noisy neighbour
//! or a change of clock speed meets both alike. Times are medians too, for orientation.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "small fixed numbers, and a panic here harms no one"
)]

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use blake_hash::Digest;
use peer_core::blake256;

fn main() {
    println!(
        "{:>12} {:>12} {:>8} {:>12} {:>8} {:>8}",
        "payload", "ours", "GB/s", "blake-hash", "GB/s", "ratio"
    );
    for size in [8, 64, 180, 1024, 36_000] {
        let data = bytes(size);
        let calls = (60_000 / (size + 64)).max(1);
        let ours = || repeat(calls, || blake256::hash(black_box(&data)));
        let theirs = || repeat(calls, || blake_hash::Blake256::digest(black_box(&data)));
        row(&format!("{size} B"), size, calls, &compare(ours, theirs));
    }

    println!();
    println!(
        "{:>12} {:>12} {:>8} {:>12} {:>8} {:>8}",
        "inputs", "at once", "GB/s", "one by one", "GB/s", "ratio"
    );
    for (count, size) in
        [(1000, 8), (1000, 180), (1000, 400), (16, 180), (12, 180), (4, 340_000), (8, 340_000), (12, 340_000)]
    {
        let data = bytes(count * size);
        let inputs: Vec<&[u8]> = data.chunks(size).collect();
        let (mut many, mut single) = (vec![[0; 32]; count], vec![[0; 32]; count]);
        let calls = (1000 / count).max(1);
        let at_once = || repeat(calls, || blake256::hash_many(black_box(&inputs), black_box(&mut many)));
        let one_by_one = || {
            repeat(calls, || {
                for (input, digest) in black_box(&inputs).iter().zip(black_box(&mut single)) {
                    *digest = blake256::hash(input);
                }
            });
        };
        row(&format!("{count} x {size} B"), count * size, calls, &compare(at_once, one_by_one));
    }
}

/// Prints a comparison in which each measured time was that of `calls` calls with `size` bytes each.
fn row(name: &str, size: usize, calls: usize, comparison: &Comparison) {
    let per_call = |time: Duration| time.as_nanos() as f64 / calls as f64;
    let (left, right) = (per_call(comparison.left), per_call(comparison.right));
    println!(
        "{name:>12} {left:>9.0} ns {:>8.3} {right:>9.0} ns {:>8.3} {:>8.3}",
        size as f64 / left,
        size as f64 / right,
        comparison.ratio,
    );
}

struct Comparison {
    left: Duration,
    right: Duration,
    /// How many times as fast the left one is.
    ratio: f64,
}

fn compare(mut left: impl FnMut(), mut right: impl FnMut()) -> Comparison {
    let (mut lefts, mut rights, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (l, r);
        if round % 2 == 0 {
            l = time(&mut left);
            r = time(&mut right);
        } else {
            r = time(&mut right);
            l = time(&mut left);
        }
        ratios.push(r.as_secs_f64() / l.as_secs_f64());
        lefts.push(l);
        rights.push(r);
    }
    lefts.sort();
    rights.sort();
    ratios.sort_by(f64::total_cmp);
    let middle = ROUNDS / 2;
    Comparison { left: lefts[middle], right: rights[middle], ratio: ratios[middle] }
}

fn repeat<T>(calls: usize, mut call: impl FnMut() -> T) {
    for _ in 0..calls {
        black_box(call());
    }
}

fn time(work: &mut impl FnMut()) -> Duration {
    let start = now();
    work();
    now().duration_since(start)
}

#[expect(clippy::disallowed_methods, reason = "the one place of this benchmark that reads a clock")]
fn now() -> Instant {
    Instant::now()
}

fn bytes(count: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(count).collect()
}

const ROUNDS: usize = 501;
