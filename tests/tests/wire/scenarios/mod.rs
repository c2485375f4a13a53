//! What the reference's own peer did with a scripted opponent, and our machine in its place.
//!
//! Every scenario runs through the public API, in three cuttings of the opponent's bytes, and must end as it
//! was recorded: the handshake, the negotiated version, the statistics, what the opponent receives, what is
//! delivered, and who ends the connection. Where we differ on purpose, [`DIFFERENCES`] says why.

mod differences;
mod outcome;
mod script;

use std::collections::BTreeSet;
use std::io::{self, Write as _};

use peer_tests::vectors::{Folder, Line, Tally};
use serde_json::Value;

use crate::scenarios::differences::{DIFFERENCES, MIN_VERSION, table};
use crate::scenarios::outcome::Outcome;
use crate::scenarios::script::{Cutting, MIN, config, play};

#[test]
fn every_scenario_ends_as_recorded_but_for_what_the_table_names() {
    let folder = Folder::open();
    let mut tally = Tally::new("scenarios");
    let mut identical = 0;
    for line in tally.all_lines(&folder) {
        let differences = differences(&line);
        assert_eq!(differences, on_purpose(&line), "{}: {}", line.place(), scenario(&line));
        identical += usize::from(differences.is_empty());
        tally.checked(&line);
    }
    tally.finish(&folder);
    let report = format!("  identical in every cutting: {identical}\n\n{}", table());
    io::stdout().lock().write_all(report.as_bytes()).expect("the counts are the evidence");
}

#[test]
fn the_table_names_lines_that_are_there() {
    let lines = Folder::packaged().lines("peer_scenarios.jsonl").expect("packaged");
    assert_eq!(lines.len(), 107);
    let differing = lines.iter().filter(|line| !on_purpose(line).is_empty()).count();
    assert_eq!(differing, 7);
    for difference in &DIFFERENCES {
        let named = lines.iter().filter(|line| difference.scenarios.contains(&&*scenario(line))).count();
        assert_eq!(named, difference.lines, "{}", difference.what);
        assert_eq!(difference.scenarios.len(), difference.lines, "{}", difference.what);
    }
}

type Alteration = fn(&mut Outcome);

#[test]
fn a_difference_in_anything_that_is_recorded_is_noticed() {
    let lines = Folder::packaged().lines("peer_scenarios.jsonl").expect("packaged");
    let played = play(&lines[0], Cutting::Steps);
    let alterations: [(&str, Alteration); 7] = [
        ("handshake", |outcome| outcome.handshake.clear()),
        ("negotiated_pver", |outcome| outcome.negotiated_pver = None),
        ("stats.services", |outcome| drop(outcome.stats.shift_remove("services"))),
        ("stats.new", |outcome| drop(outcome.stats.insert("new".to_owned(), Value::Null))),
        ("received", |outcome| drop(outcome.received.pop())),
        ("delivered", |outcome| drop(outcome.delivered.pop())),
        ("disconnects", |outcome| outcome.disconnects = true),
    ];
    for (key, alter) in alterations {
        let mut altered = played.clone();
        alter(&mut altered);
        assert_eq!(played.differences(&altered), BTreeSet::from([key.to_owned()]));
    }
}

/// Everything in which our machine differs from what is recorded.
fn differences(line: &Line) -> BTreeSet<String> {
    let recorded = Outcome::recorded(line);
    let mut all = BTreeSet::new();
    if config(line, MIN).is_err() {
        all.insert(MIN_VERSION.to_owned());
    }
    for cutting in [Cutting::Steps, Cutting::Bytes, Cutting::Whole] {
        let keys = play(line, cutting).differences(&recorded);
        all.extend(keys.iter().map(|key| format!("{cutting:?}: {key}")));
    }
    all
}

/// Everything in which it may, according to the table.
fn on_purpose(line: &Line) -> BTreeSet<String> {
    let scenario = scenario(line);
    let named = DIFFERENCES.iter().filter(|difference| difference.scenarios.contains(&&*scenario));
    named.map(|difference| difference.what.to_owned()).collect()
}

/// How the table names a line.
fn scenario(line: &Line) -> String {
    format!("{}: {}", line.str("role"), line.str("name"))
}
