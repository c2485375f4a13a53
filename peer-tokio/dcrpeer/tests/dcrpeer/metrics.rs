//! What went each way by command: at the end of `connect` and `serve`, and as metrics for Prometheus.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::serve::serve;
use crate::talk::Process;
use crate::{TIMEOUT, run};

/// What the address responds to this request: the status line and the body.
fn respond(address: &str, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn scrape(address: &str) -> String {
    let (status, body) = respond(address, "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_eq!(status, "HTTP/1.1 200 OK");
    body
}

/// The counts of a command in a list of them.
fn row<'a>(counts: &'a Value, command: &str) -> &'a Value {
    counts.as_array().unwrap().iter().find(|count| count["command"] == command).unwrap()
}

#[test]
fn a_node_is_scraped_while_peers_come_and_go() {
    let mut server = serve(&["--metrics", "127.0.0.1:0"]);
    let metrics = server.wait_for("metrics")["address"].as_str().unwrap().to_owned();
    let before = scrape(&metrics);
    assert!(before.contains("\ndcrpeer_connections 0\n"), "{before}");
    let mut visitor = Process::start(&["connect", &server.address()]);
    server.wait_for("established");
    // It answers our ping.
    visitor.wait_for("message");
    let during = scrape(&metrics);
    visitor.interrupt();
    server.wait_for("end");
    let after = scrape(&metrics);
    for line in [
        "dcrpeer_connections 1",
        "dcrpeer_connections_accepted_total 1",
        "dcrpeer_handshakes_total 1",
        "dcrpeer_messages_total{direction=\"received\",command=\"version\"} 1",
        "dcrpeer_messages_total{direction=\"sent\",command=\"verack\"} 1",
        "dcrpeer_message_bytes_total{direction=\"sent\",command=\"verack\"} 24",
    ] {
        assert!(during.lines().any(|told| told == line), "{line}: {during}");
    }
    for line in [
        "dcrpeer_connections 0",
        "dcrpeer_connections_ended_total{reason=\"ClosedByRemote\"} 1",
        "dcrpeer_messages_total{direction=\"sent\",command=\"verack\"} 1",
        "dcrpeer_ping_round_trip_seconds_count 1",
    ] {
        assert!(after.lines().any(|told| told == line), "{line}: {after}");
    }
    assert!(after.ends_with("# EOF\n"), "{after}");
    let stopped = server.interrupt().pop().unwrap();
    let verack = row(&stopped["commands"], "verack");
    assert_eq!((&verack["messages_sent"], &verack["bytes_received"]), (&json!(1), &json!(24)));
}

#[test]
fn what_is_no_scrape_is_refused_and_harms_no_one() {
    let mut server = serve(&["--metrics", "127.0.0.1:0"]);
    let metrics = server.wait_for("metrics")["address"].as_str().unwrap().to_owned();
    assert_eq!(respond(&metrics, "GET / HTTP/1.1\r\n\r\n").0, "HTTP/1.1 404 Not Found");
    assert_eq!(respond(&metrics, "POST /metrics HTTP/1.1\r\n\r\n").0, "HTTP/1.1 405 Method Not Allowed");
    let mut endless = TcpStream::connect(&metrics).unwrap();
    // It may be closed before all is written.
    endless.write_all(&[b'x'; 20_000]).ok();
    assert!(scrape(&metrics).contains("dcrpeer_handshakes_total 0"));
    server.interrupt();
}

#[test]
fn an_address_for_metrics_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["serve", "127.0.0.1:0", "--network", "simnet", "--metrics", &address]);
    assert_eq!(output.code, 1);
    let expected = format!("cannot serve metrics on {address}: ");
    assert!(output.err.contains(&expected), "{}", output.err);
}

#[test]
fn a_session_ends_with_its_counts() {
    let mut server = serve(&[]);
    let mut visitor = Process::start(&["connect", &server.address()]);
    visitor.wait_for("message");
    let end = visitor.interrupt().pop().unwrap();
    let ping = row(&end["stats"]["commands"], "ping");
    assert_eq!((&ping["messages_received"], &ping["bytes_received"]), (&json!(1), &json!(32)));
    server.wait_for("end");
    let args = ["connect", &server.address(), "--network", "simnet", "--for", "1s"];
    let text = run(&args).out;
    let line =
        text.lines().find(|line| line.trim_start().starts_with("verack")).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["verack", "1", "(24)", "1", "(24)"]);
    server.interrupt();
}
