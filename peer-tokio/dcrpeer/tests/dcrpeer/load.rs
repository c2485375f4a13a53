//! Many connections to one peer. What they measure is told beside the node that bears them, in `serve`.

use core::net::SocketAddr;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use crate::talk::Process;
use crate::{dcrpeer, run};

#[test]
fn without_a_node_one_line_says_how_to_start_one() {
    let address = free_address().to_string();
    let run = run(&["load", &address, "--network", "simnet"]);
    let advice = format!("start a node: dcrpeer serve {address} --network simnet");
    run.assert_fails(1, &format!("{address}: it refused the connection, nothing listens there; {advice}"));
    assert_eq!(run.out, "");
}

#[test]
fn what_is_no_peer_is_recognized_by_the_first_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepting = thread::spawn(move || drop(listener.accept().unwrap()));
    run(&["load", &address]).assert_fails(1, "it closed the connection before hands were shaken");
    accepting.join().unwrap();
}

#[test]
fn an_invalid_number_of_connections_is_explained() {
    for (number, fragment) in [
        ("0", "0 is not a number from 1 to 60000"),
        ("99999", "99999 is not a number from"),
        ("many", "'many'"),
    ] {
        run(&["load", "127.0.0.1", "-n", number]).assert_fails(2, fragment);
    }
    run(&["load", "127.0.0.1", "--at-once", "0"]).assert_fails(2, "0 is not a number from 1 to 1024");
    run(&["load", "127.0.0.1", "--hold", "long"]).assert_fails(2, "like 500ms, 10s, 2m or 1h");
}

#[test]
fn another_machine_is_not_loaded_without_permission() {
    // These addresses are reserved for documentation: no one is there, and nothing is sent.
    for address in ["192.0.2.1:9108", "[2001:db8::1]:9108"] {
        run(&["load", address]).assert_fails(1, "is not on this machine");
        run(&["load", address]).assert_fails(1, "then use --with-permission");
    }
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_known_before_anything_is_opened() {
    let tool = env!("CARGO_BIN_EXE_dcrpeer");
    let script = format!("ulimit -n 100; exec {tool} load {} -n 500", free_address());
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("raise it with `ulimit -n 532`, or say -n 68\n"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_node_with_too_few_open_files_says_so_and_takes_fewer_peers() {
    let tool = env!("CARGO_BIN_EXE_dcrpeer");
    let script = format!("ulimit -n 100; exec {tool} serve 127.0.0.1:0 --max 500 --for 10ms");
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("lets 68 peers in at a time, not 500; raise it with `ulimit -n 532`"), "{said}");
}

#[test]
fn a_closed_output_is_no_error() {
    let mut server = Process::start(&["serve", "127.0.0.1:0"]);
    server.wait_for("listening");
    let mut load = dcrpeer(&["load", &server.address(), "--network", "simnet", "-n", "20"]).spawn().unwrap();
    drop(load.stdout.take());
    let output = load.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]));
    server.interrupt();
}

#[test]
fn a_full_node_is_recognized_and_its_silence_is_not_measured() {
    let mut server = Process::start(&["serve", "127.0.0.1:0", "--max", "2"]);
    server.wait_for("listening");
    let args = ["load", &server.address(), "--network", "simnet", "--rounds", "0"];
    let load = run(&[args.as_slice(), &["-n", "3", "--json"]].concat());
    load.assert_succeeds();
    let measured = &load.objects()[0];
    assert_eq!(
        (&measured["opened"], &measured["failed"]),
        (&json!(2), &json!({"it takes no more peers": 1}))
    );
    // The silence was as long as a handshake may take, 10 s.
    assert!(measured["opening_ms"].as_f64().unwrap() < 10_000.0, "{measured}");
    server.interrupt();
}

#[test]
fn no_rounds_are_reported_as_no_pings() {
    let mut server = Process::start(&["serve", "127.0.0.1:0"]);
    server.wait_for("listening");
    let load = run(&["load", &server.address(), "--network", "simnet", "-n", "1", "--rounds", "0"]);
    load.assert_succeeds();
    assert!(load.out.contains("pings        none\n"), "{}", load.out);
    server.interrupt();
}

#[test]
fn the_help_of_both_commands_has_examples() {
    for command in ["serve", "load"] {
        let run = run(&[command, "--help"]);
        run.assert_succeeds();
        assert!(run.out.contains(&format!("\n  dcrpeer {command} ")), "{}", run.out);
    }
}

/// An address of this machine where nothing listens.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
