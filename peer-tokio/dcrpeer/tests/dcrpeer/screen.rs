//! The live table of `serve` on a terminal, which `script` of util-linux provides.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::{TIMEOUT, dcrpeer};

/// A node whose output is a terminal.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    pieces: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    /// `None` on a machine without `script`.
    fn start() -> Option<Self> {
        let command = format!("{} serve 127.0.0.1:0 --network simnet", env!("CARGO_BIN_EXE_dcrpeer"));
        let mut script = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (sender, pieces) = mpsc::channel();
        let (keys, mut out) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = out.read(&mut piece) {
                sender.send(piece[..len].to_vec()).ok();
            }
        });
        Some(Self { script, keys, pieces, shown: String::new() })
    }

    fn press(&mut self, key: &str) {
        self.shown.clear();
        self.keys.write_all(key.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn wait_for(&mut self, text: &str) {
        while !self.shown.contains(text) {
            let piece = self.pieces.recv_timeout(TIMEOUT);
            let piece = piece.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&piece));
        }
    }
}

#[test]
fn keys_sort_the_table_and_quit() {
    let Some(mut terminal) = Terminal::start() else { return };
    terminal.wait_for("q quits; t a r i o sort");
    terminal.press("r");
    terminal.wait_for("slowest first");
    terminal.press("r");
    terminal.wait_for("fastest first");
    terminal.press("t");
    terminal.wait_for("newest first");
    terminal.press("q");
    terminal.wait_for("q was pressed");
    assert_eq!(terminal.script.wait().unwrap().code(), Some(0));
}

#[test]
fn the_newest_peer_is_on_top() {
    let Some(mut terminal) = Terminal::start() else { return };
    terminal.wait_for(" --network simnet");
    let (_, rest) = terminal.shown.split_once(" connect 127.0.0.1:").unwrap();
    let address = format!("127.0.0.1:{}", rest.split(|char: char| !char.is_ascii_digit()).next().unwrap());
    let visit = |agent: &str| {
        dcrpeer(&["connect", &address, "--network", "simnet", "--user-agent", agent]).spawn().unwrap()
    };
    let mut first = visit("first:1");
    terminal.wait_for("first:1");
    let mut second = visit("second:1");
    terminal.wait_for("second:1");
    // A whole table, from the top of the next one on.
    terminal.press("t");
    terminal.press("t");
    terminal.wait_for("oldest first");
    terminal.wait_for("newest first");
    terminal.shown = terminal.shown.rsplit("newest first").next().unwrap().to_owned();
    terminal.wait_for("first:1");
    let [top, below] = ["second:1", "first:1"].map(|agent| terminal.shown.find(agent));
    assert!(top.is_some() && top < below, "{}", terminal.shown);
    terminal.press("q");
    terminal.wait_for("q was pressed");
    assert_eq!(terminal.script.wait().unwrap().code(), Some(0));
    first.wait().unwrap();
    second.wait().unwrap();
}
