//! The page on checks has each check of the tool as it is in the source.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::text::file;

/// The files that have the checks.
const GROUPS: [&str; 5] = ["handshake", "framing", "headers", "items", "time"];

#[test]
fn the_page_on_checks_has_each_check_and_no_other() {
    let page = file("docs/checks.md");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let due: Vec<_> = checks().iter().map(Check::row).collect();
    assert!(due.len() >= 24, "{due:?}");
    assert_eq!(rows, due);
}

#[test]
fn every_case_of_a_check_was_recorded() {
    let cases = file("tests/vectors/server_cases.jsonl");
    let names = cases.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone());
    let recorded: BTreeSet<_> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    for check in checks() {
        for case in &check.cases {
            assert!(recorded.contains(case), "{}: no case {case:?}", check.name);
        }
    }
}

struct Check {
    name: String,
    sends: String,
    passes: String,
    needs: String,
    source: String,
    cases: Vec<String>,
}

impl Check {
    /// The check as the page tells it.
    fn row(&self) -> String {
        let Self { name, sends, passes, needs, source, cases } = self;
        let needs = match needs.as_str() {
            "Rude" => "`--rude`",
            "Slow" => "`--slow`",
            _ => "",
        };
        format!("| `{name}` | {sends} | {passes} | {needs} | {source} | {} |", cases.join("; "))
    }
}

/// The checks of the source, in its order, the rude ones last.
fn checks() -> Vec<Check> {
    let sources = GROUPS.map(|group| file(&format!("peer-tokio/dcrpeer/src/check/{group}.rs")));
    let mut checks: Vec<_> =
        sources.iter().flat_map(|source| source.split("    Check {\n").skip(1).map(check)).collect();
    checks.sort_by_key(|check| check.needs == "Rude");
    checks
}

fn check(source: &str) -> Check {
    let text = |field: &str| texts(after(source, field)).swap_remove(0);
    let needs = after(source, "needs: Needs::").split(',').next().unwrap().to_owned();
    let cases = texts(after(source, "cases: &[").split(']').next().unwrap());
    let [name, sends, passes, source] = ["name:", "sends:", "passes:", "source:"].map(text);
    Check { name, sends, passes, needs, source, cases }
}

fn after<'a>(source: &'a str, start: &str) -> &'a str {
    source.split_once(start).unwrap().1
}

/// What is between quotation marks.
fn texts(source: &str) -> Vec<String> {
    source.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
