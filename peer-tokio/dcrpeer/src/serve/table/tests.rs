use super::{Frame, Head, Row, fit, len};

const KEYS: &str = "q quits; t a r i o sort";

const AGENT: &str = "/peer-core:0.1.0/dcrpeer:0.1.0/";

fn row(address: &str, agent: &str) -> Row {
    let cells = [address, "in", agent, "12", "945,310", "12.3 ms", "999.9 kB", "1.2 MB", "59m59s"];
    Row(cells.map(str::to_owned))
}

fn rows(count: usize) -> Vec<Row> {
    (50_000..).take(count).map(|port| row(&format!("127.0.0.1:{port}"), AGENT)).collect()
}

#[test]
fn nothing_is_wider_or_higher_than_the_screen() {
    let facts: Vec<_> = (1..=7).map(|number| format!("{number} facts of the world")).collect();
    for width in 0..=200 {
        for height in [1, 2, 3, 5, 8, 24, 60] {
            for peers in [0, 1, 5, 40, 5000] {
                let rows = rows(peers.min(height));
                let head = Head { title: "a title of some length", keys: KEYS, facts: &facts };
                let frame = Frame::new(head, (&rows, peers), (width, height));
                let lines: Vec<_> =
                    [&frame.title, &frame.keys].into_iter().chain(&frame.facts).chain(&frame.table).collect();
                assert!(lines.iter().all(|line| len(line) <= width), "{width}: {lines:?}");
                assert!(frame.lines().len() <= height, "{width} × {height}, {peers}: {lines:?}");
            }
        }
    }
}

#[test]
fn a_wide_screen_has_room_for_every_column_and_long_titles() {
    let lines = fit(&rows(1), 200);
    let titles = "address          direction  agent                            protocol   height      rtt  \
                  bytes in  bytes out  connected for";
    assert_eq!(lines[0], titles);
    assert!(lines[1].contains(AGENT), "{lines:?}");
}

#[test]
fn at_80_columns_the_agent_keeps_the_name_and_version_of_the_program() {
    let lines = fit(&rows(1), 80);
    assert_eq!(
        lines,
        [
            "address          agent          ver   height      rtt        in      out     for",
            "127.0.0.1:50000  dcrpeer:0.1.0   12  945,310  12.3 ms  999.9 kB   1.2 MB  59m59s",
        ]
    );
}

#[test]
fn at_40_columns_what_matters_most_is_left() {
    let lines = fit(&rows(1), 40);
    assert_eq!(lines, ["address              rtt     for", "127.0.0.1:50000  12.3 ms  59m59s"]);
}

#[test]
fn a_long_address_costs_columns_rather_than_digits() {
    let address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:19108";
    let lines = fit(&[row(address, AGENT)], 80);
    assert!(lines[1].starts_with(address), "{lines:?}");
    assert!(lines[0].ends_with("rtt        in     for"), "{lines:?}");
}

#[test]
fn columns_stay_where_they_are_while_numbers_grow() {
    let grown = row("127.0.0.1:50000", AGENT);
    let mut young = grown.clone();
    young.0[5] = "-".to_owned();
    young.0[7] = "0 B".to_owned();
    young.0[8] = "3s".to_owned();
    assert_eq!(fit(&[young], 80)[0], fit(&[grown], 80)[0]);
}

fn head() -> Head<'static> {
    static FACTS: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["a fact".to_owned()]);
    Head { title: "title", keys: KEYS, facts: &*FACTS }
}

#[test]
fn the_keys_are_told_at_40_columns() {
    let frame = Frame::empty(head(), "", (40, 24));
    assert_eq!(frame.keys, KEYS);
}

#[test]
fn what_does_not_fit_is_counted() {
    let frame = Frame::new(head(), (&rows(24), 5000), (80, 24));
    assert_eq!(frame.foot.as_deref(), Some("… and 4,982 more"));
    // The titles and 18 rows; with title, keys, fact, empty line and foot they are 24.
    assert_eq!(frame.table.len(), 19);
    assert_eq!(frame.lines().len(), 24);
}

#[test]
fn where_all_fit_nothing_is_said_of_more() {
    let frame = Frame::new(head(), (&rows(19), 19), (80, 24));
    assert_eq!((frame.table.len(), frame.foot), (20, None));
}
