//! What is said to those who ask for what the tool does not have, and what a node would do about it.
//!
//! A node bans for a day who denies it more than 5 blocks or 10 transactions, and who sends an `inv` without entries.

use std::io::{BufRead, BufReader};

use peer_core::message::{
    GetBlocks, GetCFilterV2, GetCfsV2, GetData, GetInitState, InitStateType, Inventory, InventoryKind,
    InventoryList, Locator,
};
use peer_core::{Hash, Message, ProtocolVersion};
use serde_json::{Value, json};

use crate::serve::{Guest, interrupt, serve, talk};
use crate::talk::Process;
use crate::{dcrpeer, run};

/// The commands that others come to.
fn hosts(args: &[&str]) -> [Process; 2] {
    let mut listener = Process::start(&[&["listen", "127.0.0.1:0"], args].concat());
    listener.wait_for("listening");
    [serve(args), listener]
}

async fn enter(host: &Process) -> Guest {
    Guest::enter(&host.address(), ProtocolVersion::LATEST).await
}

fn items(kind: InventoryKind, count: u8) -> InventoryList {
    let items: Vec<_> =
        (0..count).map(|byte| Inventory { kind, hash: Hash::from_bytes([byte; 32]) }).collect();
    items.try_into().unwrap()
}

async fn ask_for(guest: &Guest, inventory: &InventoryList) {
    guest.say(Message::GetData(GetData { inventory: inventory.clone() })).await;
}

/// What is denied until everything said before has been dealt with.
async fn denied(guest: &mut Guest) -> Vec<Inventory> {
    let mut denied = Vec::new();
    for message in guest.spawn_peer().await {
        match message {
            Message::NotFound(answer) => denied.extend(answer.inventory.into_vec()),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
    denied
}

/// What the host tells of what the visitor asked for, by request.
fn unserved(told: &[Value]) -> Vec<(&str, &Value)> {
    let unserved = told.iter().filter(|told| told["event"] == "unserved");
    unserved.map(|told| (told["request"].as_str().unwrap(), told)).collect()
}

#[test]
fn a_node_that_asks_for_items_is_denied_no_more_than_it_bears() {
    for (kind, asked, borne) in [
        (InventoryKind::BLOCK, 5, 5),
        (InventoryKind::BLOCK, 6, 5),
        (InventoryKind::BLOCK, 200, 5),
        (InventoryKind::TX, 10, 10),
        (InventoryKind::TX, 11, 10),
        (InventoryKind::MIX, 23, 10),
    ] {
        for mut host in hosts(&[]) {
            let inventory = items(kind, asked);
            talk(async {
                let mut guest = enter(&host).await;
                ask_for(&guest, &inventory).await;
                assert_eq!(denied(&mut guest).await, inventory[..borne], "{asked} of {kind}");
            });
            let told = host.interrupt();
            let (request, told) = unserved(&told)[0];
            let (lack, answer) = if asked as usize > borne {
                ("more_items", Value::Null)
            } else {
                ("items", json!("notfound"))
            };
            assert_eq!((request, &told["lack"], &told["answer"]), ("getdata", &json!(lack), &answer));
            assert_eq!((&told["points"], &told["limit"]), (&json!(100), &json!(100)), "{told}");
        }
    }
}

#[test]
fn denials_of_several_requests_add_up() {
    for mut host in hosts(&[]) {
        talk(async {
            let mut guest = enter(&host).await;
            let (blocks, transactions) = (items(InventoryKind::BLOCK, 4), items(InventoryKind::TX, 3));
            ask_for(&guest, &blocks).await;
            assert_eq!(denied(&mut guest).await, blocks.into_vec());
            ask_for(&guest, &transactions).await;
            assert_eq!(denied(&mut guest).await, transactions[..2]);
        });
        host.interrupt();
    }
}

#[test]
fn items_of_a_kind_for_whose_denial_a_node_leaves_are_not_denied() {
    for mut host in hosts(&["--protocol", "5"]) {
        talk(async {
            let mut guest = Guest::enter(&host.address(), ProtocolVersion::new(5)).await;
            let mut inventory = items(InventoryKind::FILTERED_BLOCK, 2).into_vec();
            inventory.push(Inventory::tx(Hash::ZERO));
            ask_for(&guest, &inventory.try_into().unwrap()).await;
            assert_eq!(denied(&mut guest).await, [Inventory::tx(Hash::ZERO)]);
        });
        host.interrupt();
    }
}

#[test]
fn a_tester_may_deny_everything() {
    for mut host in hosts(&["--rude"]) {
        let inventory = items(InventoryKind::BLOCK, 200);
        talk(async {
            let mut guest = enter(&host).await;
            ask_for(&guest, &inventory).await;
            assert_eq!(denied(&mut guest).await, inventory.into_vec());
        });
        host.interrupt();
    }
}

#[test]
fn getheaders_gets_no_headers_and_blocks_or_filters_no_answer() {
    for mut host in hosts(&[]) {
        talk(async {
            let mut guest = enter(&host).await;
            // An inv of none would be a ban, so a node without newer blocks says nothing.
            let (locator, stop, filter) = (Locator::default(), Hash::ZERO, Hash::from_bytes([7; 32]));
            guest.say(Message::GetBlocks(GetBlocks { protocol_version: 12, locator, stop })).await;
            guest.say(Message::GetCFilterV2(GetCFilterV2 { block_hash: filter })).await;
            guest.say(Message::GetCfsV2(GetCfsV2 { start_hash: filter, end_hash: filter })).await;
            guest.say(Message::MemPool).await;
            assert_eq!(denied(&mut guest).await, []);
        });
        let told = host.interrupt();
        let unserved: Vec<_> =
            unserved(&told).into_iter().map(|(request, told)| (request, told["answer"].clone())).collect();
        let nothing = Value::Null;
        assert_eq!(
            unserved,
            [
                ("getblocks", nothing.clone()),
                ("getcfilterv2", nothing.clone()),
                ("mempool", nothing),
                ("getheaders", json!("headers")),
            ]
        );
    }
}

#[test]
fn what_a_node_does_about_it_is_told_once_for_each_connection() {
    for mut host in hosts(&[]) {
        talk(async {
            for _ in 0..2 {
                let mut guest = enter(&host).await;
                guest.spawn_peer().await;
                guest.spawn_peer().await;
            }
        });
        let told = host.interrupt();
        let peers: Vec<_> = unserved(&told).into_iter().map(|(_, told)| told["peer"].clone()).collect();
        assert_eq!(peers, [1, 2]);
        let detail = unserved(&told)[0].1["detail"].as_str().unwrap();
        assert!(detail.contains("a node stays, but one that has just started"), "{detail}");
    }
}

#[test]
fn the_initial_state_is_told_to_be_empty_once() {
    for mut host in hosts(&[]) {
        talk(async {
            let mut guest = enter(&host).await;
            let types = vec![InitStateType::HEAD_BLOCKS].try_into().unwrap();
            guest.say(Message::GetInitState(GetInitState { types })).await;
            assert_eq!(guest.hear("initstate").await, Message::InitState(Box::default()));
        });
        let told = host.interrupt();
        let (request, told) = unserved(&told)[0];
        assert_eq!((request, &told["answer"]), ("getinitstate", &json!("initstate")));
    }
}

#[test]
fn people_who_listen_read_what_a_node_does_about_it() {
    let args = ["listen", "127.0.0.1:0", "--network", "simnet"];
    let mut child = dcrpeer(&args).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let address = first_address(&mut out);
    talk(async {
        let mut guest = Guest::enter(&address, ProtocolVersion::LATEST).await;
        ask_for(&guest, &items(InventoryKind::BLOCK, 6)).await;
        guest.spawn_peer().await;
    });
    let lines: Vec<_> = out
        .lines()
        .map(Result::unwrap)
        .take_while(|line| !line.contains("it closed the connection"))
        .collect();
    interrupt(child.id(), "INT");
    child.wait().unwrap();
    let line = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(line("asked for more items than may be denied"), "{lines:?}");
    assert!(
        line("disconnects after 30 to 45 s, without a ban; 100 points so far, above 100 it bans"),
        "{lines:?}"
    );
}

#[test]
fn people_who_serve_read_unserved_requests_at_the_end() {
    let args = ["serve", "127.0.0.1:0", "--network", "simnet"];
    let mut child = dcrpeer(&args).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let address = first_address(&mut out);
    talk(async {
        for _ in 0..2 {
            Guest::enter(&address, ProtocolVersion::LATEST).await.spawn_peer().await;
        }
    });
    interrupt(child.id(), "INT");
    let lines: Vec<_> = out.lines().map(Result::unwrap).collect();
    child.wait().unwrap();
    let line = "  unserved    2 asked for headers and was told of none: a node stays";
    assert!(lines.iter().any(|told| told.starts_with(line)), "{lines:?}");
}

fn first_address(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap().to_owned()
}

#[test]
fn who_listens_or_serves_offers_the_services_of_the_command_line() {
    for (args, bits) in [(&[][..], 0), (&["--services", "network,cf"], 5), (&["--services", "0x11"], 17)] {
        for mut host in hosts(args) {
            let mut visitor = Process::visit(&host, &[]);
            assert_eq!(visitor.wait_for("version")["message"]["services"], bits);
            visitor.wait_for("established");
            visitor.interrupt();
            host.wait_for("end");
            host.interrupt();
        }
    }
    for command in ["listen", "serve"] {
        run(&[command, "--services", "mining"]).assert_fails(2, "\"mining\" is not a service");
        let help = run(&[command, "--help"]).out;
        assert!(help.contains("--services network"), "{help}");
    }
}
