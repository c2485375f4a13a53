//! What cannot work ends with one clear line and an exit status that is not zero.

use core::net::SocketAddr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::thread;

use tokio::net::TcpSocket;

use crate::network::not_listening;
use crate::talk::Process;
use crate::{dcrpeer, run, run_with};

#[test]
fn an_invalid_command_line_is_explained_in_one_line() {
    let cases: [(&[&str], &str); 12] = [
        (&["crawl", "--demo", "127.0.0.1"], "this is how many peers to make up, a number from 1 to 5000"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["connect"], "<ADDR>"),
        (&["connect", "a:b:c"], "write a name or an address"),
        (&["connect", "http://localhost"], "write host and port, like node.example:9108, and no URL"),
        (&["help", "frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["connect", "127.0.0.1", "--network", "nonet"], "unknown network (known are mainnet"),
        (&["connect", "127.0.0.1", "--protocol", "13"], "13 is not a number from 1 to 12"),
        (&["connect", "127.0.0.1", "--for", "soon"], "like 500ms, 10s, 2m or 1h"),
        (&["connect", "127.0.0.1", "--netwrk", "simnet"], "tip: a similar argument exists: '--network'"),
        (&["decode", "--network", "nonet"], "unknown network (known are mainnet"),
        (&["decode", "--protocol", "new"], "a number like 12"),
    ];
    for (args, fragment) in cases {
        run(args).assert_fails(2, fragment);
    }
}

#[test]
fn a_number_that_is_no_address_is_not_dialled_as_another_one() {
    for host in ["1", "1.2.3", "1.2.3.4.5", "1.2.3.", "127.1:9108", "256.0.0.1", "0x7f.1", "0x7f000001", "."]
    {
        run(&["connect", host]).assert_fails(2, "is no IP address, write all four numbers");
    }
}

#[test]
fn a_port_that_is_none_is_told_what_ports_are() {
    for port in ["99999", "65536", "-1", "+80", "http"] {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            run(&["connect", &format!("{host}:{port}")]).assert_fails(2, "a number from 1 to 65535, not ");
        }
    }
}

#[test]
fn a_colon_without_a_port_is_pointed_out() {
    for target in ["localhost:", "127.0.0.1:", "[::1]:"] {
        run(&["connect", target]).assert_fails(2, "a port is missing behind the colon");
    }
}

#[test]
fn a_zone_that_is_none_is_explained() {
    for (target, fragment) in [
        ("fe80::1%", "an interface is missing behind the %"),
        ("[fe80::1%]:9108", "an interface is missing behind the %"),
        ("fe80::1%eth0:9108", "\"eth0:9108\" is no name of an interface; write brackets before a port"),
        ("[fe80::1%a b]:9108", "\"a b\" is no name of an interface"),
        ("127.0.0.1%lo", "only an IPv6 address has a zone"),
        ("node.example%lo:9108", "only an IPv6 address has a zone"),
    ] {
        run(&["connect", target]).assert_fails(2, fragment);
        run(&["connect", "peer.invalid", "--proxy", target]).assert_fails(2, fragment);
    }
}

#[cfg(unix)]
#[test]
fn an_interface_that_this_machine_does_not_have_is_named() {
    for command in ["connect", "listen", "serve", "crawl", "load"] {
        run(&[command, "[fe80::1%nowhere]:9108"])
            .assert_fails(1, "check whether this machine has an interface \"nowhere\"");
    }
}

/// On Linux the interface of this machine alone is the first, it is named `lo`, and it has no such address.
#[cfg(target_os = "linux")]
#[test]
fn an_address_is_used_with_its_zone_by_number_or_name() {
    for zone in ["1", "lo"] {
        let address = format!("[fe80::1%{zone}]:18555");
        for command in ["connect", "listen", "serve"] {
            run(&[command, &address, "--network", "simnet"]).assert_fails(1, "[fe80::1%1]:18555");
        }
        let crawl = run(&["crawl", &address, "--network", "simnet", "--json"]);
        assert_eq!(crawl.objects()[0]["address"], "[fe80::1%1]:18555");
        run(&["load", &address, "--with-permission"]).assert_fails(1, "[fe80::1%1]:18555");
        run(&["connect", "peer.invalid", "--proxy", &address])
            .assert_fails(1, &format!("the proxy {address}"));
        let without_port = format!("fe80::1%{zone}");
        run(&["connect", &without_port, "--network", "simnet"]).assert_fails(1, "[fe80::1%1]:18555");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_local_address_without_its_interface_is_told_to_need_it() {
    for command in ["connect", "listen", "serve", "crawl"] {
        run(&[command, "[fe80::1]:18555"]).assert_fails(1, "a link-local address needs its interface");
    }
}

#[test]
fn a_port_without_a_host_is_no_target() {
    for target in ["", ":", ":9108", ":99999"] {
        run(&["connect", target]).assert_fails(2, "write a name or an address");
    }
}

#[test]
fn a_name_of_tor_is_looked_up_by_no_command() {
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    for host in [onion.to_owned(), format!("{onion}.:9108"), onion.to_uppercase()] {
        for command in ["connect", "crawl"] {
            let advice = "is reached through Tor only; add --proxy 127.0.0.1:9050, where Tor listens";
            run(&[command, &host]).assert_fails(1, advice);
        }
        for command in ["load", "serve", "listen"] {
            run(&[command, &host]).assert_fails(1, "is a name of Tor, which this command cannot use");
        }
    }
    run(&["connect", onion, "--proxy", &format!("{onion}:9050")])
        .assert_fails(2, "a proxy has no name of Tor");
}

#[test]
fn input_that_cannot_be_read_is_named() {
    run(&["decode", "no/such/file"]).assert_fails(1, "cannot read no/such/file: ");
    run(&["decode", env!("CARGO_MANIFEST_DIR")]).assert_fails(1, "cannot read ");
    run_with(&["decode"], "abc\n").assert_fails(1, "line 1: 3 is an odd number");
    run_with(&["decode"], "12 nonet ab\n").assert_fails(1, "line 1: \"nonet\": unknown network");
}

#[test]
fn an_address_where_nothing_listens_refuses() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let run = run(&["connect", &address, "--json"]);
    run.assert_fails(1, "refused the connection, nothing listens there");
    let end = run.objects().pop().unwrap();
    assert_eq!((&end["event"], &end["ok"]), (&"end".into(), &false.into()));
    assert_eq!(end["reason"], "Unreachable");
}

#[test]
fn every_address_of_a_name_is_tried_and_told() {
    let (_deaf, unanswered) = unanswered();
    let port = unanswered.rsplit_once(':').unwrap().1;
    let name = format!("localhost:{port}");
    for command in ["connect", "load"] {
        let run = run(&[command, &name]);
        for address in name.to_socket_addrs().unwrap() {
            run.assert_fails(1, &format!("{address}"));
        }
        run.assert_fails(1, "refused the connection, nothing listens there");
    }
}

#[test]
fn a_web_server_is_recognized() {
    let server = answer_once(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let run = run(&["connect", &server.to_string()]);
    run.assert_fails(1, "this is no Decred peer: it speaks HTTP (\"HTTP/1.1 400 Bad Request\")");
}

#[test]
fn a_server_of_another_protocol_is_quoted() {
    let server = answer_once(b"220 mail ready\r\n");
    run(&["connect", &server.to_string()]).assert_fails(1, "no Decred protocol (\"220 mail ready\")");
}

#[test]
fn a_peer_of_another_network_is_told_by_name() {
    // The first header of a peer of testnet3.
    let server = answer_once(b"\x75\xaa\x94\xb1version\0\0\0\0\0\x75\0\0\0\0\0\0\0");
    let run = run(&["connect", &server.to_string(), "--network", "simnet"]);
    run.assert_fails(1, "this is a peer of testnet3, try --network testnet3");
    let story = "ended: this is a peer of testnet3, try --network testnet3\n";
    assert!(run.out.ends_with(story), "{}", run.out);
}

#[test]
fn a_close_before_the_version_is_reported_with_possible_causes() {
    let server = answer_once(b"");
    let run = run(&["connect", &server.to_string()]);
    run.assert_fails(1, "it closed the connection before hands were shaken");
}

#[test]
fn a_close_without_a_reason_is_reported_with_all_causes_and_waits() {
    let server = answer_once(b"");
    let run = run(&["connect", &server.to_string(), "--json"]);
    run.assert_fails(1, "it closed the connection before hands were shaken; it gave no reason\n");
    let end = run.objects().pop().unwrap();
    let detail = end["detail"].as_str().unwrap();
    for fragment in [
        "it is not of mainnet (see --network)",
        "3 and then one each 5 s (wait 15 s)",
        "it has as many peers as it takes (wait 5 minutes)",
        "it has 5 connections from this host",
        "it bans this host, all addresses of a proxy or a router together, for a day at most (wait a day)",
        "it wants the full service (network), and we offer none",
        "it does not accept protocol 12 (see --protocol)",
        "it takes us for itself",
    ] {
        assert!(detail.contains(fragment), "no {fragment:?} in {detail:?}");
    }
    let causes: Vec<_> = end["causes"].as_array().unwrap().iter().map(|cause| &cause["cause"]).collect();
    let expected = [
        "other_network",
        "rate_limit",
        "full",
        "host_limit",
        "banned",
        "services",
        "protocol_version",
        "self_connection",
    ];
    assert_eq!(causes, expected);
    let waits: Vec<_> =
        end["causes"].as_array().unwrap().iter().filter_map(|cause| cause["wait_s"].as_u64()).collect();
    assert_eq!(waits, [15, 300, 86_400]);
    assert_eq!((&end["reason"], &end["redial_after_s"]), (&"ClosedBeforeVersion".into(), &15.into()));
}

#[test]
fn an_inbound_close_without_a_reason_is_reported_with_its_causes() {
    let mut listener = Process::listen();
    drop(TcpStream::connect(listener.address()).unwrap());
    let end = listener.wait_for("end");
    let causes: Vec<_> = end["causes"].as_array().unwrap().iter().map(|cause| &cause["cause"]).collect();
    assert_eq!(causes, ["probe", "banned"]);
    let detail = end["detail"].as_str().unwrap();
    assert!(detail.contains("port scans") && detail.contains("wait a day"), "{detail}");
}

#[test]
fn an_end_inside_a_frame_is_reported_with_its_meaning() {
    // A header of a version of 117 bytes, and no payload.
    let server = answer_all_of_it(b"\xf9\x00\xb4\xd9version\0\0\0\0\0\x75\0\0\0\0\0\0\0");
    let run = run(&["connect", &server.to_string()]);
    run.assert_fails(
        1,
        "it closed the connection before hands were shaken, inside a frame, 117 bytes before its end",
    );
    run.assert_fails(1, "some programs write header and payload apart, and leave in between");
}

#[test]
fn a_handshake_timeout_is_no_success() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    run(&["connect", &address, "--for", "100ms"])
        .assert_fails(1, "no handshake in time (--for 100 ms is over)");
}

#[test]
fn listening_fails_on_a_port_in_use() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    run(&["listen", &address]).assert_fails(1, "something listens there already");
}

#[test]
fn listening_without_a_handshake_is_no_success() {
    let run = run(&["listen", "127.0.0.1:0", "--for", "50ms"]);
    run.assert_fails(1, "no handshake was completed (0 connected)");
}

/// The same once all of the `version` is read, so that its end is no reset.
fn answer_all_of_it(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut header = [0; 24];
        stream.read_exact(&mut header).unwrap();
        let len = u32::from_le_bytes(*header[16..].first_chunk().unwrap());
        stream.read_exact(&mut vec![0; usize::try_from(len).unwrap()]).unwrap();
        stream.write_all(answer).unwrap();
    });
    address
}

/// A server that takes one connection, reads a `version`, and says this.
pub(crate) fn answer_once(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 24 + 86]).unwrap();
        stream.write_all(answer).unwrap();
    });
    address
}

/// An address where no one listens, as long as the socket is kept.
fn unanswered() -> (TcpSocket, String) {
    let socket = not_listening(1).remove(0);
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

#[test]
fn every_failure_ends_the_json_output_with_an_object() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let (_deaf, unanswered) = unanswered();
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    for args in [
        ["listen", &taken].as_slice(),
        &["serve", &taken],
        &["crawl", onion],
        &["load", &unanswered],
        &["decode", "no/such/file"],
    ] {
        let run = run(&[args, &["--json"]].concat());
        let [failed] = run.objects().try_into().unwrap();
        assert_eq!((&failed["event"], &failed["ok"]), (&"failed".into(), &false.into()), "{args:?}");
        run.assert_fails(1, failed["detail"].as_str().unwrap());
    }
}

#[test]
fn a_failure_is_reported_in_json_only_once() {
    let (_deaf, unanswered) = unanswered();
    for (args, last) in [
        (["connect", &unanswered].as_slice(), "end"),
        (&["crawl", &unanswered], "summary"),
        (&["listen", "127.0.0.1:0", "--for", "50ms"], "stopped"),
    ] {
        let run = run(&[args, &["--json"]].concat());
        assert_eq!(run.code, 1, "{args:?}");
        assert_eq!(run.objects().pop().unwrap()["event"], last, "{args:?}");
    }
    let run = run_with(&["decode", "--json"], "xy\n");
    run.assert_fails(1, "line 1, column 1: ");
    assert_eq!(run.objects().len(), 1);
}

#[test]
fn a_closed_output_makes_no_failure_a_success() {
    let (_deaf, unanswered) = unanswered();
    for args in [
        ["connect", &unanswered].as_slice(),
        &["connect", &unanswered, "--json"],
        &["crawl", &unanswered],
        &["load", &unanswered, "--json"],
        &["decode", "no/such/file", "--json"],
    ] {
        let mut child = dcrpeer(args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_ne!(output.stderr, b"", "{args:?}");
    }
}

#[test]
fn an_error_of_the_system_is_told_without_its_number_and_with_advice() {
    for (args, fragment) in [
        (["decode", "/nonexistent/frames.txt"].as_slice(), "it does not exist; check the path"),
        (&["replay", "/nonexistent/talk.jsonl"], "it does not exist; check the path"),
        (&["crawl", "--demo", "--svg", "/nonexistent/x.svg"], "check the path"),
        (&["listen", "192.0.2.1"], "; choose an address of this machine"),
    ] {
        let run = run(args);
        run.assert_fails(1, fragment);
        assert!(!run.err.contains("os error"), "{}", run.err);
    }
}

#[test]
fn long_input_is_cut_in_errors() {
    let long = "a".repeat(5000);
    for args in [["connect", &format!("{long}:x")], ["connect", &long], ["crawl", &long]] {
        let run = run(&args);
        assert!(run.code > 0 && run.err.len() < 400, "{}", run.err);
        assert!(run.err.contains("aaa…"), "{}", run.err);
    }
    let decode = run_with(&["decode"], format!("12 {long} 00\n{long} simnet 00\n"));
    assert!(decode.out.len() < 600 && decode.out.contains("aaa…"), "{}", decode.out);
}

#[test]
fn a_number_that_is_none_or_out_of_bounds_is_told_in_plain_words() {
    run(&["serve", "--max", "abc"]).assert_fails(2, "write a number; try --help");
    run(&["serve", "--max", "0"]).assert_fails(2, "0 is not a number from 1 to 1000000; try --help");
    run(&["crawl", "--demo", "--max", "0"]).assert_fails(2, "0 is not a number from 1 ");
    run(&["serve", "--metrics", "localhost"]).assert_fails(2, "write an address with a port");
}
