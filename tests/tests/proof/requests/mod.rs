//! Random requests and an honest remote that responds in any order, against a naive reference of what must be told.
//!
//! The remote answers what it heard, once for each time that it was asked, by the item or by `notfound`, pushes
//! transactions, and lets pongs overtake. Writes are reported late, requests are cancelled, deadlines pass.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod honest;
mod reference;
mod remote;
mod run;

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::requests::honest::Duo;
use crate::requests::run::Run;

/// How many schedules, each of so many steps.
const SEEDS: u64 = 300;
const STEPS: u32 = 150;

#[test]
fn each_request_ends_once_and_as_the_reference_says() {
    let mut ended = 0;
    for seed in 0..SEEDS {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut run = Run::new(ChaCha8Rng::seed_from_u64(seed));
            (0..STEPS).for_each(|_| run.step());
            run.finish()
        }));
        ended += result.unwrap_or_else(|_| panic!("seed {seed} failed"));
    }
    println!("{SEEDS} schedules of {STEPS} steps, {ended} requests");
    assert!(ended > 10_000, "only {ended} requests were made");
}

#[test]
fn two_honest_ends_are_never_blamed_whatever_is_asked_pushed_crossed_or_reported_late() {
    let mut ended = 0;
    for seed in 0..SEEDS {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut duo = Duo::new(seed);
            (0..2 * STEPS).for_each(|_| duo.step());
            duo.finish()
        }));
        ended += result.unwrap_or_else(|_| panic!("seed {seed} failed"));
    }
    println!("{SEEDS} schedules of {} steps, {ended} requests ended", 2 * STEPS);
    assert!(ended > 10_000, "only {ended} requests ended");
}

/// A number below `limit`.
fn below(rng: &mut ChaCha8Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u32()).unwrap() % limit
}
