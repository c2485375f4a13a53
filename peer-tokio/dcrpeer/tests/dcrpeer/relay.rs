//! `proxy`: what it passes on, and what it records.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use peer_core::recording::{EntryKind, Recording, Side};
use serde_json::json;
use tempfile::TempDir;

use crate::run;
use crate::talk::{Process, events};

fn proxy(to: &str, args: &[&str]) -> Process {
    let mut proxy = Process::start(&[&["proxy", "127.0.0.1:0", to], args].concat());
    proxy.wait_for("listening");
    proxy
}

fn read(path: &Path) -> Recording {
    Recording::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All that this side sent.
fn bytes_of(recording: &Recording, side: Side) -> Vec<u8> {
    let pieces = recording.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Bytes { from, bytes } if *from == side => Some(bytes.to_vec()),
        _ => None,
    });
    pieces.collect::<Vec<_>>().concat()
}

#[test]
fn two_programs_talk_through_it_and_the_recording_goes_again_as_both() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("between.jsonl");
    let mut listener = Process::listen();
    let mut proxy = proxy(&listener.address(), &["--record", file.to_str().unwrap()]);
    for _ in 0..2 {
        run(&["connect", &proxy.address(), "--network", "simnet", "--for", "1s"]).assert_succeeds();
    }
    listener.interrupt();
    let told = proxy.interrupt();
    assert_eq!(events(&told).iter().filter(|event| **event == "connected").count(), 2);
    let end = told.iter().find(|told| told["event"] == "end").unwrap();
    assert_eq!((&end["ok"], &end["detail"]), (&json!(true), &json!("the dialer ended its stream first")));
    assert_eq!(told.last().unwrap()["peers"], 2);

    for number in 1..=2 {
        let file = folder.path().join(format!("between-{number}.jsonl"));
        let recording = read(&file);
        assert_eq!(recording.header.as_ref().unwrap().side(), None);
        if number == end["peer"] {
            assert_eq!(bytes_of(&recording, Side::Dialer).len(), end["bytes_from_dialer"]);
            assert_eq!(bytes_of(&recording, Side::Listener).len(), end["bytes_from_listener"]);
        }
        for side in ["dialer", "listener"] {
            let same = run(&["replay", file.to_str().unwrap(), "--as", side, "--json"]);
            same.assert_succeeds();
            assert_eq!(same.objects()[0]["frames"], 3);
        }
        let retold = run(&["replay", file.to_str().unwrap(), "--json"]);
        retold.assert_succeeds();
        assert_eq!(retold.objects().last().unwrap()["reason"], "Closed");
    }
}

/// An answer may follow the end of the question's stream.
#[test]
fn bytes_pass_untouched_and_each_direction_ends_by_itself() {
    let node = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut proxy = proxy(&node.local_addr().unwrap().to_string(), &[]);
    let question: Vec<u8> =
        (0..3_000_000_u32).flat_map(|number| number.to_le_bytes()).take(5_000_000).collect();
    let echo = thread::spawn(move || {
        let (mut stream, _) = node.accept().unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        stream.write_all(&heard).unwrap();
    });
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(&question).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer == question, "{} of {} bytes came back", answer.len(), question.len());
    echo.join().unwrap();
    let end = proxy.wait_for("end");
    assert_eq!(
        (&end["bytes_from_dialer"], &end["bytes_from_listener"]),
        (&json!(5_000_000), &json!(5_000_000))
    );
    proxy.interrupt();
}

#[test]
fn a_reset_is_passed_on_and_told() {
    let node = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut proxy = proxy(&node.local_addr().unwrap().to_string(), &[]);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    let (accepted, _) = node.accept().unwrap();
    stream.write_all(b"unread").unwrap();
    // To close a socket with unread bytes resets it.
    accepted.peek(&mut [0]).unwrap();
    drop(accepted);
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(proxy.wait_for("end")["detail"], "the listener reset the connection");
    proxy.interrupt();
}

#[test]
fn a_node_that_is_not_there_is_told_and_the_program_sees_a_reset() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut proxy = proxy(&nobody, &[]);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    assert!(stream.read(&mut [0]).is_err());
    let end = proxy.wait_for("end");
    assert_eq!(end["ok"], false);
    assert!(
        end["detail"].as_str().unwrap().starts_with(&format!("{nobody} refused the connection")),
        "{end}"
    );
    proxy.interrupt();
}

#[test]
fn a_node_with_many_peers_records_some_and_says_so() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("node.jsonl");
    let mut node = Process::start(&["serve", "127.0.0.1:0", "--record", file.to_str().unwrap()]);
    node.wait_for("listening");
    let address = node.address();
    let mut stderr = node.child.stderr.take().unwrap();
    node.read_on();
    run(&["load", &address, "--network", "simnet", "-n", "300", "--hold", "0s"]).assert_succeeds();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 256);
    node.child.kill().unwrap();
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(said, "dcrpeer: not every connection is recorded: 256 at a time are, and 10,000 in all\n");
}

#[test]
fn an_end_of_the_proxy_is_told_to_both_and_noted() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("between.jsonl");
    let mut listener = Process::listen();
    let mut proxy = proxy(&listener.address(), &["--record", file.to_str().unwrap()]);
    let mut visitor = Process::start(&["connect", &proxy.address()]);
    visitor.wait_for("message");
    proxy.interrupt();
    visitor.wait_for("end");
    listener.wait_for("end");
    listener.interrupt();
    let recording = read(&folder.path().join("between-1.jsonl"));
    let last = &recording.entries.last().unwrap().kind;
    assert!(matches!(last, EntryKind::End { reason, .. } if reason == "ClosedByOwner"), "{last:?}");
}
