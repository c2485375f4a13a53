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
fn every_figure_of_the_readme_is_on_the_page_on_performance() {
    let (readme, page) = (file("README.md"), file("docs/performance.md"));
    for figure in ["2.14 ×", "126 ns", "1.01", "4.8", "32"] {
        assert!(readme.contains(&format!("| {figure}")), "{figure} is not in the README");
        assert!(page.contains(figure), "{figure} is not in docs/performance.md");
    }
}

fn sources(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    paths.map(|path| if path.is_dir() { sources(&path) } else { text(&path) }).collect()
}
