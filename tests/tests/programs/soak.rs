//! The binary `soak`, as people and machines use it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use serde_json::Value;

fn soak(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_soak")).args(arguments.split_whitespace()).output().unwrap()
}

#[test]
fn a_second_of_both_adapters_loses_nothing_and_leaves_nothing_behind() {
    let output = soak("--for 1s --peers 8 --json");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["lost"], &told["stuck"]), (&Value::from(0), &Value::from(0)));
    assert!(told["accepted"].as_u64() > Some(0) && told["messages"].as_u64() > Some(0), "{said}");
    assert_eq!(told["descriptors_before"], told["descriptors_after"]);
}

#[test]
fn people_get_a_table() {
    let output = soak("--for 1s --peers 1 --seed 7");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("seed 7, ") && said.contains("\nstuck "), "{said}");
}

#[test]
fn a_time_without_a_unit_is_refused() {
    for time in ["10", "m", "-1s", "1x", "1é"] {
        let output = soak(&format!("--for={time}"));
        assert!(!output.status.success());
        assert!(String::from_utf8(output.stderr).unwrap().contains("no time like 30s, 10m or 2h"), "{time}");
    }
}
