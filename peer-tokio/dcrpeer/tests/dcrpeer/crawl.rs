//! `crawl` over networks on this machine.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
#[cfg(unix)]
use std::process::{Command, Stdio};

use peer_core::message::{Address, FeeFilter};
use peer_core::{Message, ProtocolVersion, Services};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::network::{TestPeer, answer, config, entry, listeners, not_listening, socket_entry, spawn_peer};
use crate::serve::interrupt;
use crate::talk::Process;
use crate::{Run, dcrpeer, object, run};

#[test]
fn each_visit_is_recorded() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("visit.jsonl");
    let file = file.to_str().unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = listeners(1).pop().unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _peer = spawn_peer(&runtime, listener, config(), 7, Vec::new());
    run(&["crawl", &address, "--network", "simnet", "--record", file]).assert_succeeds();
    let file = folder.path().join("visit-1.jsonl");
    run(&["replay", file.to_str().unwrap(), "--as", "dialer"]).assert_succeeds();
}

const PEERS: usize = 300;
const DEAD: usize = 20;

/// A network of [`PEERS`] peers, in which each tells of the two below it, of the one above, of the seed of
/// all, and some of an address that never answers, a private one, or one of Tor.
struct Town {
    peers: Vec<TestPeer>,
    /// Keeps the ports of those who are not there.
    _dead: Vec<TcpSocket>,
    _runtime: Runtime,
}

impl Town {
    fn found() -> Self {
        let runtime = Runtime::new().unwrap();
        let listeners = listeners(PEERS);
        let sockets = not_listening(DEAD);
        let dead: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|one| one.local_addr().unwrap()).collect();
        let mut peers = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let around = [2 * index + 1, 2 * index + 2, index.saturating_sub(1) / 2, 0];
            let mut known: Vec<_> =
                around.iter().filter_map(|other| addresses.get(*other)).copied().collect();
            known.extend(dead.get(index));
            let mut known: Vec<_> = known.into_iter().map(socket_entry).collect();
            match index % 10 {
                3 => known.push(entry(Address::Ipv4([10, 0, 0, 7].into()), 9108)),
                // One is not heard of: its teller speaks a version that cannot say it.
                6 => known.push(entry(Address::TorV3([u8::try_from(index).unwrap_or(255); 32]), 9108)),
                _ => {}
            }
            let version = ProtocolVersion::new(if index % 3 == 2 { 11 } else { 12 });
            let config = config()
                .user_agent("town", if index < 100 { "1" } else { "2" })
                .protocol_version(version)
                .services(if index % 2 == 0 { Services::NODE_NETWORK } else { Services::NONE });
            let height = i32::try_from(1000 - index / 100).unwrap();
            peers.push(spawn_peer(&runtime, listener, config, height, known));
        }
        Self { peers, _dead: sockets, _runtime: runtime }
    }

    fn seed(&self) -> String {
        self.peers[0].address.to_string()
    }
}

/// What the tool said of each peer, and its summary.
pub(crate) fn take_apart(run: &Run) -> (Vec<Value>, Value) {
    let mut told = run.objects();
    let summary = told.pop().unwrap();
    assert_eq!(summary["event"], "summary");
    assert!(told.iter().all(|told| told["event"] == "peer"));
    (told, summary)
}

#[test]
fn exactly_the_reachable_peers_of_a_network_are_found_and_each_is_visited_once() {
    let town = Town::found();
    let run = run(&["crawl", &town.seed(), "--network", "simnet", "--json"]);
    run.assert_succeeds();
    let (told, summary) = take_apart(&run);

    let reached = told.iter().filter(|peer| peer["ok"] == true).map(address).collect::<Vec<_>>();
    let there: BTreeSet<_> = town.peers.iter().map(|peer| peer.address.to_string()).collect();
    assert_eq!(reached.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(reached.len(), PEERS, "a peer was told of twice");
    let visits: Vec<_> = town.peers.iter().map(TestPeer::visits).filter(|visits| *visits != 1).collect();
    assert_eq!(visits, Vec::<u64>::new(), "peers were visited more or less than once");

    assert_eq!((&summary["ok"], &summary["ended"]), (&json!(true), &json!("Complete")));
    assert_eq!(summary["reachable"], PEERS);
    assert_eq!(summary["known"], PEERS + DEAD);
    assert_eq!(summary["unreachable"], json!({ "refused": DEAD }));
    // Those of Tor whose tellers speak version 12; the private one is always the same.
    let tor = (0..PEERS).filter(|index| index % 10 == 6 && index % 3 != 2).map(|index| index.min(255));
    let tor = tor.collect::<BTreeSet<_>>().len();
    assert_eq!(summary["skipped"], json!({ "tor": tor, "private": 1 }));
}

#[test]
fn the_levels_are_the_steps_from_the_seed() {
    let town = Town::found();
    let run = run(&["crawl", &town.seed(), "--network", "simnet", "--json"]);
    let (told, _) = take_apart(&run);
    let levels: BTreeMap<_, _> = told.iter().map(|peer| (address(peer), peer["level"].clone())).collect();
    for (index, peer) in town.peers.iter().enumerate() {
        let steps = (index + 1).ilog2();
        assert_eq!(levels[&peer.address.to_string()], steps, "peer {index}");
    }
}

#[test]
fn a_silent_peer_does_not_delay_the_others() {
    let runtime = Runtime::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    // A chain, whose first one tells of the silent one too.
    let mut known = vec![socket_entry(silent.local_addr().unwrap())];
    let mut seed = String::new();
    for listener in listeners(5) {
        let peer = spawn_peer(&runtime, listener, config(), 1, known);
        known = vec![socket_entry(peer.address)];
        seed = peer.address.to_string();
    }
    known.push(socket_entry(silent.local_addr().unwrap()));
    let first = spawn_peer(&runtime, listeners(1).remove(0), config(), 1, known);
    let args =
        ["crawl", &first.address.to_string(), "--network", "simnet", "--handshake-timeout", "5s", "--json"];
    let (told, _) = take_apart(&run(&args));
    let order: Vec<_> = told.iter().map(|peer| (count(&peer["level"]), address(peer))).collect();
    assert_eq!(order.len(), 7);
    assert_eq!(order[1], (1, seed));
    assert_eq!(order[6], (1, silent.local_addr().unwrap().to_string()), "{order:?}");
}

#[test]
fn the_numbers_of_a_summary_add_up() {
    let town = Town::found();
    let run = run(&["crawl", &town.seed(), "--network", "simnet", "--json"]);
    let (told, summary) = take_apart(&run);
    assert_eq!(summary["visited"], told.len());
    assert_eq!(number(&summary, "known"), number(&summary, "visited") + number(&summary, "not_visited"));
    let unreachable: u64 = summary["unreachable"].as_object().unwrap().values().map(count).sum();
    assert_eq!(number(&summary, "visited"), number(&summary, "reachable") + unreachable);
    let answers: u64 = summary["answers"].as_object().unwrap().values().map(count).sum();
    assert_eq!(answers, number(&summary, "reachable"));
    for list in ["protocol_versions", "user_agents", "services"] {
        let sum: u64 = summary[list].as_array().unwrap().iter().map(|share| count(&share["peers"])).sum();
        assert_eq!(sum, number(&summary, "introduced"), "{list}");
    }
    for field in ["known", "visited", "reachable"] {
        let levels = summary["levels"].as_array().unwrap();
        let sum: u64 = levels.iter().map(|level| number(level, field)).sum();
        assert_eq!(sum, number(&summary, field), "{field}");
    }
    let new: u64 = told.iter().map(|peer| number(peer, "new")).sum();
    assert_eq!(new + 1, number(&summary, "known"), "all but the seed were new once");

    let versions = json!([{"value": 12, "peers": 200}, {"value": 11, "peers": 100}]);
    assert_eq!(summary["protocol_versions"], versions);
    assert_eq!(summary["user_agents"][0]["peers"], 200);
    assert_eq!(summary["heights"], json!({"min": 998, "median": 999, "max": 1000, "at_best": 100}));
    assert_eq!(summary["round_trip_ms"]["measured"], PEERS);
}

#[test]
fn a_peer_that_is_too_old_is_not_reachable_and_its_version_is_counted() {
    let runtime = Runtime::new().unwrap();
    let old = config()
        .protocol_version(ProtocolVersion::new(7))
        .min_protocol_version(ProtocolVersion::INITIAL)
        .user_agent("veteran", "0.1");
    let peer = spawn_peer(&runtime, listeners(1).remove(0), old, 5, Vec::new());
    let run = run(&["crawl", &peer.address.to_string(), "--network", "simnet", "--json"]);
    run.assert_fails(1, "it speaks protocol 7, and the lowest accepted is 9");
    let (told, summary) = take_apart(&run);
    assert_eq!((&told[0]["outcome"], &told[0]["protocol_version"]), (&json!("too_old"), &json!(7)));
    assert_eq!(summary["unreachable"], json!({"too_old": 1}));
    assert_eq!(summary["protocol_versions"], json!([{"value": 7, "peers": 1}]));
    assert_eq!(summary["heights"]["max"], 5);
}

#[test]
fn no_more_are_visited_than_wanted() {
    let town = Town::found();
    let run = run(&["crawl", &town.seed(), "--network", "simnet", "--json", "--max", "50", "--at-once", "7"]);
    run.assert_succeeds();
    let (told, summary) = take_apart(&run);
    assert_eq!((told.len(), &summary["ended"]), (50, &json!("MaxVisited")));
    let reached = told.iter().filter(|peer| peer["ok"] == true).count();
    let visits: u64 = town.peers.iter().map(TestPeer::visits).sum();
    assert_eq!(visits, reached as u64);
}

#[test]
fn an_interrupted_crawl_reports_a_summary() {
    let runtime = Runtime::new().unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config(), 5, Vec::new());
    let seeds = [peer.address.to_string(), mute.local_addr().unwrap().to_string()];
    let deadline = ["--handshake-timeout", "1h"];
    let mut crawl = Process::start(&[&["crawl", &seeds[0], &seeds[1]], deadline.as_slice()].concat());
    crawl.wait_for("peer");
    let summary = crawl.interrupt().pop().unwrap();
    assert_eq!((&summary["event"], &summary["ended"]), (&json!("summary"), &json!("Interrupted")));
    assert_eq!((&summary["reachable"], &summary["not_visited"]), (&json!(1), &json!(1)));
}

#[test]
fn an_interrupted_crawl_that_reached_no_one_is_no_success() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = not_listening(1);
    let seeds = [refusing[0].local_addr().unwrap(), mute.local_addr().unwrap()].map(|seed| seed.to_string());
    let deadline = ["--handshake-timeout", "1h"];
    let mut crawl = Process::start(&[&["crawl", &seeds[0], &seeds[1]], deadline.as_slice()].concat());
    crawl.wait_for("peer");
    interrupt(crawl.child.id(), "INT");
    assert_eq!(crawl.wait_for("summary")["ok"], false);
    assert_eq!(crawl.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_crawl_that_ends_early_says_so() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let run = run(&["crawl", &address, "--network", "simnet", "--json", "--for", "50ms"]);
    run.assert_fails(1, "no peer was reached; no address was visited");
    let (_, summary) = take_apart(&run);
    assert_eq!((&summary["ended"], &summary["not_visited"]), (&json!("DurationElapsed"), &json!(1)));
}

#[test]
fn a_peer_without_a_handshake_is_left_at_the_timeout() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let run = run(&["crawl", &address, "--network", "simnet", "--json", "--handshake-timeout", "100ms"]);
    run.assert_fails(1, &format!("no peer was reached; {address}: it says nothing"));
    let (told, _) = take_apart(&run);
    assert_eq!((&told[0]["outcome"], &told[0]["reason"]), (&json!("silent"), &json!("HandshakeTimeout")));
}

#[test]
fn a_peer_that_sends_other_messages_is_not_waited_for_forever() {
    let runtime = Runtime::new().unwrap();
    let peer = answer(&runtime, listeners(1).remove(0), config(), 5, |handle, message| async move {
        if message == Message::GetAddr {
            tokio::spawn(async move {
                while handle.send(Message::FeeFilter(FeeFilter { min_fee: 1 })).await.is_ok() {
                    sleep(Duration::from_millis(100)).await;
                }
            });
        }
    });
    let args = ["crawl", &peer.address.to_string(), "--network", "simnet", "--json"];
    let run = run(&[args.as_slice(), &["--addresses-timeout", "1h"]].concat());
    run.assert_succeeds();
    let (told, _) = take_apart(&run);
    assert_eq!((&told[0]["answer"], &told[0]["addresses"]), (&json!("none"), &json!(0)));
}

#[test]
fn people_get_tables_without_colours_where_there_is_no_terminal() {
    let run = run(&["crawl", "--demo", "20"]);
    run.assert_succeeds();
    for title in ["Crawl of simnet: 20 addresses known", "\nLevels", "\nProtocol versions", "\nUser agents"] {
        assert!(run.out.contains(title), "no {title:?} in {}", run.out);
    }
    assert!(run.out.contains("✓ Found all that can be reached"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "{:?}", run.out);
}

#[test]
fn some_peers_of_the_demo_break_the_protocol() {
    let run = run(&["crawl", "--demo", "300", "--json"]);
    run.assert_succeeds();
    let (_, summary) = take_apart(&run);
    assert!(summary["answers"]["broke"].as_u64().is_some_and(|count| count > 0), "{}", summary["answers"]);
}

#[test]
fn a_closed_output_ends_a_crawl_without_an_error() {
    let mut child = dcrpeer(&["crawl", "--demo", "60", "--json"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(object(&line)["event"], "peer");
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}

/// A crawl whose limit of open files a shell sets first.
#[cfg(unix)]
fn crawl_with_limit(limit: &str, args: &str) -> Run {
    let script = format!("{limit}; exec {} crawl {args} --json", env!("CARGO_BIN_EXE_dcrpeer"));
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn a_crawl_raises_the_limit_of_open_files_where_the_system_lets_it() {
    let run = crawl_with_limit("ulimit -Sn 64", "--demo 60");
    run.assert_succeeds();
    let (_, summary) = take_apart(&run);
    assert_eq!(summary["unreachable"].get("no_room"), None);
}

#[cfg(unix)]
#[test]
fn with_few_open_files_fewer_are_visited_at_a_time_and_none_is_missed() {
    let run = crawl_with_limit("ulimit -n 112", "--demo 60");
    assert_eq!(run.code, 0, "{}", run.err);
    let advice = "allows 10 visits at a time, not 100; raise it with `ulimit -n 292`, or say --at-once 10\n";
    assert!(run.err.ends_with(advice), "{}", run.err);
    let (told, summary) = take_apart(&run);
    assert_eq!((told.len(), &summary["known"]), (60, &json!(60)));
    assert_eq!(summary["unreachable"].get("no_room"), None);
}

#[test]
fn a_crawl_that_cannot_begin_says_what_to_do() {
    run(&["crawl"]).assert_fails(2, "dcrpeer crawl --demo");
    run(&["crawl", "127.0.0.1", "--demo", "5"]).assert_fails(2, "cannot be used with");
    run(&["crawl", "127.0.0.1", "--at-once", "1025"]).assert_fails(2, "1025 is not a number from 1 to 1024");
    run(&["crawl", "--demo", "--handshake-timeout", "0s"])
        .assert_fails(2, "a timeout must be longer than zero");
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    run(&["crawl", onion]).assert_fails(1, "add --proxy 127.0.0.1:9050");
    run(&["crawl", "--demo", "--svg", "/no/such/folder/a.svg"]).assert_fails(1, "choose another file");
    let sockets = not_listening(1);
    let unanswered = sockets[0].local_addr().unwrap().to_string();
    let run = run(&["crawl", &unanswered]);
    run.assert_fails(1, &format!("no peer was reached; {unanswered}: "));
}

fn address(peer: &Value) -> String {
    peer["address"].as_str().unwrap().to_owned()
}

fn number(object: &Value, field: &str) -> u64 {
    count(&object[field])
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}
