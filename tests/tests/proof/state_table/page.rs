//! The page: tables of outcomes, with commands that fare alike in one row.

use core::fmt::Write;

use peer_core::Direction;
use peer_tests::remote::LATEST;

use crate::state_table::samples::{self, Sample};
use crate::state_table::states::State;
use crate::state_table::{receiving, requests as asking, sending, timers};

/// The versions that differ, each with its name.
const ERAS: [(u32, &str); 7] = [
    (12, "Version 12"),
    (11, "Version 11"),
    (10, "Version 10"),
    (9, "Version 9"),
    (8, "Version 8: the old era, with rejects"),
    (5, "Version 5: with bloom filters and alerts"),
    (1, "Version 1"),
];

const INTRODUCTION: &str = "# States

What every message and every timer does in every state of a connection, in both directions, with the default policies. A
test makes this page from what the machine does. To regenerate it, run
`PEER_BLESS=1 cargo test --profile checked -p peer-tests --test proof state_table`. The [overview] has a diagram.

Contents: [how to read it](#how-to-read-it) · [messages from the remote](#messages-from-the-remote) ·
[messages that the owner sends](#messages-that-the-owner-sends) ·
[requests that the owner makes](#requests-that-the-owner-makes) ·
[timers, while the remote is silent](#timers-while-the-remote-is-silent)

## How to read it

| state | |
| --- | --- |
| await version | nothing has come; an outbound connection has sent its `version` |
| version received | the remote's `version` surfaced; the next pull accepts the remote, and the cells include that |
| await verack | both sides have introduced themselves |
| established | the handshake is complete |
| rejecting | below version 9: a `reject` waits to be written, then the connection ends |
| failed | the connection is over |

| word | |
| --- | --- |
| surfaces | it is returned as `Event::Version` |
| completes | it completes the handshake: `Event::Established` |
| delivered | it is returned as `Event::Message` |
| kept | it is delivered after the handshake |
| dropped | it is read and not delivered |
| `Name` alone | the connection ends with this error |

Where inbound and outbound connections differ, a cell has both.
";

const LINKS: &str = "\n[overview]: overview.md\n";

pub(crate) fn page() -> String {
    assert_eq!(ERAS[0].0, LATEST, "the newest version has tables of its own");
    let samples = samples::all();
    let mut page = String::from(INTRODUCTION);
    page.push_str(
        "\n## Messages from the remote\n\nIn the state rejecting nothing is read. In the state failed every call returns the \
         failure again.\n",
    );
    for (version, name) in ERAS {
        let cell =
            |sample: &Sample, state| both(|direction| receiving::outcome(sample, state, version, direction));
        table(&mut page, name, &samples, cell);
    }
    sent(&mut page, &samples[..samples.len() - 1]);
    requests(&mut page);
    page.push_str(
        "\n## Timers, while the remote is silent\n\nTimes are counted from the beginning of the state.\n",
    );
    for (version, name) in [(LATEST, "From version 9 on"), (8, "Below version 9")] {
        write!(page, "\n### {name}\n\n| state | what happens |\n| --- | --- |\n").unwrap();
        for case in timers::cases() {
            if let Some(story) = both(|direction| case.story(version, direction)) {
                writeln!(page, "| {} | {story} |", case.name).unwrap();
            }
        }
    }
    page.push_str(LINKS);
    page
}

/// What is sent for each request, a column for each version that differs.
fn requests(page: &mut String) {
    let versions = [12, 11, 10, 9, 8, 7, 6];
    let heads: Vec<_> = versions.iter().map(|version| format!("version {version}")).collect();
    let (head, line) = (heads.join(" | "), " --- |".repeat(versions.len() + 1));
    page.push_str(
        "\n## Requests that the owner makes\n\nWhat `Peer::request` sends in the state established.\n\n",
    );
    writeln!(page, "| request | {head} |\n|{line}").unwrap();
    for (name, request) in asking::all() {
        let cell = |version: &u32| {
            both(|direction| Some(asking::outcome(&request, *version, direction))).unwrap_or_default()
        };
        let cells: Vec<_> = versions.iter().map(cell).collect();
        writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
}

/// What is said of inbound and outbound peers.
fn both(outcome: impl Fn(Direction) -> Option<String>) -> Option<String> {
    let (inbound, outbound) = (outcome(Direction::Inbound)?, outcome(Direction::Outbound)?);
    Some(if inbound == outbound { inbound } else { format!("inbound: {inbound}; outbound: {outbound}") })
}

/// What comes of a message that the owner sends: a column for each version that differs. That depends on the version only
/// where the connection is established.
fn sent(page: &mut String, samples: &[Sample]) {
    page.push_str(
        "\n## Messages that the owner sends\n\nIn the state established. Before it, sending is refused with NotEstablished; in the \
         states rejecting and failed, with Closed.\n\n",
    );
    let outcome = |sample: &Sample, version, state| {
        both(|direction| sending::outcome(sample, state, version, direction))
    };
    for (sample, (version, _)) in samples.iter().flat_map(|sample| ERAS.map(|era| (sample, era))) {
        for state in State::ALL.into_iter().filter(|state| *state != State::Established) {
            let is_over = matches!(state, State::Parting | State::Failed);
            let expected = if is_over { "Closed" } else { "NotEstablished" };
            let outcome = outcome(sample, version, state);
            assert!(outcome.is_none_or(|outcome| outcome == expected), "{}, {state:?}", sample.name);
        }
    }
    let heads: Vec<_> = ERAS.iter().map(|(version, _)| format!("version {version}")).collect();
    let cells = |sample: &Sample| {
        ERAS.map(|(version, _)| outcome(sample, version, State::Established).unwrap()).to_vec()
    };
    rows(page, &heads, samples, cells);
}

/// A row for all commands that fare alike, a column for each state in which they differ.
fn table(page: &mut String, name: &str, samples: &[Sample], cell: impl Fn(&Sample, State) -> Option<String>) {
    for (state, always) in [(State::Parting, "not read"), (State::Failed, "refused")] {
        let outcomes = samples.iter().filter_map(|sample| cell(sample, state));
        outcomes.for_each(|outcome| assert_eq!(outcome, always, "{state:?}"));
    }
    let states = &State::ALL[..4];
    let names: Vec<_> = states.iter().map(|state| state.name().to_owned()).collect();
    write!(page, "\n### {name}\n\n").unwrap();
    rows(page, &names, samples, |sample| states.iter().map(|state| cell(sample, *state).unwrap()).collect());
}

/// A table of what comes of each command, those that fare alike in one row.
fn rows(page: &mut String, heads: &[String], samples: &[Sample], cells: impl Fn(&Sample) -> Vec<String>) {
    let line = " --- |".repeat(heads.len() + 1);
    writeln!(page, "| message | {} |\n|{line}", heads.join(" | ")).unwrap();
    let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for sample in samples {
        let cells = cells(sample);
        let name = if sample.message.is_some() { format!("`{}`", sample.name) } else { sample.name.clone() };
        match rows.iter_mut().find(|(_, other)| *other == cells) {
            Some((names, _)) => names.push(name),
            None => rows.push((vec![name], cells)),
        }
    }
    for (names, cells) in rows {
        writeln!(page, "| {} | {} |", names.join(" "), cells.join(" | ")).unwrap();
    }
}
