//! What the node gives time for, and how long.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use peer_core::message::{GetData, Inventory};
use peer_core::{Direction, Message, Time};
use peer_tests::dcrd_node::{Chain, ConnectionId, DcrdNode, Rule, Setup};
use peer_tests::neighbour::Neighbour;
use peer_tests::remote::{NETWORK, bytes_of, hands};
use peer_tests::samples::{inv, large_block, tx_item};

use crate::dcrd_node::{config, seconds};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_request_that_is_ignored_ends_the_connection_after_30_to_45_seconds() {
    let mut neighbour =
        Neighbour::established(Setup::current(30), config().build().unwrap(), Direction::Outbound);
    neighbour.run(seconds(100));
    neighbour.send(&inv([tx_item(1), tx_item(2)])).unwrap();
    assert_eq!(neighbour.node.open_requests(neighbour.id), 2);
    neighbour.run(seconds(60));
    let ended = neighbour.ended().unwrap();
    assert_eq!((ended.rule, ended.is_ban), (Rule::RequestTimeout, false));
    let after = ended.at.elapsed() - seconds(100);
    assert!((seconds(30)..=seconds(45)).contains(&after), "{after:?}");
}

#[test]
fn points_that_fade_are_counted_in_whole_seconds_and_gone_after_half_an_hour() {
    let (mut node, id) = established(Setup::current(1));
    for second in [0, 1, 2] {
        node.receive(id, &bytes_of(&Message::MemPool), at(second));
    }
    assert_eq!(node.scores(id), [33, 65, 97]);
    node.receive(id, &bytes_of(&Message::MemPool), at(62));
    assert_eq!(node.score(id, at(62)), 81);
    assert_eq!(node.score(id, at(62 + 1_801)), 0);
    assert!(node.is_established(id));
    node.receive(id, &bytes_of(&Message::MemPool), at(62));
    assert_eq!(node.ended(id).map(|ended| (ended.rule, ended.is_ban)), Some((Rule::Score, true)));
}

#[test]
fn a_frame_that_is_not_taken_ends_the_connection_after_20_seconds_and_one_for_each_256_kib() {
    for (len, expected) in [(1_000, 20), (300_000, 21), (1_100_000, 24)] {
        let mut setup = Setup::current(1);
        let block = large_block(len);
        let mut header = block.header();
        let tip = setup.chain.tip();
        (header.prev_block, header.height, header.bits) = (tip, 2, 0x207f_ffff);
        setup.chain.add_stand_in(&header);
        let stand_in =
            peer_core::message::Block::new(&header, &block.transactions().collect::<Vec<_>>(), &[]);
        setup.chain.replace_block(stand_in.unwrap());
        let (mut node, id) = established(setup);
        drain(&mut node, id, at(1));
        let item = Inventory::block(header.hash());
        let request = GetData { inventory: vec![item].try_into().unwrap() };
        node.receive(id, &bytes_of(&request.into()), at(2));
        assert!(node.poll_transmit(id, at(2)).len() > len);
        // A part that is taken gains no time.
        node.handle_transmitted(id, 500, at(10));
        node.handle_timeout(at(2 + expected - 1));
        assert!(node.is_established(id), "{len} bytes");
        node.handle_timeout(at(2 + expected));
        assert_eq!(node.ended(id).map(|ended| ended.rule), Some(Rule::WriteTimeout), "{len} bytes");
    }
}

#[test]
fn without_bans_nothing_is_counted_and_empty_messages_are_borne() {
    let mut setup = Setup::current(1);
    setup.bans = false;
    let (mut node, id) = established(setup);
    for _ in 0..10 {
        node.receive(id, &bytes_of(&Message::MemPool), at(1));
        node.receive(id, &bytes_of(&inv([])), at(1));
    }
    assert!(node.is_established(id) && node.scores(id).is_empty());
    node.receive(id, &bytes_of(&Message::GetMinings), at(1));
    assert_eq!(node.ended(id).map(|ended| (ended.rule, ended.is_ban)), Some((Rule::MiningState, false)));
}

#[test]
fn a_chain_of_its_own_links_and_serves_filters_in_order() {
    let chain = Chain::made_up(NETWORK, 150, 1_700_000_000);
    assert_eq!((chain.height(), chain.is_whole()), (150, true));
    let all = chain.after(&[chain.at(0).unwrap()], &peer_core::Hash::ZERO, 2_000);
    assert_eq!(all.len(), 150);
    let filters = chain.filters(&all[0], &all[99]).unwrap();
    assert!(filters.iter().map(|filter| filter.block_hash).eq(all[..100].iter().copied()));
    assert_eq!(chain.filters(&all[0], &all[100]), None, "101 are too many");
    assert_eq!(chain.filters(&all[1], &all[0]), None, "backward");
}

/// A node and a remote that has dialled it and answered its question for the initial state.
fn established(setup: Setup) -> (DcrdNode, ConnectionId) {
    let mut node = DcrdNode::new(setup, 3);
    let id = node.accept(HOST, at(0));
    node.receive(id, &hands(), at(0));
    node.receive(id, &bytes_of(&Box::new(peer_core::message::InitState::default()).into()), at(0));
    assert!(node.is_established(id));
    drain(&mut node, id, at(0));
    (node, id)
}

fn drain(node: &mut DcrdNode, id: ConnectionId, now: Time) {
    while let len @ 1.. = node.poll_transmit(id, now).len() {
        node.handle_transmitted(id, len, now);
    }
}

fn at(second: u64) -> Time {
    Time::from_elapsed(Duration::from_secs(second))
}
