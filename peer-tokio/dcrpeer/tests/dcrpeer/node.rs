//! The tool next to a node that treats it as a real one does. The node's clock runs fast, so that what it demands within a
//! minute is demanded within seconds.

use core::time::Duration;
use std::process::{Child, Stdio};

use peer_core::Time;
use peer_tests::dcrd_node::tcp::TcpNode;
use peer_tests::dcrd_node::{ConnectionId, DcrdNode, Setup};
use serde_json::{Value, json};

use super::dcrpeer;
use super::talk::Process;

/// Seconds of the node's in a real one.
const SPEED: u32 = 20;
/// How old a connection gets that does what the node demands.
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn connect_stays_with_a_synced_node_for_ten_minutes() {
    let node = TcpNode::start(DcrdNode::new(Setup::current(30), 5), 3 * SPEED).unwrap();
    let mut tool = Tool::run(&["connect", &node.address().to_string(), "--network", "simnet"]);
    node.wait_until("a connection that is ten minutes old", |node, now| older(node, now, 10 * MINUTE) == 1);
    assert!(tool.is_running());
    drop(tool);
    node.wait_until("the end", |node, _| node.connections().all(|id| node.ended(id).is_some()));
    let bans = node.with(|node, _| node.connections().filter(|id| is_ban(node, *id)).count());
    assert_eq!(bans, 0);
}

#[test]
fn crawl_visits_a_node_and_is_not_banned() {
    let node = synced_node();
    let address = node.address().to_string();
    let run =
        dcrpeer(&["crawl", &address, "--network", "simnet", "--for", "20s", "--json"]).output().unwrap();
    let lines = String::from_utf8(run.stdout).unwrap();
    let summary: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["event"], &summary["reachable"]), (&json!("summary"), &json!(1)), "{lines}");
    let bans = node.with(|node, _| node.connections().filter(|id| is_ban(node, *id)).count());
    assert_eq!(bans, 0);
}

#[test]
fn load_keeps_its_connections_with_a_node_that_asks_for_the_initial_state() {
    let node = synced_node();
    let address = node.address().to_string();
    let mut tool = Tool::run(&["load", &address, "--network", "simnet", "-n", "10", "--hold", "1h"]);
    node.wait_until("ten connections that are a minute old", |node, now| long_lived(node, now) == 10);
    assert!(tool.is_running());
}

#[test]
fn announcing_what_does_not_exist_is_a_ban_only_with_rude() {
    for (care, is_banned) in [(&[][..], false), (&["--rude"], true)] {
        let node = synced_node();
        let address = node.address().to_string();
        let visit = ["connect", &address, "--network", "simnet", "--inv", "15"];
        let _tool = Tool::run(&[&visit, care].concat());
        // Over the five that it was not told of, the node leaves.
        node.wait_until("the end", |node, _| node.connections().any(|id| node.ended(id).is_some()));
        let bans = node.with(|node, _| node.connections().filter(|id| is_ban(node, *id)).count());
        assert_eq!(bans, usize::from(is_banned), "{care:?}");
    }
}

#[test]
fn a_node_stays_with_ten_transactions_that_do_not_exist() {
    let node = synced_node();
    let address = node.address().to_string();
    let mut tool = Tool::run(&["connect", &address, "--network", "simnet", "--inv", "10"]);
    node.wait_until("a connection that is a minute old", |node, now| long_lived(node, now) == 1);
    assert!(tool.is_running());
    let scores = node.with(|node, _| node.connections().map(|id| node.scores(id).to_vec()).next());
    assert_eq!(scores.unwrap().last(), Some(&100));
}

#[test]
fn a_node_keeps_whom_it_dials_only_with_the_full_service() {
    for command in ["listen", "serve"] {
        for (services, is_kept) in [("none", false), ("network", true)] {
            let node = synced_node();
            let args = [command, "127.0.0.1:0", "--services", services];
            let mut host = Process::start(&args);
            host.wait_for("listening");
            node.dial(host.address().parse().unwrap()).unwrap();
            if is_kept {
                node.wait_until("a connection that is a minute old", |node, now| long_lived(node, now) == 1);
            } else {
                node.wait_until("the end", |node, _| node.connections().any(|id| node.ended(id).is_some()));
            }
            let bans = node.with(|node, _| node.connections().filter(|id| is_ban(node, *id)).count());
            assert_eq!(bans, 0, "{command} {services}");
        }
    }
}

fn synced_node() -> TcpNode {
    TcpNode::start(DcrdNode::new(Setup::current(30), 5), SPEED).unwrap()
}

/// Connections that live a minute after they began: by then a request that was ignored would have ended them.
fn long_lived(node: &DcrdNode, now: Time) -> usize {
    older(node, now, MINUTE)
}

fn older(node: &DcrdNode, now: Time, age: Duration) -> usize {
    let is_old = |id: &ConnectionId| node.opened(*id).is_some_and(|since| now.saturating_since(since) > age);
    node.connections().filter(|id| node.is_established(*id)).filter(is_old).count()
}

fn is_ban(node: &DcrdNode, id: ConnectionId) -> bool {
    node.ended(id).is_some_and(|ended| ended.is_ban)
}

/// The tool while it runs; what it says is not looked at.
struct Tool(Child);

impl Tool {
    fn run(arguments: &[&str]) -> Self {
        let mut command = dcrpeer(arguments);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
