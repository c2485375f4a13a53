//! The command line tool, as its users meet it: the real program, its output and its exit status.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod address_book;
mod captures;
mod chart;
mod check;
mod crawl;
mod decode;
mod durations;
mod hang_up;
mod help;
mod load;
mod metrics;
mod misuse;
mod narrow;
mod network;
mod node;
mod probes;
mod proxy;
mod readable;
mod record_path;
mod recordings;
mod relay;
mod routable;
mod screen;
mod serve;
mod talk;
mod unserved;
mod vectors;

use core::time::Duration;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

/// Far longer than anything here takes.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What one run of the tool left behind.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    /// The lines of the output, each of which is an object.
    fn objects(&self) -> Vec<Value> {
        self.out.lines().map(object).collect()
    }

    /// Fails unless the run failed with this exit status and one line that has `fragment` in it.
    fn assert_fails(&self, code: i32, fragment: &str) {
        let Self { err, .. } = self;
        assert_eq!(self.code, code, "exit status; standard error: {err}");
        assert_eq!(err.lines().count(), 1, "more or less than one line: {err:?}");
        assert!(err.starts_with("dcrpeer: ") && err.ends_with('\n'), "{err:?}");
        assert!(err.contains(fragment), "no {fragment:?} in {err:?}");
    }

    fn assert_succeeds(&self) {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
    }
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The tool with these arguments.
fn dcrpeer(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dcrpeer"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // It says how it was called, which is not through cargo.
    command.env_remove("CLICOLOR_FORCE").env_remove("CARGO");
    command
}

/// Runs the tool to its end.
fn run(args: &[&str]) -> Run {
    run_with(args, Vec::new())
}

/// Runs the tool to its end with this on its standard input.
fn run_with(args: &[&str], input: impl Into<Vec<u8>>) -> Run {
    let mut child = dcrpeer(args).stdin(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.into());
    // A tool that ends without reading all of it shows in its output.
    thread::spawn(move || stdin.write_all(&input).ok());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(TIMEOUT).expect("it ends").unwrap();
    Run {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
