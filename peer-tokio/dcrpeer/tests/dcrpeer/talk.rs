//! Peers that talk: the demo, and `connect` with `listen`.

use core::mem;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::thread;

use peer_core::Network;
use serde_json::{Value, json};

use crate::{dcrpeer, object, run};

#[test]
fn the_demo_prints_every_step() {
    let run = run(&[]);
    run.assert_succeeds();
    let count = |fragment: &str| run.out.matches(fragment).count();
    assert_eq!(count("handshake complete, version 12"), 2, "{}", run.out);
    assert_eq!(count("version  /peer-core:"), 2, "{}", run.out);
    assert!(count("pong     rtt ") >= 3, "{}", run.out);
    assert_eq!(count("1,000 transactions"), 2, "{}", run.out);
    assert_eq!(count("  500 transactions, 2,500 so far"), 1, "{}", run.out);
    assert_eq!(count("connected to ourselves"), 2, "{}", run.out);
    assert_eq!(count("✓ All of it happened"), 1, "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "colours without a terminal: {:?}", run.out);
}

#[test]
fn a_session_is_reported_by_both_ends() {
    let mut listener = Process::listen();
    let visit = run(&["connect", &listener.address(), "--network", "simnet", "--json", "--for", "3s"]);
    visit.assert_succeeds();
    let told = visit.objects();
    let expected = ["connecting", "connected", "version", "established", "sent", "message", "end"];
    assert_eq!(events(&told), expected);
    assert_eq!((&told[4]["command"], &told[5]["command"]), (&json!("ping"), &json!("pong")));
    assert_eq!(told[4]["message"]["nonce"], told[5]["message"]["nonce"]);
    assert!(told[5]["round_trip_ms"].is_f64(), "{}", told[5]);
    let end = &told[6];
    assert_eq!((&end["ok"], &end["reason"]), (&json!(true), &json!("DurationElapsed")));

    let told = listener.interrupt();
    let expected = ["listening", "connected", "version", "established", "message", "end", "stopped"];
    assert_eq!(events(&told), expected);
    assert_eq!(told[4]["command"], "ping");
    let theirs = &told[5];
    assert_eq!((&theirs["established"], &theirs["reason"]), (&json!(true), &json!("ClosedByRemote")));
    assert_eq!(theirs["stats"]["bytes_received"], end["stats"]["bytes_sent"]);
    assert_eq!(theirs["stats"]["user_agent"], end["stats"]["user_agent"]);
    let stopped = &told[6];
    assert_eq!((&stopped["peers"], &stopped["established"]), (&json!(1), &json!(1)));
    assert_eq!(stopped["reason"], "Interrupted");
}

#[test]
fn people_see_our_ping_before_its_pong() {
    let mut listener = Process::listen();
    let visit = run(&["connect", &listener.address(), "--network", "simnet", "--for", "3s"]);
    visit.assert_succeeds();
    let (before, after) = visit.out.split_once("──▶ ping").unwrap();
    assert!(!before.contains("pong") && after.contains("◀── pong"), "{}", visit.out);
    listener.interrupt();
}

#[test]
fn several_peers_may_come_at_once_and_are_told_apart() {
    let mut listener = Process::listen();
    let mut visitors: Vec<_> = (0..3).map(|_| Process::visit(&listener, &[])).collect();
    for visitor in &mut visitors {
        visitor.wait_for("message");
    }
    for visitor in &mut visitors {
        let end = visitor.interrupt().pop().unwrap();
        assert_eq!((&end["ok"], &end["reason"]), (&json!(true), &json!("Interrupted")));
    }
    let told = listener.interrupt();
    let stopped = told.last().unwrap();
    assert_eq!((&stopped["peers"], &stopped["established"]), (&json!(3), &json!(3)));
    for number in 1..=3 {
        let one: Vec<_> = told.iter().filter(|told| told["peer"] == number).cloned().collect();
        assert_eq!(events(&one), ["connected", "version", "established", "message", "end"]);
    }
}

#[test]
fn the_highest_protocol_version_to_speak_can_be_chosen() {
    let mut listener = Process::listen();
    let mut visitor = Process::visit(&listener, &["--protocol", "9"]);
    assert_eq!(visitor.wait_for("established")["protocol_version"], 9);
    visitor.interrupt();
    listener.interrupt();
}

#[test]
fn a_peer_of_another_network_is_refused_and_listening_continues() {
    let mut listener = Process::listen();
    let refused = run(&["connect", &listener.address(), "--network", "mainnet"]);
    refused.assert_fails(1, "it closed the connection before hands were shaken");
    assert!(refused.out.contains("most likely: it is not of mainnet (see --network)"), "{}", refused.out);
    let end = listener.wait_for("end");
    assert_eq!((&end["reason"], &end["established"]), (&json!("WrongNetwork"), &json!(false)));
    assert_eq!(end["detail"], "this is a peer of mainnet, try --network mainnet");
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("established");
    visitor.interrupt();
    listener.interrupt();
}

#[test]
fn a_node_that_answers_with_the_version_that_we_offer_may_speak_higher_ones() {
    let mut listener = Process::listen();
    let args = ["connect", &listener.address(), "--network", "simnet", "--for", "3s", "--protocol", "9"];
    let visit = run(&args);
    visit.assert_succeeds();
    assert!(visit.out.contains("/, protocol 9 or higher, block"), "{}", visit.out);
    assert!(visit.out.contains("9 (it speaks 9 or higher)\n"), "{}", visit.out);
    let mut visitor = Process::visit(&listener, &["--protocol", "9"]);
    assert_eq!(visitor.wait_for("version")["protocol_version_is"], "negotiated");
    visitor.wait_for("established");
    visitor.interrupt();
    // Who comes tells its highest.
    assert_eq!(listener.wait_for("version")["protocol_version_is"], "highest");
    listener.interrupt();
}

#[test]
fn a_node_that_answers_with_a_lower_version_speaks_no_higher_one() {
    let mut listener = Process::start(&["listen", "127.0.0.1:0", "--protocol", "10"]);
    listener.wait_for("listening");
    let mut visitor = Process::visit(&listener, &[]);
    assert_eq!(visitor.wait_for("version")["protocol_version_is"], "highest");
    visitor.wait_for("established");
    visitor.interrupt();
    let visit = run(&["connect", &listener.address(), "--network", "simnet", "--for", "3s"]);
    assert!(visit.out.contains("/, protocol 10, block"), "{}", visit.out);
    assert!(visit.out.contains("10 (it speaks 10)\n"), "{}", visit.out);
    listener.interrupt();
}

#[test]
fn a_close_by_the_remote_is_no_success() {
    let mut listener = Process::listen();
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("message");
    listener.wait_for("established");
    listener.interrupt();
    let end = visitor.wait_for("end");
    assert_eq!((&end["ok"], &end["established"]), (&json!(false), &json!(true)));
    assert_eq!(end["reason"], "ClosedByRemote");
    assert_eq!(visitor.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_close_soon_after_the_handshake_is_told_with_its_causes() {
    let mut listener = Process::listen();
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("message");
    listener.interrupt();
    let end = visitor.wait_for("end");
    let causes: Vec<_> = end["causes"].as_array().unwrap().iter().map(|cause| &cause["cause"]).collect();
    assert_eq!(causes, ["banned", "unanswered", "unwanted", "stopped"]);
    assert_eq!(end["causes"][0]["wait_s"], 86_400);
    let detail = end["detail"].as_str().unwrap();
    assert!(detail.starts_with("it closed the connection; it gave no reason: it may be that "), "{detail}");
}

#[test]
fn an_end_inside_a_frame_after_the_handshake_is_no_fault_by_itself() {
    let mut listener = Process::listen();
    let relay = relay(&listener.address(), b"inv\0\0\0\0\0\0\0\0\0\x25\0\0\0\0\0\0\0");
    let end = Process::start(&["connect", &relay]).wait_for("end");
    let detail = end["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("it closed the connection, inside a frame, 37 bytes before its end"),
        "{detail}"
    );
    assert!(detail.contains("some programs write header and payload apart"), "{detail}");
    listener.interrupt();
}

#[test]
fn a_message_of_other_protocol_versions_is_told_with_them() {
    let mut listener = Process::listen();
    let relay = relay(&listener.address(), b"addr\0\0\0\0\0\0\0\0\x5b\0\0\0\0\0\0\0");
    let end = Process::start(&["connect", &relay]).wait_for("end");
    let detail = "it broke the protocol: addr is no message of protocol 12: versions 1 to 11 have it";
    assert_eq!((&end["reason"], &end["detail"]), (&json!("PayloadTooLarge"), &json!(detail)));
    listener.interrupt();
}

/// Passes on what two peers of simnet say until our ping is answered, then says the rest of a header itself and
/// leaves.
fn relay(peer: &str, header: &'static [u8; 20]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut remote = TcpStream::connect(peer).unwrap();
    thread::spawn(move || {
        let (mut visitor, _) = listener.accept().unwrap();
        let (mut from, mut to) = (visitor.try_clone().unwrap(), remote.try_clone().unwrap());
        thread::spawn(move || io::copy(&mut from, &mut to));
        let mut seen = Vec::new();
        let pong = b"pong\0\0\0\0\0\0\0\0\x08\0\0\0";
        // Behind its length come checksum and nonce.
        while seen.windows(28).all(|bytes| bytes[..16] != *pong) {
            let mut byte = [0];
            remote.read_exact(&mut byte).unwrap();
            visitor.write_all(&byte).unwrap();
            seen.push(byte[0]);
        }
        visitor.write_all(&Network::SIMNET.magic().to_le_bytes()).unwrap();
        visitor.write_all(header).unwrap();
        visitor.shutdown(Shutdown::Write).unwrap();
    });
    address
}

/// The tool on simnet, with `--json`, until it is interrupted.
pub(crate) struct Process {
    pub(crate) child: Child,
    out: Box<dyn BufRead + Send>,
    told: Vec<Value>,
}

impl Process {
    pub(crate) fn listen() -> Self {
        let mut listener = Self::start(&["listen", "127.0.0.1:0"]);
        listener.wait_for("listening");
        listener
    }

    pub(crate) fn visit(listener: &Self, args: &[&str]) -> Self {
        Self::start(&[&["connect", &listener.address()], args].concat())
    }

    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = dcrpeer(args).args(["--network", "simnet", "--json"]).spawn().unwrap();
        let out = Box::new(BufReader::new(child.stdout.take().unwrap()));
        Self { child, out, told: Vec::new() }
    }

    /// Has everything read that it tells from now on, and dropped. One whose output is not read waits for its reader.
    pub(crate) fn read_on(&mut self) {
        let mut out = mem::replace(&mut self.out, Box::new(io::empty()));
        thread::spawn(move || io::copy(&mut out, &mut io::sink()));
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.told[0]["address"].as_str().unwrap().to_owned()
    }

    /// Reads on until it tells of such an event.
    pub(crate) fn wait_for(&mut self, event: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended before {event}");
            let told = object(&line);
            self.told.push(told.clone());
            if told["event"] == event {
                return told;
            }
        }
    }

    /// Ends it as Ctrl-C does, which is a success, and returns everything it told.
    pub(crate) fn interrupt(&mut self) -> Vec<Value> {
        self.interrupt_to_status(0)
    }

    /// The same where the exit status is another one.
    pub(crate) fn interrupt_to_status(&mut self, status: i32) -> Vec<Value> {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.told.extend(rest.lines().map(object));
        assert_eq!(self.child.wait().unwrap().code(), Some(status));
        mem::take(&mut self.told)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that passed has ended it already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn events(told: &[Value]) -> Vec<&str> {
    told.iter().map(|told| told["event"].as_str().unwrap()).collect()
}
