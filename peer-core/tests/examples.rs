//! The examples, as people run them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::io::pipe;
use std::process::{Command, Stdio};

/// An example: cargo puts them beside the folder of this test.
fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let path =
        test.ancestors().nth(2).unwrap().join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

#[test]
fn every_example_runs_without_arguments() {
    for (name, fragment) in [("blocking", "closed by the remote"), ("transcript", "inv of 100 items")] {
        let output = example(name).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains(fragment), "{name}");
    }
}

#[test]
fn every_example_exits_quietly_if_its_output_is_closed() {
    for name in ["blocking", "transcript"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = example(name).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
    }
}

#[test]
fn blocking_says_how_it_is_called_and_which_networks_there_are() {
    for (arguments, fragment) in
        [(vec!["one"], "usage: blocking ["), (vec!["nonet", "127.0.0.1:1"], "unknown network")]
    {
        let output = example("blocking").args(arguments).output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8(output.stderr).unwrap().contains(fragment));
    }
}
