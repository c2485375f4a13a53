//! A node with many peers, and those who come to it.

use core::future::Future;
#[cfg(unix)]
use std::io::Write;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::Command;

use peer_core::message::{GetHeaders, Locator};
use peer_core::{BannableMessages, Config, Event, Hash, Message, Network, Node, ProtocolVersion};
use peer_tokio::{Events, Handle};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::talk::Process;
use crate::{TIMEOUT, dcrpeer, object, run};

/// As many as make a crowd, and no test slow.
const MANY: &str = "300";

#[test]
fn hundreds_of_connections_are_told_by_both_ends() {
    let mut server = serve(&[]);
    let args = ["load", &server.address(), "--network", "simnet", "-n", MANY, "--json"];
    let load = dcrpeer(&args).spawn().unwrap();
    // The node waits for who reads what it tells.
    for _ in 0..300 {
        server.wait_for("end");
    }
    let load = load.wait_with_output().unwrap();
    assert_eq!((load.status.code(), load.stderr.as_slice()), (Some(0), &[][..]));
    let measured = object(&String::from_utf8(load.stdout).unwrap());
    assert_eq!((&measured["wanted"], &measured["opened"]), (&json!(300), &json!(300)));
    assert_eq!((&measured["failed"], &measured["lost"]), (&json!({}), &json!({})));
    assert_eq!((&measured["pings"], &measured["unanswered"]), (&json!(900), &json!(0)));
    assert_eq!((&measured["network"], &measured["stopped"]), (&json!("simnet"), &Value::Null));
    assert_eq!(measured["address"], server.address());
    for spread in ["connect_ms", "handshake_ms", "round_trip_ms"] {
        let times: Vec<_> = ["p50", "p90", "p99", "max"]
            .iter()
            .map(|rank| measured[spread][rank].as_f64().unwrap())
            .collect();
        assert!(times[0] > 0.0 && times.is_sorted(), "{spread}: {times:?}");
    }
    for number in ["opening_ms", "handshakes_per_second", "bytes_sent", "bytes_received"] {
        assert!(measured[number].as_f64().unwrap() > 0.0, "{number}: {measured}");
    }
    assert!(measured["memory"]["per_connection"].as_u64().unwrap() > 0, "{measured}");

    let told = server.interrupt();
    let count = |event: &str| told.iter().filter(|told| told["event"] == event).count();
    for event in ["connected", "version", "established", "end"] {
        assert_eq!(count(event), 300, "{event}");
    }
    let status = told.iter().rfind(|told| told["event"] == "status").unwrap();
    assert_eq!((&status["came"], &status["established"]), (&json!(300), &json!(300)));
    for number in ["peers", "max", "left", "handshakes_per_second", "bytes_received", "bytes_sent", "memory"]
    {
        assert!(status[number].is_u64(), "{number}: {status}");
    }
    let stopped = told.last().unwrap();
    assert_eq!((&stopped["event"], &stopped["reason"]), (&json!("stopped"), &json!("Interrupted")));
    assert_eq!((&stopped["peers"], &stopped["established"]), (&json!(300), &json!(300)));
}

#[test]
fn people_without_a_terminal_read_lines_and_a_table_at_the_end() {
    let args = ["serve", "127.0.0.1:0", "--network", "simnet", "--max", "400"];
    let mut server = dcrpeer(&args).spawn().unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    let address = text.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap().to_owned();
    let load =
        dcrpeer(&["load", &address, "--network", "simnet", "-n", MANY, "--hold", "1h"]).spawn().unwrap();
    while !text.contains("300 of 400 peers, 300 came, 0 left") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "it ended early: {text}");
    }
    interrupt(server.id(), "INT");
    out.read_to_string(&mut text).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert_eq!(text.matches("/peer-core:").count(), 20, "{text}");
    for fragment in [
        "address          direction  agent ",
        "… and 280 more\n\nstopped after ",
        "s: interrupted\n  peers       300 came, 300 shook hands, 300 at most at a time\n",
        "  ends        300 interrupted\n",
    ] {
        assert!(text.contains(fragment), "no {fragment:?} in {text}");
    }
    assert!(!text.contains(|char: char| char.is_control() && char != '\n'), "{text:?}");

    // With no one left to hold, it holds no longer.
    let load = load.wait_with_output().unwrap();
    let (text, status) = (String::from_utf8(load.stdout).unwrap(), load.status.code());
    assert_eq!((status, String::from_utf8(load.stderr).unwrap().as_str()), (Some(0), ""));
    assert!(text.starts_with("300 of 300 connections opened to 127.0.0.1:"), "{text}");
    assert!(text.contains("\n  lost: 300 × it closed the connection\n"), "{text}");
    assert!(!text.contains(|char: char| char.is_control() && char != '\n'), "{text:?}");
}

#[test]
fn people_read_the_possible_causes_of_closes_without_a_reason() {
    let mut server = dcrpeer(&["serve", "127.0.0.1:0", "--network", "simnet"]).spawn().unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    let address = text.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap();
    drop(std::net::TcpStream::connect(address).unwrap());
    while !text.contains("1 left") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "it ended early: {text}");
    }
    interrupt(server.id(), "INT");
    out.read_to_string(&mut text).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let guess =
        "guesses     1 gave no reason for leaving: it may be that it only checked that something listens";
    assert!(text.contains(guess), "no {guess:?} in {text}");
}

#[test]
fn sigterm_ends_a_node() {
    let mut server = serve(&[]);
    interrupt(server.child.id(), "TERM");
    server.wait_for("stopped");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_node_with_blocked_output_ends_after_the_grace_period() {
    let mut server = serve(&[]);
    hold_up(&server);
    interrupt(server.child.id(), "TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_node_with_blocked_output_ends_at_the_second_request() {
    let mut server = serve(&[]);
    hold_up(&server);
    // Two signals may arrive as one, so there are more.
    let mut code = None;
    while code.is_none() {
        interrupt(server.child.id(), "INT");
        code = server.child.try_wait().unwrap().map(|status| status.code());
    }
    assert_eq!(code, Some(Some(130)));
}

#[cfg(unix)]
#[test]
fn the_time_limit_ends_a_node_with_blocked_output() {
    let (mut full, unread) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[b'\n'; 4096]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    for args in [["serve", "127.0.0.1:0", "--json"], ["listen", "127.0.0.1:0", "--json"]] {
        let output = OwnedFd::from(full.try_clone().unwrap());
        let mut child = dcrpeer(&args).args(["--for", "100ms"]).stdout(output).spawn().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
    drop(unread);
}

#[test]
fn sigquit_ends_a_node_at_once() {
    let mut server = serve(&[]);
    interrupt(server.child.id(), "QUIT");
    assert_eq!(server.child.wait().unwrap().code(), Some(131));
}

/// Lets visitors come until there is so much to tell, and no one who reads it, that it answers no more.
fn hold_up(server: &Process) {
    let visit = ["load", &server.address(), "--network", "simnet", "-n", MANY, "--for", "2s"];
    while run(&visit).code == 0 {}
}

#[test]
fn a_closed_output_ends_a_node_without_an_error() {
    let mut server = dcrpeer(&["serve", "127.0.0.1:0", "--network", "simnet", "--json"]).spawn().unwrap();
    let mut line = String::new();
    // The reader, and with it the pipe, is gone after one line.
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = object(&line)["address"].as_str().unwrap().to_owned();
    // It is let in or not, depending on who is faster.
    run(&["load", &address, "--network", "simnet", "-n", "1"]);
    let output = server.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]));
}

#[test]
fn a_connection_above_the_limit_waits_in_the_backlog() {
    let mut server = serve(&["--max", "1"]);
    let mut first = visit(&server);
    first.wait_for("established");
    let mut second = visit(&server);
    second.wait_for("connected");
    first.interrupt();
    second.wait_for("established");
    second.interrupt();
    let told = server.interrupt();
    let at =
        |peer: u64, event: &str| told.iter().position(|told| told["peer"] == peer && told["event"] == event);
    assert!(at(1, "end").unwrap() < at(2, "connected").unwrap(), "{told:?}");
}

#[test]
fn the_port_of_another_program_is_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    run(&["serve", &address]).assert_fails(1, "something listens there already");
}

/// A visitor that knows the protocol better than the tool's commands.
pub(crate) struct Guest {
    handle: Handle,
    events: Events,
}

impl Guest {
    /// Connects and shakes hands.
    pub(crate) async fn enter(address: &str, version: ProtocolVersion) -> Self {
        Self::introduce(TcpStream::connect(address).await.unwrap(), version).await
    }

    /// Shakes hands.
    pub(crate) async fn introduce(stream: TcpStream, version: ProtocolVersion) -> Self {
        let config = Config::builder(Network::SIMNET)
            .protocol_version(version)
            .min_protocol_version(version.min(ProtocolVersion::REMOVE_REJECT))
            // Strangers say what they like.
            .bannable_messages(BannableMessages::Send)
            .build()
            .unwrap();
        let info = peer_tokio::connection_info(stream.peer_addr().unwrap(), 0);
        let generator = ChaCha12Rng::seed_from_u64(1);
        let (handle, mut events, driver) =
            peer_tokio::outbound(stream, &Node::new(config), info, generator).unwrap();
        tokio::spawn(driver);
        while events.next().await.unwrap() != Event::Established {}
        Self { handle, events }
    }

    pub(crate) async fn say(&self, message: Message) {
        self.handle.send(message).await.unwrap();
    }

    /// Waits until everything said before has been dealt with, and returns what came before that: messages are
    /// answered one after the other, headers with none. A pong would prove less, for the machine sends it by itself.
    pub(crate) async fn spawn_peer(&mut self) -> Vec<Message> {
        let (locator, stop) = (Locator::default(), Hash::ZERO);
        self.say(Message::GetHeaders(GetHeaders { protocol_version: 12, locator, stop })).await;
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Message::Headers(headers) if headers.headers.is_empty() => return before,
                message => before.push(message),
            }
        }
    }

    async fn next(&mut self) -> Message {
        loop {
            if let Event::Message(message) = self.events.next().await.unwrap() {
                return message;
            }
        }
    }

    /// Listens until such a message comes.
    pub(crate) async fn hear(&mut self, command: &str) -> Message {
        loop {
            let message = self.next().await;
            if message.command().as_str() == command {
                return message;
            }
        }
    }
}

pub(crate) fn talk(conversation: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(TIMEOUT, conversation).await.expect("it ends") });
}

/// A node on simnet that tells programs, and listens by now.
pub(crate) fn serve(args: &[&str]) -> Process {
    let mut server = Process::start(&[&["serve", "127.0.0.1:0"], args].concat());
    server.wait_for("listening");
    server
}

fn visit(server: &Process) -> Process {
    Process::start(&["connect", &server.address()])
}

pub(crate) fn interrupt(process: u32, signal: &str) {
    let kill = format!("kill -{signal} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}
