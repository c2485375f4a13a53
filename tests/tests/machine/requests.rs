//! Answers are welcome only to what was asked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{
    BlockHeader, CFilterV2, CfTypes, FieldValues, FilterData, GetCFilterV2, GetCfsV2, GetInitState,
    Inventory, InventoryKind, List, MerkleBlock, MerkleFlags, MixFactoredPoly, MixHeader, Ping,
};
use peer_core::{
    Command, Config, Error, Event, Hash, Message, ProtocolVersion, SendError, UnrequestedAnswers,
};
use peer_tests::remote::{LATEST, NETWORK, Remote, bytes_of, established, established_at, header};
use peer_tests::samples::{block, getdata, notfound, tx, tx_item};

fn mix() -> MixFactoredPoly {
    MixFactoredPoly {
        header: MixHeader { signature: [1; 64], identity: [2; 33], session_id: [3; 32], run: 0 },
        roots: FieldValues::new([[7]]).unwrap(),
        seen_slot_reserves: List::new(),
    }
}

fn cfilter_v2() -> Message {
    Message::CFilterV2(Box::new(CFilterV2 {
        block_hash: Hash::ZERO,
        data: FilterData::new(&[1, 2, 3][..]).unwrap(),
        proof_index: 0,
        proof_hashes: List::new(),
    }))
}

/// Asks, through our machine.
fn ask(remote: &mut Remote, message: &Message) {
    remote.machine.send(message, remote.now).unwrap();
    remote.hears();
}

/// Answers, and expects that to be welcome.
fn answer(remote: &mut Remote, message: Message) {
    remote.say(&message);
    assert_eq!(remote.events(), [Event::Message(message)]);
}

/// Answers, and expects to be refused.
fn answer_unasked(mut remote: Remote, message: &Message) {
    remote.say(message);
    assert_eq!(remote.error(), Error::Unrequested(message.command()));
}

#[test]
fn unasked_answers_are_refused_from_their_header_alone() {
    for name in [
        "block",
        "notfound",
        "miningstate",
        "initstate",
        "cfilter",
        "cfheaders",
        "cftypes",
        "cfilterv2",
        "cfiltersv2",
        "mixpairreq",
        "mixkeyxchg",
        "mixcphrtxt",
        "mixslotres",
        "mixfactpoly",
        "mixdcnet",
        "mixconfirm",
        "mixsecrets",
    ] {
        let mut remote = established();
        let command = Command::new(name).unwrap();
        let max = command.max_payload(ProtocolVersion::LATEST).unwrap();
        remote.say_bytes(&header(name, max, [0; 4]));
        assert_eq!(remote.error(), Error::Unrequested(command));
    }
    let mut remote = established_at(5);
    remote.say_bytes(&header("merkleblock", 1000, [0; 4]));
    assert_eq!(remote.error(), Error::Unrequested(Command::new("merkleblock").unwrap()));
}

#[test]
fn everything_else_may_come_unasked() {
    for name in ["inv", "headers", "addrv2", "tx", "getdata", "getheaders", "ping", "getcfsv2"] {
        let mut remote = established();
        remote.say_bytes(&header(name, 8, [0; 4]));
        assert_eq!(remote.pull(), Ok(None), "{name}");
    }
}

#[test]
fn a_block_is_accepted_once_for_each_request() {
    let mut remote = established();
    let item = Inventory::block(block(1).hash());
    ask(&mut remote, &getdata([item]));
    ask(&mut remote, &getdata([item]));
    assert_eq!(remote.machine.open_requests(), 1);
    answer(&mut remote, Message::Block(block(1)));
    assert_eq!(remote.machine.open_requests(), 0);
    answer(&mut remote, Message::Block(block(1)));
    answer_unasked(remote, &Message::Block(block(1)));
}

#[test]
fn an_answer_of_the_right_kind_for_the_wrong_hash_is_refused() {
    let asked = [1, 2].map(|nonce| Inventory::block(block(nonce).hash()));
    let wrong = [Message::Block(block(3)), notfound([Inventory::block(block(3).hash())])];
    for wrong in wrong {
        let mut remote = established();
        ask(&mut remote, &getdata(asked));
        answer(&mut remote, Message::Block(block(2)));
        answer_unasked(remote, &wrong);
    }
    let mut remote = established();
    ask(&mut remote, &getdata([Inventory::mix(Hash::ZERO)]));
    answer_unasked(remote, &Message::MixFactoredPoly(Box::new(mix())));
}

/// The rest of it may be what others asked for: dcrd tolerates it.
#[test]
fn a_notfound_that_names_one_asked_item_is_an_answer() {
    let mut remote = established();
    let items = [1, 2].map(|lock_time| Inventory::tx(tx(lock_time).hash()));
    ask(&mut remote, &getdata([items[0]]));
    ask(&mut remote, &getdata([items[1]]));
    answer(&mut remote, notfound([items[0], items[1], Inventory::tx(Hash::ZERO)]));
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn a_notfound_after_a_pushed_transaction_is_accepted() {
    for late in [false, true] {
        let mut remote = established();
        let item = Inventory::tx(tx(1).hash());
        remote.machine.send(&getdata([item]), remote.now).unwrap();
        if !late {
            remote.hears();
        }
        answer(&mut remote, Message::Tx(tx(1)));
        assert_eq!(remote.machine.open_requests(), 0);
        remote.hears();
        answer(&mut remote, notfound([item]));
        answer_unasked(remote, &notfound([item]));
    }
}

/// However long the request had waited, and whatever was answered meanwhile.
#[test]
fn what_was_answered_before_its_request_was_written_may_be_answered_for_30_seconds_more() {
    for (waits, is_first) in [(6, false), (40, true), (59, false), (70, true), (200, false)] {
        let mut remote = established();
        let item = Inventory::tx(tx(1).hash());
        if !is_first {
            ask(&mut remote, &getdata([Inventory::tx(tx(2).hash())]));
            answer(&mut remote, Message::Tx(tx(2)));
        }
        remote.machine.send(&getdata([item]), remote.now).unwrap();
        answer(&mut remote, Message::Tx(tx(1)));
        for _ in 0..waits / 50 {
            remote.wait(Duration::from_secs(50)).unwrap();
            answer(&mut remote, Message::Ping(Ping { nonce: 1 }));
        }
        remote.wait(Duration::from_secs(waits % 50)).unwrap();
        remote.hears();
        remote.wait(Duration::from_secs(29)).unwrap();
        answer(&mut remote, notfound([item]));
    }
}

#[test]
fn an_answered_item_is_answered_again_for_a_while_only() {
    let mut remote = established();
    let item = Inventory::tx(tx(1).hash());
    ask(&mut remote, &getdata([item]));
    answer(&mut remote, Message::Tx(tx(1)));
    for _ in 0..2 {
        remote.wait(Duration::from_secs(60)).unwrap();
        answer(&mut remote, Message::Tx(tx(2)));
    }
    answer_unasked(remote, &notfound([item]));
}

#[test]
fn a_request_for_one_kind_does_not_admit_another() {
    let mut remote = established();
    ask(&mut remote, &getdata([Inventory::tx(tx(1).hash())]));
    answer_unasked(remote, &Message::Block(block(1)));

    let mut remote = established();
    ask(&mut remote, &getdata([Inventory::block(block(1).hash())]));
    answer_unasked(remote, &Message::MixFactoredPoly(Box::new(mix())));
}

#[test]
fn a_request_that_is_still_to_be_written_admits_no_other_kind_either() {
    for request in [getdata([Inventory::tx(tx(1).hash())]), Message::GetInitState(GetInitState::default())] {
        for name in ["block", "mixdcnet"] {
            let mut remote = established();
            remote.machine.send(&request, remote.now).unwrap();
            remote.say_bytes(&header(name, 100_000, [0; 4]));
            assert_eq!(remote.error(), Error::Unrequested(Command::new(name).unwrap()));
        }
    }
}

#[test]
fn a_transaction_closes_its_request_and_may_come_again_unasked() {
    let mut remote = established();
    ask(&mut remote, &getdata([Inventory::tx(tx(1).hash())]));
    answer(&mut remote, Message::Tx(tx(2)));
    assert_eq!(remote.machine.open_requests(), 1);
    answer(&mut remote, Message::Tx(tx(1)));
    assert_eq!(remote.machine.open_requests(), 0);
    answer(&mut remote, Message::Tx(tx(1)));
}

#[test]
fn a_merkleblock_closes_the_request_for_its_filtered_block() {
    let mut remote = established_at(5);
    let header = BlockHeader { nonce: 9, ..BlockHeader::default() };
    let item = Inventory { kind: InventoryKind::FILTERED_BLOCK, hash: header.hash() };
    ask(&mut remote, &getdata([item]));
    let message = Message::MerkleBlock(Box::new(MerkleBlock {
        header,
        transactions: 0,
        hashes: List::new(),
        stake_transactions: 0,
        stake_hashes: List::new(),
        flags: MerkleFlags::new(&[][..]).unwrap(),
    }));
    answer(&mut remote, message.clone());
    answer_unasked(remote, &message);
}

#[test]
fn notfound_closes_what_it_lists() {
    let mut remote = established();
    let items = [1, 2, 3].map(|lock_time| Inventory::tx(tx(lock_time).hash()));
    ask(&mut remote, &getdata(items));
    answer(&mut remote, notfound([items[0], items[2], Inventory::tx(Hash::ZERO)]));
    assert_eq!(remote.machine.open_requests(), 1);
    answer(&mut remote, notfound([items[1]]));
    answer_unasked(remote, &notfound([items[1]]));
}

#[test]
fn a_request_that_is_answered_as_a_whole_admits_one_answer() {
    let mut remote = established();
    let request = Message::GetCFilterV2(GetCFilterV2 { block_hash: Hash::ZERO });
    ask(&mut remote, &request);
    ask(&mut remote, &request);
    answer(&mut remote, cfilter_v2());
    answer(&mut remote, cfilter_v2());
    answer_unasked(remote, &cfilter_v2());
}

#[test]
fn each_request_admits_its_own_answer_only() {
    let types = Message::CfTypes(CfTypes { supported_filters: List::new() });
    let mut remote = established_at(12);
    ask(&mut remote, &Message::GetCfTypes);
    answer(&mut remote, types.clone());
    assert_eq!(remote.machine.open_requests(), 0);

    let mut remote = established();
    ask(&mut remote, &Message::GetCfsV2(GetCfsV2 { start_hash: Hash::ZERO, end_hash: Hash::ZERO }));
    answer_unasked(remote, &types);
}

#[test]
fn a_request_is_open_from_the_moment_it_is_queued() {
    let mut remote = established_at(12);
    remote.machine.send(&Message::GetCfTypes, remote.now).unwrap();
    answer(&mut remote, Message::CfTypes(CfTypes { supported_filters: List::new() }));
}

#[test]
fn a_repeated_request_that_was_answered_leaves_no_deadline_behind() {
    let request = Message::GetInitState(GetInitState::default());
    let state = Message::InitState(Box::default());
    let mut remote = established_at(12);
    // Never answered, so that something is open all the time.
    ask(&mut remote, &Message::GetMinings);
    ask(&mut remote, &request);
    ask(&mut remote, &request);
    answer(&mut remote, state.clone());
    answer(&mut remote, state.clone());

    // Much later the same again, with an answer to the first before the second has left.
    remote.now += Duration::from_secs(60);
    ask(&mut remote, &request);
    remote.machine.send(&request, remote.now).unwrap();
    answer(&mut remote, state);
    assert_eq!(remote.wait(Duration::from_secs(1)), Ok(()));
}

#[test]
fn requests_that_were_answered_before_they_were_written_stay_open_no_longer() {
    let request = getdata([tx_item(1)]);
    let mut remote = established_at(12);
    for _ in 0..2 {
        remote.machine.send(&request, remote.now).unwrap();
    }
    answer(&mut remote, notfound([tx_item(1)]));
    remote.machine.take(bytes_of(&request).len(), remote.now);
    answer(&mut remote, Message::Tx(tx(1)));
    assert_eq!(remote.machine.open_requests(), 0);
    remote.hears();
    assert_eq!(remote.wait(Duration::from_secs(60)), Ok(()), "nothing more is due");
}

#[test]
fn inventory_that_no_one_serves_is_not_asked_for() {
    let hash = Hash::ZERO;
    let refused = |remote: &mut Remote, kind| {
        let kind = InventoryKind::new(kind);
        let items = [Inventory::tx(hash), Inventory { kind, hash }];
        let result = remote.machine.send(&getdata(items), remote.now);
        let named = if kind == InventoryKind::TX { 1 } else { 2 };
        assert_eq!(remote.machine.open_requests(), if result.is_ok() { named } else { 0 });
        result.err() == Some(SendError::Unanswerable(kind))
    };
    for version in 1..=LATEST {
        let served = match version {
            1..=5 => [1, 2, 3].as_slice(),
            6..=9 => &[1, 2],
            _ => &[1, 2, 4],
        };
        for kind in 0..6 {
            let mut remote = established_at(version);
            assert_eq!(!refused(&mut remote, kind), served.contains(&kind), "{kind} at {version}");
        }
    }
}

#[test]
fn more_requests_than_the_limit_are_refused_without_ending_the_connection() {
    let limit = 5;
    let config = Config::builder(NETWORK).max_requests(limit);
    let mut remote = Remote::established(config.build().unwrap());
    let items = |range: core::ops::Range<u32>| {
        range.map(|lock_time| Inventory::tx(tx(lock_time).hash())).collect::<Vec<_>>()
    };
    ask(&mut remote, &getdata(items(0..3)));
    let refused = SendError::TooManyRequests { open: 3, wanted: 3, limit };
    assert_eq!(remote.machine.send(&getdata(items(0..3)), remote.now), Err(refused));
    ask(&mut remote, &getdata(items(3..5)));
    answer(&mut remote, Message::Tx(tx(0)));
    ask(&mut remote, &getdata(items(5..6)));
    assert!(remote.machine.is_established());
}

#[test]
fn a_request_that_can_never_be_open_is_told_apart_from_too_many_requests() {
    let config = Config::builder(NETWORK).max_requests(5);
    let mut remote = Remote::established(config.build().unwrap());
    let item = Inventory::tx(Hash::ZERO);
    for open in [0, 1] {
        let refused = SendError::RequestTooLarge { wanted: 6, limit: 5 };
        assert_eq!(remote.machine.send(&getdata([item; 6]), remote.now), Err(refused));
        assert_eq!(remote.machine.open_requests(), open);
        ask(&mut remote, &getdata([item]));
    }
    ask(&mut remote, &getdata([item; 3]));
}

#[test]
fn by_default_75000_items_may_be_open() {
    let mut remote = established_at(12);
    let item = |number: u32| Inventory::tx(Hash::digest(&number.to_le_bytes()));
    ask(&mut remote, &getdata((0..50_000).map(item).collect::<Vec<_>>()));
    ask(&mut remote, &getdata((50_000..75_000).map(item).collect::<Vec<_>>()));
    let refused = SendError::TooManyRequests { open: 75_000, wanted: 1, limit: 75_000 };
    assert_eq!(remote.machine.send(&getdata([item(75_000)]), remote.now), Err(refused));
}

#[test]
fn unasked_answers_can_be_had_where_the_policy_says_so() {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver);
    let mut remote = Remote::established(config.build().unwrap());
    answer(&mut remote, Message::Block(block(1)));
    answer(&mut remote, notfound([Inventory::tx(Hash::ZERO)]));
    answer(&mut remote, cfilter_v2());
}
