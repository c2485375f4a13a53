//! The binaries that measure, run for a moment: what they say, not how fast anything was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

const LOOPBACK: &str = env!("CARGO_BIN_EXE_loopback");
const COST: &str = env!("CARGO_BIN_EXE_cost");

fn run(binary: &str, arguments: &[&str]) -> Output {
    Command::new(binary).args(arguments).output().unwrap()
}

/// The JSON of a run that went well.
fn json(binary: &str, arguments: &[&str]) -> Value {
    let output = run(binary, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_line_over_loopback_is_done_in_every_way() {
    let told = json(LOOPBACK, &["--rounds", "1", "--json"]);
    let lines = told["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 9);
    for line in lines {
        for way in ["sockets", "memory", "mio", "tokio"] {
            assert!(line["ways"][way]["ns"]["median"].as_f64() > Some(0.0), "{way}: {line}");
        }
        for way in ["mio", "tokio"] {
            assert!(line["ways"][way]["ratios"]["both"]["median"].as_f64() > Some(0.0), "{way}: {line}");
        }
    }
}

#[test]
fn lines_are_chosen_by_a_part_of_their_names() {
    let told = json(LOOPBACK, &["tx", "handshake", "--rounds", "1", "--json"]);
    let names: Vec<_> = told["lines"].as_array().unwrap().iter().map(|line| &line["name"]).collect();
    assert_eq!(names, ["tx of 422 B", "handshake"]);
}

#[test]
fn a_way_alone_has_no_ratios() {
    let told = json(LOOPBACK, &["1 at", "--only", "mio", "--rounds", "1", "--json"]);
    let ways = told["lines"][0]["ways"].as_object().unwrap();
    assert_eq!(ways.keys().collect::<Vec<_>>(), ["mio"]);
    assert!(ways["mio"]["ratios"].is_null());
}

#[test]
fn latencies_are_told_with_their_spread() {
    let told = json(LOOPBACK, &["--latency", "--rounds", "2", "--json"]);
    let lines = told["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert!(line["p99_ns"].as_f64() >= line["p50_ns"].as_f64(), "{line}");
        assert!(line["p50_ns"].as_f64() > Some(0.0), "{line}");
    }
}

#[test]
fn a_line_that_is_not_there_is_an_error() {
    let output = run(LOOPBACK, &["nothing", "--rounds", "1"]);
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "no line has such a name; --help lists them\n");
}

#[test]
fn help_lists_the_lines() {
    let help = String::from_utf8(run(LOOPBACK, &["--help"]).stdout).unwrap();
    assert!(help.contains("\n  ping-pong, 100 at a time\n"), "{help}");
}

#[test]
fn fanout_is_told_for_each_message_and_number_of_peers() {
    let told = json(COST, &["fanout", "--most", "8", "--rounds", "1", "--json"]);
    let rows = told["fanout"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert!(row["encoded_each_ns"]["median"].as_f64() > Some(0.0), "{row}");
        assert!(row["encoded_once_ns"]["median"].as_f64() > Some(0.0), "{row}");
    }
}

#[test]
fn cost_is_told_for_sizes_and_numbers_and_drawn() {
    let file = env::temp_dir().join(format!("cost-{}.svg", std::process::id()));
    let limits = ["--largest", "10000", "--most", "100", "--rounds", "1"];
    let told = json(COST, &[&limits[..], &["--json", "--svg", file.to_str().unwrap()]].concat());
    let drawn = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(told["sizes"].as_array().unwrap().len(), 2);
    assert!(told["sizes"][1]["ns_per_byte_by_piece"]["1"]["median"].as_f64() > Some(0.0), "{told}");
    assert_eq!(told["numbers"].as_array().unwrap().len(), 2);
    assert!(told["numbers"][0]["bytes_each"].as_u64() <= Some(512), "{told}");
    assert!(drawn.contains("Cost against size") && drawn.contains("Cost against number"));
}
