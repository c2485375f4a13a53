//! What came of it, for people and for machines.

use core::sync::atomic::Ordering::Relaxed;

use serde_json::json;

use crate::args::Cli;
use crate::run::Outcome;

impl Outcome {
    /// Whether nothing was lost and nothing is stuck.
    pub(crate) fn is_clean(&self) -> bool {
        self.tally.lost.load(Relaxed) == 0 && self.tally.stuck.load(Relaxed) == 0
    }
}

pub(crate) fn print(outcome: &Outcome, cli: &Cli) {
    let tally = &outcome.tally;
    let counts = [&tally.begun, &tally.accepted, &tally.messages, &tally.lost, &tally.stuck]
        .map(|count| count.load(Relaxed));
    let [begun, accepted, messages, lost, stuck] = counts;
    if cli.json {
        let object = json!({
            "seconds": outcome.took.as_secs_f64(),
            "seed": cli.seed,
            "begun": begun,
            "accepted": accepted,
            "messages": messages,
            "lost": lost,
            "stuck": stuck,
            "heap_before": outcome.heap[0],
            "heap_after": outcome.heap[1],
            "descriptors_before": outcome.descriptors[0],
            "descriptors_after": outcome.descriptors[1],
            "ends": tally.ends(),
            "details": tally.details(),
        });
        println!("{object}");
        return;
    }
    println!(
        "seed {}, {:.1} s, {} connections at a time for each adapter",
        cli.seed,
        outcome.took.as_secs_f64(),
        cli.peers
    );
    println!();
    for (name, count) in ["begun", "accepted", "messages", "lost", "stuck"].iter().zip(counts) {
        println!("{name:<12} {count:>12}");
    }
    println!("{:<12} {:>12} bytes, {} before", "heap", outcome.heap[1], outcome.heap[0]);
    if let [Some(before), Some(after)] = outcome.descriptors {
        println!("{:<12} {after:>12}, {before} before", "descriptors");
    }
    println!();
    println!("ends, of both sides:");
    for (reason, count) in tally.ends() {
        println!("{count:>12}  {reason}");
    }
    for detail in tally.details() {
        println!("{detail}");
    }
}
