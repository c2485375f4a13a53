//! Numbers and names on the pages are those of the crates and their tests.

use std::fs;
use std::path::Path;

use peer_core::{Config, Network};

use crate::text::file;

/// Settings whose defaults pages tell: the name, the default as pages write it, and as the configuration has it.
const DEFAULTS: [(&str, &str, &str); 11] = [
    ("handshake_timeout", "30 s", "30s"),
    ("idle_timeout", "120 s", "120s"),
    ("known_inventory", "1,000", "1000"),
    ("known_lifetime", "15 min", "900s"),
    ("max_requests", "75,000", "75000"),
    ("max_unrequested", "2 MiB", "2097152"),
    ("min_receive_rate", "4,096 bytes/s", "4096"),
    ("open_handshakes", "1,024", "1024"),
    ("send_limit", "40 MiB", "41943040"),
    ("send_pause", "64 KiB", "65536"),
    ("unrequested_answers", "refused", "Refuse"),
];

/// The rows of the tables of a page that name this setting in a column of its own.
fn rows(page: &str, setting: &str) -> Vec<String> {
    let cell = format!("| `{setting}` |");
    page.lines().filter(|line| line.contains(&cell)).map(str::to_owned).collect()
}

#[test]
fn the_defaults_on_the_pages_are_those_of_the_configuration() {
    let config = format!("{:?}, ", Config::builder(Network::MAINNET).build().unwrap());
    let pages = [file("README.md"), file("docs/limits.md")];
    for (setting, written, value) in DEFAULTS {
        assert!(config.contains(&format!("{setting}: {value}")), "{setting} is not {value}: {config}");
        let rows: Vec<_> = pages.iter().flat_map(|page| rows(page, setting)).collect();
        assert!(!rows.is_empty(), "no page tells {setting}");
        for row in rows {
            assert!(row.contains(&format!("| {written} |")), "not {written}: {row}");
        }
    }
}

/// Constants of the clocks, where they are, and the row of the page on clocks that has their number.
const BOUNDS: [(&str, &str, &str); 15] = [
    (
        "credit",
        "FULL: usize = 16 * 1024;",
        "| time that other bytes give which lay in the transport, from 16 KiB on |",
    ),
    ("credit", "BACKLOG: Duration = Duration::from_secs(60);", "| 60 s until answers bought as much again |"),
    ("silence", "GRACE: Duration = Duration::from_secs(1);", "counts as `min(gap, 1 s)`"),
    ("silence", "MAX_PAUSE: u64 = 20_000_000_000;", "| pause of reading between two answers | 20 s |"),
    (
        "requests",
        "ITEM_TIMEOUT: Duration = Duration::from_secs(30);",
        "(each item), `getinitstate` | `30 s + b / r`",
    ),
    ("queues", "STALL: Duration = Duration::from_secs(20);", "| a frame that is written | `20 s + "),
    ("queues", "RATE: u64 = 256 * 1024;", "`20 s + ⌊n / 256 KiB⌋ × 1 s`"),
    ("queues", "LEAST_RATE: u64 = 32 * 1024;", "`t / 32 KiB/s` more"),
    ("queues", "REPORTED_RATE: u64 = 16 * 1024 / STALL.as_secs();", "at most `t / 819 bytes/s` more"),
    ("queues", "SHARE: usize = 4 * 1024;", "overtake one bulk frame by at most 4 KiB"),
    ("flood", "LONGEST: Duration = Duration::from_secs(90);", "once they have bought back 90 s"),
    ("flood", "TERM: Duration = LONGEST.saturating_mul(2);", "| 180 s attended, then more than 16 MiB |"),
    ("linger", "LONGEST_HEARD: Duration = Duration::from_secs(5);", "5 s of waiting, or 16 MiB"),
    ("flood", "HELD_BACK: usize = 16 * 1024 * 1024;", "| 180 s attended, then more than 16 MiB |"),
    ("clock_jump", "keepalive.bound(now, config.ping_interval);", "| `ping_interval` | 107 s |"),
];

#[test]
fn the_bounds_on_the_page_on_clocks_are_those_of_the_machine() {
    let page = file("docs/clocks.md");
    for (module, source, row) in BOUNDS {
        assert!(
            file(&format!("peer-core/src/peer/{module}.rs")).contains(source),
            "{module} lacks: {source}"
        );
        assert!(page.contains(row), "the page lacks: {row}");
    }
    let config = format!("{:?}, ", Config::builder(Network::MAINNET).build().unwrap());
    for default in ["ping_interval: 107s", "trickle_delay: 100ms..=500ms", "handshake_timeout: 30s"] {
        assert!(config.contains(default), "{default}: {config}");
    }
}

#[test]
fn every_test_that_the_page_on_limits_names_exists() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let page = file("docs/limits.md");
    let names = page.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2);
    let tests: Vec<_> = names.collect();
    assert!(tests.len() > 10, "{tests:?}");
    for test in tests {
        // Attacks are listed by their names.
        let is_there =
            sources.contains(&format!("fn {test}(")) || sources.contains(&format!("(\"{test}\", "));
        assert!(is_there, "there is no test {test}");
    }
}

#[test]
fn every_figure_at_the_head_of_the_page_on_performance_is_in_its_tables() {
    let page = file("docs/performance.md");
    let head = table(&page, "| what | reached | command |");
    let rows: Vec<_> = head.iter().map(|row| &*row[0]).collect();
    assert_eq!(rows, FIGURES.map(|(row, _)| row), "each row has its place in the tables");
    for (row, (what, places)) in head.iter().zip(FIGURES) {
        let there: Vec<_> = places.iter().map(|place| figure(&page, *place)).collect();
        assert_eq!(figures(&row[1]), there, "{what}");
    }
}

#[test]
fn the_readme_has_the_speed_and_the_number_of_vectors_as_they_are() {
    let readme = file("README.md");
    let speed = figure(&file("docs/performance.md"), ("… and read every field", 3, 0));
    let sentence = format!(
        "It decodes a block and reads every field {speed} × as fast as `bitcoin` 0.32, on AMD Zen 5."
    );
    assert!(readme.contains(&sentence), "the README lacks: {sentence}");
    let lines = lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"));
    let grouped = format!("{},{:03}", lines / 1000, lines % 1000);
    assert!(readme.contains(&format!(" {grouped} recorded ")), "{grouped} lines of vectors");
}

/// How many lines the vectors in a folder have.
fn lines(folder: &Path) -> usize {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    let counts = paths.map(|path| match path.extension() {
        _ if path.is_dir() => lines(&path),
        Some(ending) if ending == "jsonl" => count(&path),
        _ => 0,
    });
    counts.sum()
}

/// Where a figure stands in a table of the page on performance: the first cell of its row, the number of its cell, and
/// how many figures precede it there.
type Place = (&'static str, usize, usize);

/// The rows of the table at the head of the page, and where below the figures of each are.
const FIGURES: [(&str, &[Place]); 9] = [
    ("hash of a long stream, against `blake-hash`", &[("36 kB", 2, 1)]),
    (
        "ids of a block's 708 transactions at once, `simd` with AVX-512",
        &[("ids of a block's 708 transactions, `Transactions::hashes`", 1, 1)],
    ),
    (
        "receiving a block of 340 kB, against its hash alone",
        &[("… block of 708 transactions (340 kB)", 3, 0)],
    ),
    ("decoding a block and reading every field, against `bitcoin` 0.32", &[("… and read every field", 3, 0)]),
    ("decoding an `inv` of 50,000, against `bitcoin` 0.32", &[("decode inv of 50,000", 3, 0)]),
    ("allocations to decode a ping / a block", &[(ALLOCATIONS, 3, 0), (ALLOCATIONS, 3, 3)]),
    (
        "transactions of 422 bytes a second over loopback, both ends on one core, mio / tokio",
        &[("tx", 1, 0), ("tx", 2, 0)],
    ),
    ("round trips a second, one at a time, mio / tokio", &[(ROUND_TRIPS, 1, 0), (ROUND_TRIPS, 2, 0)]),
    ("memory of an idle connection over TCP, mio / tokio", &[(IDLE, 3, 0), (IDLE, 3, 1)]),
];

const ALLOCATIONS: &str = "allocations to decode ping, pong, verack / inv, headers / tx / block";
const ROUND_TRIPS: &str = "round trips, 1 and 100 at a time";
const IDLE: &str = "idle connection, user space: mio / tokio";

/// The cells of each row of the table with this header.
fn table(page: &str, header: &str) -> Vec<Vec<String>> {
    let rows = page.lines().skip_while(|line| *line != header).skip(2);
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The numbers in a cell, without their units.
fn figures(cell: &str) -> Vec<String> {
    let words = cell.split(|letter: char| !letter.is_ascii_digit() && !['.', ','].contains(&letter));
    words.map(|word| word.trim_matches(['.', ',']).to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The figure at this place, of which there must be one.
fn figure(page: &str, (row, cell, number): Place) -> String {
    let rows: Vec<_> = page.lines().map(cells).filter(|cells| cells[0] == row).collect();
    let [row] = &rows[..] else { panic!("{row}: {rows:?}") };
    figures(&row[cell]).swap_remove(number)
}

fn sources(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    paths.map(|path| if path.is_dir() { sources(&path) } else { text(&path) }).collect()
}
