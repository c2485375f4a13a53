//! What SIGHUP, sent when a terminal closes, does to commands.

#![cfg(unix)]

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;
use std::{env, fs, process};

use peer_core::Message;
use peer_tests::bound::Running;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::network::{answer, config, listeners, spawn_peer};
use crate::serve::{interrupt, serve};
use crate::talk::Process;

/// Bounds the test by [`LONGEST`](peer_tests::bound::LONGEST), and checks that a child of it can receive SIGHUP: a
/// process inherits that the signal is ignored, and no shell can undo it.
fn begin(test: &str) -> Running {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    // The lowest bit is signal 1, SIGHUP.
    let ignores_sighup = u64::from_str_radix(ignored.trim(), 16).unwrap() & 1 == 1;
    assert!(!ignores_sighup, "{test} needs SIGHUP, which is ignored here: run the tests without nohup");
    Running::new(test)
}

#[test]
fn a_crawl_reports_and_draws_its_results_after_a_hang_up() {
    let _running = begin("a_crawl_reports_and_draws_its_results_after_a_hang_up");
    let runtime = Runtime::new().unwrap();
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config(), 5, Vec::new());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let seeds = [peer.address, mute.local_addr().unwrap()].map(|seed| seed.to_string());
    let file = env::temp_dir().join(format!("dcrpeer-test-{}-hang-up.svg", process::id()));
    let args = ["--handshake-timeout", "1h", "--svg", file.to_str().unwrap()];
    let mut crawl = Process::start(&[&["crawl", &seeds[0], &seeds[1]], args.as_slice()].concat());
    crawl.wait_for("peer");
    // When a terminal closes, both the shell and the kernel may send SIGHUP. The second is not a second request to stop.
    interrupt(crawl.child.id(), "HUP");
    interrupt(crawl.child.id(), "HUP");
    let summary = crawl.wait_for("summary");
    assert_eq!((&summary["ended"], &summary["reachable"]), (&json!("Interrupted"), &json!(1)));
    assert_eq!(crawl.child.wait().unwrap().code(), Some(0));
    assert!(fs::read_to_string(&file).unwrap().ends_with("</svg>\n"));
    fs::remove_file(&file).unwrap();
}

#[test]
fn a_node_reports_its_summary_after_a_hang_up() {
    let _running = begin("a_node_reports_its_summary_after_a_hang_up");
    let mut server = serve(&[]);
    interrupt(server.child.id(), "HUP");
    assert_eq!(server.wait_for("stopped")["reason"], "Interrupted");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// The tool starts as under `nohup`. The peer answers only after the signal was sent.
#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_is_ignored_if_it_was_ignored_at_the_start() {
    let _running = Running::new("a_hang_up_is_ignored_if_it_was_ignored_at_the_start");
    let runtime = Runtime::new().unwrap();
    let (go, may_go) = mpsc::channel::<()>();
    let may_go = std::sync::Arc::new(std::sync::Mutex::new(may_go));
    let peer = answer(&runtime, listeners(1).remove(0), config(), 5, move |handle, message| {
        let may_go = std::sync::Arc::clone(&may_go);
        async move {
            if message == Message::GetAddr {
                tokio::task::block_in_place(|| may_go.lock().unwrap().recv().ok());
                handle.close();
            }
        }
    });
    let tool = env!("CARGO_BIN_EXE_dcrpeer");
    let script = format!("trap '' HUP; exec {tool} crawl {} --network simnet --json", peer.address);
    let mut shell = process::Command::new("sh");
    let crawl = shell.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    while peer.visits() == 0 {
        std::thread::yield_now();
    }
    interrupt(crawl.id(), "HUP");
    go.send(()).unwrap();
    let output = crawl.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.lines().last().unwrap().contains("\"ended\":\"Complete\""), "{out}");
}
