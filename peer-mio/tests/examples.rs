//! The example `crawl`, as people run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;
use std::io::{Read as _, pipe};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::{env, thread};

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(120);

/// Where cargo puts the example: beside the folder of this test.
fn path() -> String {
    let test = env::current_exe().unwrap();
    let path =
        test.ancestors().nth(2).unwrap().join("examples").join(format!("crawl{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    path.to_str().unwrap().to_owned()
}

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end, which is not a failure, and returns what it said.
fn finish(child: Child) -> String {
    let (output, outputs) = channel();
    thread::spawn(move || output.send(child.wait_with_output().unwrap()));
    let Output { status, stdout, stderr } = outputs.recv_timeout(LIMIT).expect("it goes on");
    let err = String::from_utf8(stderr).unwrap();
    assert!(status.success() && err.is_empty(), "{status}: {err}");
    String::from_utf8(stdout).unwrap()
}

/// Accepts the example, and reads the beginning of its `version`.
fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 24]).unwrap();
    stream
}

#[test]
fn crawl_visits_its_own_peers() {
    let out = finish(start(Command::new(path())));
    assert!(out.contains("100 × /peer-core:0.1.0/demo:1.0/, who told of 10000 addresses"), "{out}");
}

#[test]
fn crawl_exits_quietly_if_its_output_is_closed() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let output = Command::new(path()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn crawl_goes_on_with_addresses_that_cannot_be_dialled() {
    let (listener, dead) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, refusing) =
        (listener.local_addr().unwrap().to_string(), dead.local_addr().unwrap().to_string());
    drop(dead);
    let mut command = Command::new(path());
    // The system refuses even to begin to dial a broadcast address.
    command.args(["mainnet", &refusing, "255.255.255.255:9108", "no address", &address]);
    let child = start(command);
    drop(accept(&listener));
    let out = finish(child);
    assert!(
        out.contains("visited 4 addresses") && out.contains("1 × not connected (connection refused)"),
        "{out}"
    );
    assert!(out.contains("1 × closed by the remote") || out.contains("1 × transport failed"), "{out}");
}

#[cfg(unix)]
#[test]
fn crawl_goes_on_when_it_was_stopped_and_continued() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Command::new(path());
    command.args(["simnet", &listener.local_addr().unwrap().to_string()]);
    let child = start(command);
    let stream = accept(&listener);
    for _ in 0..5 {
        for signal in ["-STOP", "-CONT"] {
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        }
    }
    drop(stream);
    assert!(finish(child).contains("visited 1 addresses"));
}

/// With 100 listeners and 100 dialled streams, the town has not descriptors enough to take in all at once.
#[cfg(unix)]
#[test]
fn crawl_goes_on_without_free_file_descriptors() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 250 && exec \"$0\"", &path()]);
    let out = finish(start(command));
    // Each address is visited or fails at once: a listener whose `accept` failed is tried again.
    assert!(out.contains("demo:1.0") && !out.contains("no answer in time"), "{out}");
}
