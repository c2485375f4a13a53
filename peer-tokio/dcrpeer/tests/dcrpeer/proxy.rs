//! `connect` and `crawl` through a SOCKS5 proxy.

use core::net::SocketAddr;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use peer_core::message::Address;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::network::{config, entry, listeners, not_listening, spawn_peer};
use crate::run;
use crate::talk::Process;

/// A name that no one but a proxy could find.
const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

/// What a proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    user: Vec<u8>,
    password: Vec<u8>,
    /// 1 for IPv4, 3 for a name, 4 for IPv6.
    kind: u8,
    pub(crate) host: Vec<u8>,
    pub(crate) port: u16,
}

/// A proxy for which every name is that of one peer.
pub(crate) struct Proxy {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    pub(crate) fn start(peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream).unwrap();
                seen.lock().unwrap().push(request);
                let remote = TcpStream::connect(peer).unwrap();
                stream.write_all(&reply(0)).unwrap();
                pass_on(&stream, &remote);
                pass_on(&remote, &stream);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(stream: &mut TcpStream) -> io::Result<Request> {
    let (user, password) = read_user(stream)?;
    stream.write_all(&[1, 0])?;
    let [_, _, _, kind] = read(stream)?;
    let host = match kind {
        1 => read::<4>(stream)?.to_vec(),
        3 => read_text(stream)?,
        _ => read::<16>(stream)?.to_vec(),
    };
    Ok(Request { user, password, kind, host, port: u16::from_be_bytes(read(stream)?) })
}

/// The user name and the password, which have to be offered.
fn read_user(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let [_, methods] = read(stream)?;
    let mut offered = vec![0; methods.into()];
    stream.read_exact(&mut offered)?;
    assert!(offered.contains(&2), "no user name and password in {offered:?}");
    stream.write_all(&[5, 2])?;
    let [_] = read(stream)?;
    Ok((read_text(stream)?, read_text(stream)?))
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_text(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [len] = read(stream)?;
    let mut text = vec![0; len.into()];
    stream.read_exact(&mut text)?;
    Ok(text)
}

/// A proxy's answer with this code, and no address.
fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

fn pass_on(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        to.shutdown(std::net::Shutdown::Write).ok();
    });
}

/// A proxy that asks no one for a name, for which every host is one peer.
fn careless(peer: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let [_, _, _, _] = read(&mut stream).unwrap();
            stream.write_all(&[5, 0]).unwrap();
            let [_, _, _, 3] = read(&mut stream).unwrap() else { panic!("no name") };
            read_text(&mut stream).unwrap();
            let [_, _] = read(&mut stream).unwrap();
            let remote = TcpStream::connect(peer).unwrap();
            stream.write_all(&reply(0)).unwrap();
            pass_on(&stream, &remote);
            pass_on(&remote, &stream);
        }
    });
    address
}

/// A server that says this to the first who comes, once it has heard so many bytes, and then waits.
fn server(hears: usize, says: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut vec![0; hears]).unwrap();
        stream.write_all(says).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    address
}

/// A proxy that takes any user name, and answers every request with this code.
fn refusing(code: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream).unwrap();
        stream.write_all(&reply(code)).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    address
}

/// A proxy that knows no user.
fn distrustful() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_user(&mut stream).unwrap();
        stream.write_all(&[1, 1]).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    address
}

/// Visits a name through this proxy, in vain.
fn fail(proxy: &str, fragment: &str) {
    run(&["connect", ONION, "--proxy", proxy]).assert_fails(1, fragment);
}

#[test]
fn the_proxy_is_given_the_name_and_resolves_it() {
    let mut listener = Process::listen();
    let proxy = Proxy::start(&listener.address());
    let mut visit = visit(&proxy, &format!("{ONION}:1234"));
    visit.wait_for("message");
    visit.interrupt();
    listener.interrupt();
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    let Request { kind, host, port, .. } = &requests[0];
    assert_eq!((*kind, host.as_slice(), *port), (3, ONION.as_bytes(), 1234));
}

#[test]
fn a_port_that_is_left_out_is_the_networks() {
    let mut listener = Process::listen();
    let proxy = Proxy::start(&listener.address());
    let mut visit = visit(&proxy, "peer.invalid");
    visit.wait_for("established");
    visit.interrupt();
    listener.interrupt();
    let Request { host, port, .. } = &proxy.requests()[0];
    assert_eq!((host.as_slice(), *port), (b"peer.invalid".as_slice(), 18555));
}

#[test]
fn no_two_connections_have_the_same_user() {
    let mut listener = Process::listen();
    let proxy = Proxy::start(&listener.address());
    for _ in 0..2 {
        let mut visit = visit(&proxy, ONION);
        visit.wait_for("established");
        visit.interrupt();
    }
    listener.interrupt();
    let requests = proxy.requests();
    let [one, other] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(one.user.len() >= 16 && one.password.len() >= 16, "{one:?}");
    assert_ne!(one.user, other.user);
    assert_ne!(one.password, other.password);
}

#[test]
fn a_proxy_that_asks_for_no_user_is_warned_of_once() {
    let runtime = Runtime::new().unwrap();
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config(), 5, Vec::new());
    let proxy = careless(peer.address);
    let through = ["--proxy", &proxy, "--network", "simnet", "--json", "--for", "3s"];
    let warning =
        format!("dcrpeer: the proxy {proxy} asks for no user name, so connections may share a circuit");
    for command in [["connect", ONION].as_slice(), &["crawl", ONION, "peer.invalid"]] {
        let run = run(&[command, &through].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.starts_with(&warning) && run.err.lines().count() == 1, "{}", run.err);
        let told = run.objects();
        assert!(told.iter().any(|told| told["isolated"] == false), "{told:?}");
    }
}

#[test]
fn a_host_that_is_too_long_for_a_proxy_is_told_so() {
    let host = format!("{}.invalid", "h".repeat(250));
    let run = run(&["connect", &host, "--proxy", "127.0.0.1:9"]);
    run.assert_fails(1, "a host has 255 characters at most, not 258; check the name");
}

#[test]
fn the_remote_learns_nothing_of_the_proxy() {
    let mut listener = Process::listen();
    let proxy = Proxy::start(&listener.address());
    // By name, by an address that is the proxy's too, and by one that is not.
    for (target, ip) in [(ONION, "0.0.0.0"), ("127.0.0.1:9108", "0.0.0.0"), ("127.9.9.9:9108", "127.9.9.9")] {
        let mut visit = visit(&proxy, target);
        visit.wait_for("established");
        visit.interrupt();
        let message = &listener.wait_for("version")["message"];
        assert_eq!(message["addr_you"]["ip"], ip, "{target}");
        assert_eq!(message["addr_me"]["ip"], "::", "{target}");
        assert_eq!(message["addr_me"]["port"], 0, "{target}");
    }
    listener.interrupt();
}

#[test]
fn a_crawl_through_a_proxy_visits_names_and_the_tor_addresses_that_peers_tell() {
    let runtime = Runtime::new().unwrap();
    let tor = Address::TorV3([7; 32]);
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config(), 5, vec![entry(tor, 9108)]);
    let proxy = Proxy::start(&peer.address.to_string());
    let args = ["crawl", ONION, "peer.invalid:7", "--network", "simnet", "--json"];
    let crawl = run(&[args.as_slice(), &["--proxy", &proxy.address]].concat());
    crawl.assert_succeeds();
    let summary = crawl.objects().pop().unwrap();
    assert_eq!((&summary["reachable"], &summary["skipped"]), (&json!(3), &json!({})));
    let mut asked: Vec<_> =
        proxy.requests().into_iter().map(|request| (request.host, request.port)).collect();
    asked.sort();
    let mut expected = [("peer.invalid".to_owned(), 7), (ONION.to_owned(), 18555), (tor.to_string(), 9108)];
    expected.sort();
    assert_eq!(asked, expected.map(|(host, port)| (host.into_bytes(), port)));
}

#[test]
fn a_crawl_reports_a_proxy_that_cannot_be_reached() {
    let sockets = not_listening(1);
    let unanswered = sockets[0].local_addr().unwrap().to_string();
    let crawl = run(&["crawl", ONION, "--json", "--proxy", &unanswered]);
    crawl.assert_fails(1, &format!("the proxy {unanswered} refused the connection"));
    assert_eq!(crawl.objects().pop().unwrap()["unreachable"], json!({"proxy": 1}));
}

#[test]
fn a_proxy_without_a_port_is_no_proxy() {
    run(&["connect", ONION, "--proxy", "127.0.0.1"]).assert_fails(2, "write the proxy's port too");
}

#[test]
fn an_unreachable_proxy_is_distinguished_from_an_unreachable_peer() {
    let sockets = not_listening(1);
    let unanswered = sockets[0].local_addr().unwrap().to_string();
    fail(
        &unanswered,
        &format!("the proxy {unanswered} refused the connection, nothing listens there; check --proxy"),
    );
    let run = run(&["connect", ONION, "--proxy", &unanswered, "--json"]);
    let end = run.objects().pop().unwrap();
    assert_eq!((&end["event"], &end["reason"]), (&json!("end"), &json!("Unreachable")));
}

#[test]
fn a_proxy_that_wants_another_password_says_so() {
    // Neither method is good enough, or the password is wrong.
    fail(&server(4, &[5, 0xff]), "rejected our random user name and password");
    fail(&distrustful(), "rejected our random user name and password");
}

#[test]
fn what_the_proxy_cannot_reach_is_told_as_the_proxy_tells_it() {
    let cases = [
        (1, "it failed to connect"),
        (2, "forbids this connection"),
        (3, "network unreachable"),
        (4, "host unreachable"),
        (5, "it refused the connection"),
        (6, "it took too long"),
        (8, "it cannot reach this kind of address"),
    ];
    for (code, text) in cases {
        fail(&refusing(code), text);
    }
}

#[test]
fn tors_codes_for_onion_services_are_explained() {
    let cases = [
        (0xf0, "the onion service is not announced"),
        (0xf1, "the onion service is announced wrongly"),
        (0xf2, "the onion service is announced and does not answer"),
        (0xf3, "the onion service answered and did not meet us"),
        (0xf4, "the onion service is for clients with a key"),
        (0xf5, "the onion service does not accept the key"),
        (0xf6, "no onion service can have this name"),
        (0xf7, "the onion service took too long to answer"),
    ];
    for (code, text) in cases {
        fail(&refusing(code), text);
        fail(&refusing(code), &format!("(Tor's code {code:#04x}); check host and port, or try again later"));
    }
    fail(&refusing(0x42), "it failed for a reason of the proxy's own, code 0x42");
}

#[test]
fn what_a_proxy_cannot_reach_is_unreachable_for_a_crawl_whatever_the_code() {
    for code in [1, 2, 4, 6, 8, 9, 0x42, 0xef, 0xf0, 0xf3, 0xf7, 0xf8, 0xff] {
        let crawl = run(&["crawl", ONION, "--json", "--proxy", &refusing(code)]);
        assert_eq!(
            crawl.objects().pop().unwrap()["unreachable"],
            json!({"unreachable": 1}),
            "code {code:#x}"
        );
    }
    for (code, outcome) in [(5, "refused"), (7, "proxy")] {
        let crawl = run(&["crawl", ONION, "--json", "--proxy", &refusing(code)]);
        assert_eq!(crawl.objects().pop().unwrap()["unreachable"], json!({outcome: 1}), "code {code:#x}");
    }
}

#[test]
fn an_address_behind_an_interface_of_this_machine_is_given_to_no_proxy() {
    let proxy = refusing(1);
    for command in ["connect", "crawl"] {
        run(&[command, "fe80::1%1", "--proxy", &proxy])
            .assert_fails(1, "fe80::1%1 is behind an interface of this machine, which no proxy uses");
    }
}

#[test]
fn a_server_that_is_no_proxy_is_recognized() {
    fail(&server(4, b"HTTP/1.1 400 Bad Request\r\n\r\n"), "is no SOCKS5 proxy; check --proxy");
    fail(&server(4, &[4, 90]), "is no SOCKS5 proxy");
}

#[test]
fn an_early_close_by_a_proxy_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || read::<4>(&mut listener.accept().unwrap().0).unwrap());
    fail(&address, "closed the connection before it answered, it may be no SOCKS5 proxy");
}

#[test]
fn a_silent_proxy_is_left_at_the_timeout() {
    fail(&server(4, b""), "said nothing for 10 s, it may be no SOCKS5 proxy");
}

/// A visit on simnet through a proxy.
fn visit(proxy: &Proxy, target: &str) -> Process {
    Process::start(&["connect", target, "--proxy", &proxy.address])
}
