//! Peers that talk: the demo, and `connect` with `listen`.

use core::mem;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};

use serde_json::{Value, json};

use crate::{dcrpeer, object, run};

#[test]
fn the_demo_tells_the_whole_story() {
    let run = run(&[]);
    run.assert_succeeds();
    let count = |fragment: &str| run.out.matches(fragment).count();
    assert_eq!(count("hands shaken, we speak protocol 12"), 2, "{}", run.out);
    assert_eq!(count("version  /peer-core:"), 2, "{}", run.out);
    assert!(count("pong     round trip ") >= 3, "{}", run.out);
    assert_eq!(count("1,000 transactions"), 2, "{}", run.out);
    assert_eq!(count("  500 transactions, 2,500 so far"), 1, "{}", run.out);
    assert_eq!(count("connected to ourselves"), 2, "{}", run.out);
    assert_eq!(count("✓ All of it happened"), 1, "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "colours without a terminal: {:?}", run.out);
}

#[test]
fn a_visit_is_told_by_both_ends() {
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
fn a_visitor_of_another_network_is_sent_away_and_does_not_end_the_listening() {
    let mut listener = Process::listen();
    run(&["connect", &listener.address(), "--network", "mainnet"])
        .assert_fails(1, "it may not be of mainnet (see --network)");
    let end = listener.wait_for("end");
    assert_eq!((&end["reason"], &end["established"]), (&json!("WrongNetwork"), &json!(false)));
    assert_eq!(end["detail"], "this is a peer of mainnet, try --network mainnet");
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("established");
    visitor.interrupt();
    listener.interrupt();
}

#[test]
fn a_peer_that_leaves_first_is_no_success() {
    let mut listener = Process::listen();
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("message");
    listener.interrupt();
    let end = visitor.wait_for("end");
    assert_eq!((&end["ok"], &end["established"]), (&json!(false), &json!(true)));
    assert_eq!(end["reason"], "ClosedByRemote");
    assert_eq!(visitor.child.wait().unwrap().code(), Some(1));
}

/// The tool on simnet, with `--json`, until it is interrupted.
pub(crate) struct Process {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
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
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, told: Vec::new() }
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
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.told.extend(rest.lines().map(object));
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
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
