//! Attacks, each a small program with a number that must not be exceeded: bytes held, bytes allocated, bytes
//! queued, calls made. None is a time.
//!
//! They run one after the other, since the counting allocator counts the whole process. The table of what was
//! measured is printed behind them with `-- --nocapture`. Where an attack is long, a debug build has less of it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod claims;
mod clocks;
mod decoding;
mod extremes;
mod floods;
mod heap;
mod nodes;
mod owners;
mod parsing;
mod pieces;
mod pipes;
mod victim;

use std::process::ExitCode;

use heap::print_table;
use libtest_mimic::{Arguments, Trial};

/// An attack, by name.
type Attack = (&'static str, fn());

fn main() -> ExitCode {
    let attacks = [
        claims::ATTACKS,
        decoding::ATTACKS,
        floods::ATTACKS,
        owners::ATTACKS,
        pipes::ATTACKS,
        pieces::ATTACKS,
        parsing::ATTACKS,
        nodes::ATTACKS,
        clocks::ATTACKS,
        extremes::ATTACKS,
    ];
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let trial = |(name, attack): &Attack| {
        let (name, attack) = (*name, *attack);
        Trial::test(name, move || {
            heap::begin(name);
            attack();
            Ok(())
        })
    };
    let trials = attacks.iter().flat_map(|attacks| attacks.iter().map(trial)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.nocapture {
        print_table();
    }
    conclusion.exit_code()
}
