//! Random schedules in a simulated world, against a naive reference of what must come of them.
//!
//! The reference knows only what was announced and asked for, to which peer and when. `PEER_SEED` chooses other
//! schedules, `PEER_CASES` how many; a failure prints both, and the smallest schedule that still fails.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod memory;
mod reference;
mod schedule;
mod subject;

use std::env;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::model::schedule::schedules;

#[test]
fn peers_do_what_the_reference_says() {
    let (seed, cases) = (number("PEER_SEED", 1), number("PEER_CASES", 150));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let cases = u32::try_from(cases).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new_with_rng(config, rng).run(&schedules(), |schedule| {
        reference::check(&schedule, &subject::run(&schedule));
        Ok(())
    });
    if let Err(error) = result {
        panic!(
            "{error}\nPEER_SEED={seed} PEER_CASES={cases} cargo test --profile checked -p peer-tests --test proof model"
        );
    }
}

fn number(name: &str, default: u64) -> u64 {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}
