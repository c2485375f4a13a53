//! The examples next to a node that treats them as a real one does. Its clock may run fast, so that what it demands within a
//! minute is demanded within seconds.

use core::net::SocketAddr;
use core::time::Duration;

use peer_core::{Network, Time};
use peer_tests::dcrd_node::tcp::TcpNode;
use peer_tests::dcrd_node::{DcrdNode, Rule, Setup};

use crate::answers::transaction;
use crate::node::address;
use crate::program::{example, run, start};

/// Seconds of the node's in a real one, where its demands are waited for.
const FAST: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);

fn synced(speed: u32) -> TcpNode {
    TcpNode::start(DcrdNode::new(Setup::current(150), 5), speed).unwrap()
}

/// Whether there is a connection that lives a minute after it began: by then an ignored request would have ended it.
fn is_long_lived(node: &DcrdNode, now: Time) -> bool {
    let is_old = |since: Time| now.saturating_since(since) > MINUTE;
    node.connections().any(|id| node.is_established(id) && node.opened(id).is_some_and(is_old))
}

/// How each connection ended that did.
fn ends(node: &TcpNode) -> Vec<Rule> {
    node.with(|node, _| node.connections().filter_map(|id| node.ended(id)).map(|end| end.rule).collect())
}

#[test]
fn client_wallet_and_broadcaster_are_not_banned_by_a_real_node() {
    let (node, (_, hex)) = (synced(1), transaction());
    let address = node.address().to_string();
    for (args, name, fragment) in [
        (vec!["simnet", &address], "client", "headers     150"),
        (vec!["simnet", &address], "wallet", "headers  150"),
        (vec!["simnet", &hex, &address], "broadcaster", "1 of 1 asked for it"),
    ] {
        let run = run(name, &args);
        run.assert_succeeds();
        assert!(run.has_line(fragment), "{name}: {:?}", run.out);
    }
    node.wait_until("three ends", |node, _| {
        node.connections().filter(|id| node.ended(*id).is_some()).count() == 3
    });
    assert!(ends(&node).iter().all(|rule| *rule == Rule::ByRemote), "{:?}", ends(&node));
}

#[test]
fn monitor_stays_with_a_synced_node_beyond_all_that_it_demands() {
    let node = synced(FAST);
    let program = start(example("monitor", &["simnet", &node.address().to_string()]));
    node.wait_until("a connection that is a minute old", is_long_lived);
    program.line("getinitstate");
    assert_eq!(ends(&node), []);
}

#[test]
fn proxy_carries_a_client_to_a_real_node() {
    let node = synced(1);
    let program = start(example("proxy", &["127.0.0.1:0", &node.address().to_string()]));
    let proxy: SocketAddr = address(&program);
    run("client", &["simnet", &proxy.to_string()]).assert_succeeds();
    program.line("getinitstate");
}

#[test]
fn node_feeds_a_node_that_has_just_started_and_keeps_it() {
    let program = start(example("node", &["simnet", "127.0.0.1:0"]));
    let node = TcpNode::start(DcrdNode::new(Setup::new(Network::SIMNET), 5), FAST).unwrap();
    node.dial(address(&program)).unwrap();
    node.wait_until("a connection that is a minute old", is_long_lived);
    assert_eq!(node.with(|node, _| node.chain().height()), 250);
    assert_eq!(ends(&node), []);
}
