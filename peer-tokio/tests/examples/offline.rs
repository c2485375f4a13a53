//! Without arguments.

use std::io::pipe;
use std::process::Stdio;

use crate::program::{example, run};

#[test]
fn every_example_runs_without_arguments() {
    for (name, fragment) in [
        ("broadcaster", "2 of 3 asked for it"),
        ("client", "headers     3"),
        ("monitor", r#""command":"inv""#),
        ("proxy", "getdata"),
        ("server", "says getdata"),
        ("wallet", "at height 137 matters"),
    ] {
        let run = run(name, &[]);
        run.assert_succeeds();
        assert!(run.has_line(fragment), "{name}: {:?}", run.out);
    }
}

#[test]
fn every_example_exits_quietly_if_its_output_is_closed() {
    for name in ["broadcaster", "client", "monitor", "proxy", "server", "wallet"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = example(name, &[]);
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && err.is_empty(), "{name}: {}: {err}", output.status);
    }
}

#[test]
fn every_example_says_how_it_is_called() {
    for name in ["broadcaster", "client", "monitor", "node", "proxy", "server", "wallet"] {
        let run = run(name, &["one"]);
        assert!(!run.status.success());
        assert!(run.err.contains(&format!("usage: {name} [")), "{name}: {}", run.err);
    }
}

#[test]
fn every_example_says_which_networks_there_are() {
    for name in ["broadcaster", "client", "monitor", "node", "server", "wallet"] {
        let args = if name == "broadcaster" {
            vec!["nonet", "00", "127.0.0.1:1"]
        } else {
            vec!["nonet", "127.0.0.1:0"]
        };
        let run = run(name, &args);
        assert!(!run.status.success() && run.err.contains("known are mainnet"), "{name}: {}", run.err);
    }
}
