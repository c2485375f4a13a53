//! What the compiler does not ask for when a message, a timer or a protocol version comes: its place on pages and in lists
//! that no type makes.

use peer_core::ProtocolVersion;

use crate::text::file;

const TABLE: &str = "peer-core/src/message/registry/table.rs";
const TIMERS: &str = "peer-core/src/peer/timers.rs";
const UNSERVED: &str = "peer-tokio/dcrpeer/src/unserved.rs";

/// Requests of which the tool keeps silent, because no node sends them any more.
const OUTDATED: [&str; 4] = ["GetMinings", "GetCFilter", "GetCfHeaders", "GetCfTypes"];

#[test]
fn the_newest_version_is_the_last_one_on_every_page() {
    let newest = ProtocolVersion::LATEST;
    let places = [
        ("README.md", format!("Every message of protocol versions 1 to {newest}, ")),
        ("docs/comparison.md", format!("| done by `Peer`; {newest} down to `min_protocol_version`, ")),
        ("docs/migration.md", format!("one `Peer` speaks 1 to {newest}, ")),
        ("docs/migration.md", format!("| `ProtocolVersion::LATEST` | {newest} (")),
        ("docs/states.md", format!("\n### Version {newest}\n")),
    ];
    for (page, words) in places {
        assert!(file(page).contains(&words), "{page} does not say: {words}");
    }
}

#[test]
fn every_timer_is_in_both_of_its_tables_and_fires_on_the_page_of_states() {
    let (source, states) = (file(TIMERS), file("docs/states.md"));
    let timers: Vec<_> = source.lines().filter_map(timer).collect();
    assert!(timers.len() > 5, "{timers:?}");
    for (name, text) in timers {
        let rows = source.matches(&format!("/// | `{name}` | ")).count();
        assert_eq!(rows, 2, "when {name} is armed, and how long it takes: {TIMERS}");
        assert!(
            states.contains(&format!(" {text}: ")),
            "no case of `state_table/timers.rs` waits for {name}"
        );
    }
}

/// The name of a timer and its text, in the line of the source that makes it.
fn timer(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.strip_suffix("\",")?.split_once(" = \"")?;
    Some((name.trim_start(), text))
}

#[test]
fn the_tool_knows_what_to_do_with_every_request() {
    let (table, unserved) = (file(TABLE), file(UNSERVED));
    let requests: Vec<_> = lines(&table).filter(|(_, line)| line.contains(".requests")).collect();
    assert!(requests.len() > 9, "{requests:?}");
    for (name, _) in requests {
        let is_known = [' ', '('].iter().any(|end| unserved.contains(&format!("Message::{name}{end}")));
        assert!(is_known != OUTDATED.contains(&name), "{name}: is it answered? See {UNSERVED}");
    }
}

/// Each message of the table, with what the table says of it.
fn lines(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let made = table.split("\nmessages! {").nth(1).unwrap().split(";\n");
    // Comments and attributes come first.
    made.filter_map(|text| {
        let line = text.lines().find(|line| line.trim_start().starts_with(char::is_uppercase))?;
        Some((line.trim_start().split(|letter: char| !letter.is_alphanumeric()).next()?, text))
    })
}
