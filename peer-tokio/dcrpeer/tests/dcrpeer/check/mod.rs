//! Nodes that are checked: good ones, and for each check one that fails it.

mod faults;
mod faulty;

use core::net::SocketAddr;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::{fs, thread};

use peer_core::recording::Recording;
use peer_tests::dcrd_node::tcp::TcpNode;
use peer_tests::dcrd_node::{DcrdNode, Setup};
use serde_json::{Value, json};

use self::faults::FAULTS;
use self::faulty::{Fault, relay};
use crate::serve::interrupt;
use crate::{Run, dcrpeer, object, run};

/// More than one `headers` can take.
const BLOCKS: u32 = 2_500;

/// A node whose clock runs so fast, in seconds a second, that its own time-outs pass while a test waits.
const FAST: u32 = 20;

/// Nodes with faults that are checked at a time.
const AT_ONCE: usize = 8;

#[test]
fn a_node_that_does_what_real_nodes_do_passes_every_check() {
    let node = node(false, 1);
    let checked = check(&node.address().to_string(), &["--rude", "--busy-pong", "60s"]);
    checked.assert_succeeds();
    let skipped = names_of(&checked, "skip");
    assert_eq!(skipped, ["handshake-timeout", "idle-timeout"], "{}", checked.out);
    let summary = checked.objects().pop().unwrap();
    assert_eq!((&summary["event"], &summary["ok"]), (&json!("summary"), &json!(true)));
    assert_eq!(summary["passed"], FAULTS.len() - 2);
}

#[test]
fn a_node_ends_silent_connections_in_time() {
    let node = node(false, FAST);
    let slow = ["--slow=60s", "--only", "handshake-timeout,idle-timeout"];
    let checked = check(&node.address().to_string(), &slow);
    checked.assert_succeeds();
    assert_eq!(names_of(&checked, "pass"), ["handshake-timeout", "idle-timeout"], "{}", checked.out);
}

#[test]
fn our_own_node_passes_what_it_can_be_asked_without_a_chain() {
    // Not for programs: that output would have to be read all the time.
    let mut server = dcrpeer(&["serve", "127.0.0.1:0", "--network", "simnet"]).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let address = line.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap();
    let checked = check(address, &["--rude", "--busy-pong", "60s"]);
    interrupt(server.id(), "INT");
    server.wait().unwrap();
    checked.assert_succeeds();
    assert!(names_of(&checked, "pass").len() >= 30, "{}", checked.out);
}

#[test]
fn every_check_can_fail() {
    let listed = run(&["check", "--list", "--json"]);
    listed.assert_succeeds();
    let known: BTreeSet<_> = listed.objects().iter().map(|check| text(&check["name"])).collect();
    let faults: BTreeSet<_> = FAULTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(known, faults, "a fault for each check");
    assert!(known.len() >= 24);

    let node = node(false, 1);
    let node = node.address();
    // Most of the time they wait for what does not come.
    thread::scope(|scope| {
        for faults in FAULTS.chunks(FAULTS.len().div_ceil(AT_ONCE)) {
            scope.spawn(move || faults.iter().for_each(|fault| assert_fails(node, fault)));
        }
    });
}

fn assert_fails(node: SocketAddr, (name, fault, evidence): &(&str, Fault, &str)) {
    let address = relay(node, *fault).to_string();
    let failed = check(&address, &["--rude", "--slow=1s", "--timeout", "2s", "--only", name]);
    assert_eq!(names_of(&failed, "fail"), [*name], "{}", failed.out);
    failed.assert_fails(1, &format!("the node fails: {name}"));
    let found = text(&failed.objects()[1]["evidence"]);
    assert!(found.contains(evidence), "{name}: no {evidence:?} in {found:?}");
}

#[test]
fn a_node_that_bans_is_not_checked_further() {
    let node = node(true, 1);
    let checked = check(&node.address().to_string(), &["--rude"]);
    checked.assert_succeeds();
    assert!(checked.out.contains("the node has banned this host"), "{}", checked.out);
    assert_eq!(names_of(&checked, "fail"), Vec::<String>::new());
    // No one is let in any more.
    let again = check(&node.address().to_string(), &[]);
    again.assert_fails(2, "it closed the connection without a byte: it is full, has banned this host");
    assert_eq!(again.objects().pop().unwrap()["event"], "failed");
}

#[test]
fn without_rude_nothing_is_sent_for_which_a_node_bans() {
    let node = node(true, 1);
    let checked = check(&node.address().to_string(), &[]);
    checked.assert_succeeds();
    assert!(names_of(&checked, "skip").contains(&"wrong-magic".to_owned()));
    let is_banned = node.with(|node, now| node.is_banned([127, 0, 0, 1].into(), now));
    assert!(!is_banned);
}

#[test]
fn each_connection_of_a_check_is_recorded() {
    let (node, folder) = (node(false, 1), tempfile::tempdir().unwrap());
    let path = folder.path().join("made");
    let folder = path.to_str().unwrap();
    let checked = check(&node.address().to_string(), &["--record", folder, "--only", "pong,fresh-nonces"]);
    checked.assert_succeeds();
    let mut files: Vec<_> =
        fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let due = ["first-contact.jsonl", "fresh-nonces-2.jsonl", "fresh-nonces.jsonl", "pong.jsonl"];
    assert_eq!(files, due);
    let recording = Recording::read(&fs::read_to_string(path.join("pong.jsonl")).unwrap()).unwrap();
    assert!(recording.entries.len() > 5, "{recording:?}");
    let pong = checked.objects().into_iter().find(|object| object["name"] == "pong").unwrap();
    assert_eq!(pong["recordings"], json!([path.join("pong.jsonl")]));
    let told = run(&["replay", path.join("pong.jsonl").to_str().unwrap()]);
    assert!(told.out.contains("pong"), "{}", told.out);
}

#[test]
fn people_read_verdicts_in_80_columns() {
    let node = node(false, 1);
    let good =
        run(&["check", &node.address().to_string(), "--network", "simnet", "--only", "pong,junk,block"]);
    good.assert_succeeds();
    assert!(good.out.contains("\npass  block              the block at height 1, "), "{}", good.out);
    assert!(good.out.contains("\n3 passed, 0 failed, 0 skipped in "), "{}", good.out);
    let (name, fault, _) = FAULTS.iter().find(|(name, ..)| *name == "headers-link").unwrap();
    let address = relay(node.address(), *fault).to_string();
    let bad = run(&["check", &address, "--network", "simnet", "--only", name]);
    bad.assert_fails(1, "the node fails: headers-link");
    assert!(bad.out.contains("\nFAIL  headers-link       the header at height 2 does not"), "{}", bad.out);
    assert!(bad.out.contains("demanded: up to 2,000 `headers`"), "{}", bad.out);
    let list = run(&["check", "--list"]);
    list.assert_succeeds();
    for line in [good.out.lines(), bad.out.lines(), list.out.lines()].into_iter().flatten() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_cannot_be_checked_is_told_with_the_exit_status_2() {
    let node = node(false, 1);
    let address = node.address().to_string();
    let other = run(&["check", &address, "--network", "testnet3"]);
    other.assert_fails(2, "or is not of testnet3 (see --network)");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    check(&free, &[]).assert_fails(2, "refused the connection, nothing listens there");
    check(&address, &["--only", "no-such"]).assert_fails(2, "\"no-such\" is no check: see check --list");
    run(&["check"]).assert_fails(2, "the following required arguments were not provided");
}

#[test]
fn ctrl_c_ends_the_checks_with_their_sums() {
    let node = node(false, 1);
    let args = ["check", &node.address().to_string(), "--network", "simnet", "--json", "--slow"];
    let mut checking = dcrpeer(&[&args[..], &["--only", "pong,idle-timeout"]].concat()).spawn().unwrap();
    let mut out = BufReader::new(checking.stdout.take().unwrap()).lines();
    // The first check is done, and the second one takes two minutes.
    let first: Vec<_> = out.by_ref().take(2).map(|line| object(&line.unwrap())).collect();
    assert_eq!(first[1]["name"], "pong");
    interrupt(checking.id(), "INT");
    let last = object(&out.last().unwrap().unwrap());
    assert_eq!((&last["event"], &last["stopped"]), (&json!("summary"), &json!("Interrupted")));
    assert_eq!((&last["ok"], &last["passed"]), (&json!(false), &json!(1)));
    assert_eq!(checking.wait().unwrap().code(), Some(130));
}

/// A node of simnet with a chain.
fn node(bans: bool, speed: u32) -> TcpNode {
    let mut setup = Setup::current(BLOCKS);
    setup.bans = bans;
    TcpNode::start(DcrdNode::new(setup, 5), speed).unwrap()
}

fn check(address: &str, args: &[&str]) -> Run {
    run(&[&["check", address, "--network", "simnet", "--json"], args].concat())
}

/// The checks with this verdict.
fn names_of(run: &Run, verdict: &str) -> Vec<String> {
    let objects = run.objects();
    let chosen = objects.iter().filter(|object| object["verdict"] == verdict);
    chosen.map(|object| text(&object["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
