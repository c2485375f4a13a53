//! `peer-core` side by side with crates that do the same work.
//!
//! ```text
//! peer-compare [--json] [--rounds N] [PART]
//! ```
//!
//! Every line is a ratio taken within this one run; see `docs/performance.md` for what it means and for what
//! was reached. `PART` keeps the lines in whose name or group it occurs.

use std::process::ExitCode;

use crate::report::Report;

/// The plain code of our hash, whatever the features of `peer-core` are.
#[path = "../../../peer-core/src/blake256/mod.rs"]
#[allow(dead_code, reason = "only some of its ways in are measured")]
mod blake256;
mod clock;
mod codec;
mod hashing;
mod known;
mod machine;
mod measure;
mod receive;
mod report;
mod samples;

fn main() -> ExitCode {
    let (mut rounds, mut json, mut part) = (201, false, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--rounds" => match arguments.next().and_then(|count| count.parse().ok()) {
                Some(count) if count > 0 => rounds = count,
                _ => return usage(),
            },
            option if option.starts_with('-') => return usage(),
            name => part = Some(name.to_owned()),
        }
    }
    let mut report = Report::new(rounds, json, part);
    hashing::measure(&mut report);
    codec::measure(&mut report);
    receive::measure(&mut report);
    known::measure(&mut report);
    report.finish();
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: peer-compare [--json] [--rounds N] [PART]");
    ExitCode::from(2)
}
