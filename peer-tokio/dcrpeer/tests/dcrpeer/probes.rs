//! What `connect` does besides watching, and how it introduces itself.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};

use peer_core::Message;
use peer_core::message::{BlockHeader, GetData, Headers};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::network::{TestPeer, answer, config, listeners};
use crate::run;
use crate::talk::Process;

/// A peer that asks for all that is announced, each item twice, and tells the test what it gets.
fn curious(runtime: &Runtime) -> (TestPeer, Receiver<Message>) {
    let (sender, received): (Sender<Message>, _) = channel();
    let peer = answer(runtime, listeners(1).remove(0), config(), 5, move |handle, message| {
        let sender = sender.clone();
        async move {
            if let Message::Inv(inv) = &message {
                for _ in 0..2 {
                    let get = GetData { inventory: inv.inventory.clone() };
                    handle.send(Message::GetData(get)).await.ok();
                }
            }
            sender.send(message).ok();
        }
    });
    (peer, received)
}

/// A peer whose chain has so many blocks after the first.
fn with_chain(runtime: &Runtime, blocks: u32) -> (TestPeer, Receiver<Message>) {
    let (sender, received): (Sender<Message>, _) = channel();
    let peer = answer(runtime, listeners(1).remove(0), config(), 5, move |handle, message| {
        let sender = sender.clone();
        async move {
            if matches!(message, Message::GetHeaders(_)) {
                let mut prev_block = peer_core::Network::SIMNET.genesis_hash().unwrap();
                let block = |height| {
                    let header =
                        BlockHeader { height, prev_block, timestamp: height * 86_400, ..Default::default() };
                    prev_block = header.hash();
                    header
                };
                let headers: Vec<_> = (1..=blocks).map(block).collect();
                let headers = Headers { headers: headers.try_into().unwrap() };
                handle.send(Message::Headers(headers)).await.ok();
            }
            sender.send(message).ok();
        }
    });
    (peer, received)
}

#[test]
fn announced_transactions_that_are_asked_for_are_counted_once_and_do_not_exist() {
    let runtime = Runtime::new().unwrap();
    let (peer, received) = curious(&runtime);
    let mut visit = Process::start(&["connect", &peer.address.to_string(), "--inv", "1500"]);
    // What takes long waits until the round trip is known.
    assert_eq!(visit.wait_for("message")["command"], "pong");
    assert_eq!(visit.wait_for("announced")["items"], 1500);
    let mut asked = visit.wait_for("asked");
    while asked["of_announced"] != 1500 {
        asked = visit.wait_for("asked");
    }
    assert_eq!(asked["announced"], 1500);
    let end = visit.interrupt().pop().unwrap();
    assert_eq!((&end["event"], &end["asked"]), (&json!("end"), &json!(1500)));

    let mut announced = Vec::new();
    let missing = received.iter().find_map(|message| match message {
        Message::Inv(inv) => {
            announced.extend(inv.inventory.into_vec());
            None
        }
        Message::NotFound(answer) => Some(answer.inventory.into_vec()),
        _ => None,
    });
    let missing = missing.unwrap();
    assert_eq!(missing, announced[..missing.len()]);
}

#[test]
fn who_asks_for_announced_transactions_is_denied_no_more_than_a_node_bears() {
    let runtime = Runtime::new().unwrap();
    let (peer, _received) = curious(&runtime);
    for (announced, rude, denied, is_warned) in [
        ("10", &[][..], 10, false),
        ("11", &[], 10, true),
        ("1000", &[], 10, true),
        ("11", &["--rude"], 22, true),
    ] {
        let visit = ["connect", &peer.address.to_string(), "--inv", announced];
        let mut visit = Process::start(&[&visit, rude].concat());
        // It is asked for everything twice.
        for _ in 0..2 {
            assert_eq!(visit.wait_for("asked")["of_announced"].to_string(), announced);
        }
        let told = visit.interrupt();
        let sent = told.iter().filter(|told| told["event"] == "sent" && told["command"] == "notfound");
        let items: usize = sent.map(|told| told["message"]["inventory"].as_array().unwrap().len()).sum();
        assert_eq!(items, denied, "{announced} {rude:?}");
        let warnings: Vec<_> = told.iter().filter(|told| told["event"] == "warning").collect();
        assert_eq!(warnings.len(), usize::from(is_warned), "{warnings:?}");
    }
}

#[test]
fn people_are_warned_of_announcing_more_than_a_node_bears() {
    let runtime = Runtime::new().unwrap();
    let (peer, _received) = curious(&runtime);
    let args = ["--inv", "11", "--network", "simnet", "--for", "3s"];
    let visit = run(&[["connect", &peer.address.to_string()].as_slice(), &args].concat());
    visit.assert_succeeds();
    let warning =
        "careful: --inv 11: a node bans for a day if more than 10 announced transactions do not exist";
    assert!(visit.out.contains(warning), "{}", visit.out);
}

#[test]
fn no_example_of_the_help_announces_more_than_a_node_bears() {
    let help = run(&["connect", "--help"]).out;
    let (_, examples) = help.split_once("Examples:").unwrap();
    let announced: Vec<u32> = examples
        .split("--inv ")
        .skip(1)
        .map(|rest| rest.split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert!(!announced.is_empty() && announced.iter().all(|count| *count <= 10), "{announced:?}");
    assert!(!examples.contains("network,"), "an example offers what it cannot serve: {examples}");
}

#[test]
fn people_are_told_how_many_announcements_were_asked_for() {
    let runtime = Runtime::new().unwrap();
    let (peer, _received) = curious(&runtime);
    let args = ["--inv", "3", "--network", "simnet", "--for", "3s"];
    let visit = run(&[["connect", &peer.address.to_string()].as_slice(), &args].concat());
    visit.assert_succeeds();
    assert!(visit.out.contains("inv          3 made-up transactions follow"), "{}", visit.out);
    assert!(visit.out.contains("asked for 3 of our items: 3 of 3 so far"), "{}", visit.out);
}

#[test]
fn announcements_that_no_one_asks_for_are_told_at_the_end() {
    let mut listener = Process::listen();
    let args = ["connect", &listener.address(), "--inv", "50", "--network", "simnet", "--for", "3s"];
    let visit = run(&args);
    visit.assert_succeeds();
    assert!(visit.out.contains("\nannounced 50, 0 asked for\n"), "{}", visit.out);
    listener.interrupt();
}

#[test]
fn headers_are_asked_for_from_the_first_block_and_told_from_which_to_which() {
    let runtime = Runtime::new().unwrap();
    let (peer, received) = with_chain(&runtime, 2000);
    let args = ["--getheaders", "--network", "simnet", "--for", "3s"];
    let visit = run(&[["connect", &peer.address.to_string()].as_slice(), &args].concat());
    visit.assert_succeeds();
    let story =
        "headers      2,000, from block 1 (1970-01-02T00:00:00Z) to block 2,000 (1975-06-24T00:00:00Z)";
    assert!(visit.out.contains(story), "{}", visit.out);
    let locator = received.iter().find_map(|message| match message {
        Message::GetHeaders(get) => Some(get.locator.into_vec()),
        _ => None,
    });
    let genesis = peer_core::Network::SIMNET.genesis_hash().unwrap();
    assert_eq!(locator.unwrap(), [genesis]);
}

#[test]
fn a_peer_without_headers_says_none() {
    let runtime = Runtime::new().unwrap();
    let (peer, _received) = with_chain(&runtime, 0);
    let args = ["--getheaders", "--network", "simnet", "--for", "3s"];
    let visit = run(&[["connect", &peer.address.to_string()].as_slice(), &args].concat());
    visit.assert_succeeds();
    assert!(visit.out.contains("headers      none"), "{}", visit.out);
}

#[test]
fn a_peer_that_ignores_getheaders_is_reported_to_have_declined() {
    let runtime = Runtime::new().unwrap();
    let peer = answer(&runtime, listeners(1).remove(0), config(), 5, |_, _| async {});
    let mut visit = Process::start(&["connect", &peer.address.to_string(), "--getheaders"]);
    let told = visit.wait_for("unanswered");
    assert_eq!((&told["command"], &told["reason"]), (&json!("getheaders"), &json!("Declined")));
    assert_eq!(visit.interrupt().pop().unwrap()["ok"], true);
}

#[test]
fn headers_that_do_not_follow_each_other_are_reported_as_a_mismatch() {
    let runtime = Runtime::new().unwrap();
    let peer = answer(&runtime, listeners(1).remove(0), config(), 5, |handle, message| async move {
        if let Message::GetHeaders(get) = message {
            let first = BlockHeader { prev_block: get.locator[0], ..BlockHeader::default() };
            let headers = vec![first, BlockHeader::default()].try_into().unwrap();
            handle.send(Message::Headers(Headers { headers })).await.ok();
        }
    });
    let args = ["connect", &peer.address.to_string(), "--getheaders", "--network", "simnet", "--for", "3s"];
    let visit = run(&args);
    assert!(visit.out.contains("getheaders: the remote responded with something else"), "{}", visit.out);
}

#[test]
fn services_and_user_agent_are_ours_to_choose() {
    for (services, bits) in [("network,cf", 5), ("BLOOM", 2), ("none", 0), ("0x11", 17), ("9", 9)] {
        let mut listener = Process::listen();
        let mut visit =
            Process::visit(&listener, &["--services", services, "--user-agent", "wallet:1.0-rc1"]);
        visit.wait_for("established");
        visit.interrupt();
        let message = &listener.wait_for("version")["message"];
        assert_eq!(message["services"], bits, "{services}");
        let agent = message["user_agent"].as_str().unwrap();
        assert!(agent.starts_with("/peer-core:") && agent.ends_with("/wallet:1.0-rc1/"), "{agent}");
        listener.interrupt();
    }
}

#[test]
fn services_and_user_agents_that_are_none_are_explained() {
    let fails = |option: &str, value: &str, fragment: &str| {
        run(&["connect", "127.0.0.1", option, value]).assert_fails(2, fragment);
    };
    fails("--services", "mining", "\"mining\" is not a service; write network, bloom, cf, none or numbers");
    fails("--services", "network,", "\"\" is not a service");
    fails("--services", "0xg", "\"0xg\" is not a service");
    for agent in ["wallet", ":1", "wallet:", "a/b:1", "a:b:c"] {
        fails("--user-agent", agent, "write a name and a version, like wallet:1.0");
    }
    fails("--user-agent", "wällét:1", "user_agent, with its prefix and comments, cannot be sent");
    fails(
        "--user-agent",
        &format!("{}:1", "w".repeat(300)),
        "user_agent, with its prefix and comments, cannot be sent",
    );
    fails("--inv", "50001", "50001 is not a number from 0 to 50000");
}

#[test]
fn waiting_for_a_version_is_reported() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut visit = Process::start(&["connect", &mute.local_addr().unwrap().to_string()]);
    let waiting = visit.wait_for("waiting");
    assert_eq!((&waiting["for"], &waiting["at_most_ms"]), (&json!("version"), &json!(10_000.0)));
}

#[test]
fn the_end_of_listening_tells_whether_it_went_well() {
    let listening = run(&["listen", "127.0.0.1:0", "--for", "50ms", "--json"]);
    assert_eq!(listening.objects().pop().unwrap()["ok"], false);
    let mut listener = Process::listen();
    let mut visitor = Process::visit(&listener, &[]);
    visitor.wait_for("established");
    visitor.interrupt();
    assert_eq!(listener.interrupt().pop().unwrap()["ok"], true);
}
