//! What a hang-up of the terminal, which the system tells by a signal, does to commands.

#![cfg(unix)]

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;
use std::{env, fs, process};

use peer_core::Message;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::network::{answer, config, listeners, settle};
use crate::serve::{interrupt, serve};
use crate::talk::Process;

#[test]
fn a_crawl_that_is_hung_up_on_tells_and_draws_what_it_has_found() {
    let runtime = Runtime::new().unwrap();
    let peer = settle(&runtime, listeners(1).remove(0), config(), 5, Vec::new());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let seeds = [peer.address, mute.local_addr().unwrap()].map(|seed| seed.to_string());
    let file = env::temp_dir().join(format!("dcrpeer-test-{}-hang-up.svg", process::id()));
    let args = ["--handshake-timeout", "1h", "--svg", file.to_str().unwrap()];
    let mut crawl = Process::start(&[&["crawl", &seeds[0], &seeds[1]], args.as_slice()].concat());
    crawl.wait_for("peer");
    // The shell tells its jobs, and the system tells them again when the shell is gone: no second request.
    interrupt(crawl.child.id(), "HUP");
    interrupt(crawl.child.id(), "HUP");
    let summary = crawl.wait_for("summary");
    assert_eq!((&summary["ended"], &summary["reachable"]), (&json!("Interrupted"), &json!(1)));
    assert_eq!(crawl.child.wait().unwrap().code(), Some(0));
    assert!(fs::read_to_string(&file).unwrap().ends_with("</svg>\n"));
    fs::remove_file(&file).unwrap();
}

#[test]
fn a_node_that_is_hung_up_on_sums_up() {
    let mut server = serve(&[]);
    interrupt(server.child.id(), "HUP");
    assert_eq!(server.wait_for("stopped")["reason"], "Interrupted");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// As `nohup` starts a program. The peer answers only when the hang-up is over.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_was_told_to_ignore_hang_ups_does() {
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
