//! Messages of protocol versions 1 to 8 that today's network has dropped, and the limits of that time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::slice::from_ref;

use peer_core::message::{
    Alert, AlertPayload, BlockHeader, BloomUpdate, CfHeaders, CfTypes, FilterAdd, FilterLoad, FilterType,
    GetCFilter, GetCfHeaders, Inventory, InventoryKind, List, MerkleBlock, MiningState, Reject, RejectCode,
};
use peer_core::{Config, Error, ErrorKind, Hash, Message, ProtocolVersion, Services};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, established_at, frame, header};
use peer_tests::samples::{block_item, getdata, large_block};

fn config(min: u32, max: u32) -> Config {
    let builder = Config::builder(NETWORK).min_protocol_version(min.into()).protocol_version(max.into());
    builder.build().unwrap()
}

fn with_services(services: Services) -> Config {
    Config::builder(NETWORK)
        .min_protocol_version(ProtocolVersion::INITIAL)
        .services(services)
        .build()
        .unwrap()
}

#[test]
fn rejects_go_both_ways_from_1_to_8() {
    let hash = Some(Hash::from_bytes([7; 32]));
    let message: Message = Reject::new("tx", RejectCode::DUST, "too small", hash).unwrap().into();
    for version in 1..=8 {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &message).unwrap();
        pair.send(Side::Inbound, &message).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Inbound), *from_ref(&message), "version {version}");
        assert_eq!(pair.messages(Side::Outbound), *from_ref(&message), "version {version}");
    }
    let mut remote = established_at(9);
    assert!(remote.machine.send(&message, remote.now).is_err());
    remote.say_bytes(&frame("reject", &[0, 0, 0]));
    assert_eq!(remote.error().kind(), Some(ErrorKind::UnknownCmd));
}

#[test]
fn alerts_go_both_ways_from_1_to_5() {
    let message = Message::Alert(Box::new(Alert::new(AlertPayload::default(), &[1, 2, 3][..])));
    for version in 1..=5 {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &message).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Inbound), *from_ref(&message), "version {version}");
    }
    let mut remote = established_at(6);
    assert!(remote.machine.send(&message, remote.now).is_err());
    remote.say_bytes(&frame("alert", &[0, 0]));
    remote.events();
    assert_eq!(remote.hears().len(), 1);
    assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::UnknownCmd));
}

#[test]
fn alerts_and_rejects_have_the_limit_of_unrequested_payloads() {
    let builder = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    let config = builder.max_unrequested(100).build().unwrap();
    for name in ["alert", "reject"] {
        let mut remote = Remote::established_at(config.clone(), 5.into());
        remote.say_bytes(&header(name, 101, [0; 4]));
        remote.events();
        remote.hears();
        assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::PayloadTooLarge));
        let mut remote = Remote::established_at(config.clone(), 5.into());
        remote.say_bytes(&header(name, 100, [0; 4]));
        assert_eq!(remote.pull(), Ok(None));
        assert!(remote.machine.wants_read());
    }
}

fn bloom_commands() -> [Message; 3] {
    [
        Message::FilterLoad(FilterLoad::new(&[1, 2, 3][..], 5, 0, BloomUpdate::ALL).unwrap()),
        Message::FilterAdd(FilterAdd::new(&[1][..]).unwrap()),
        Message::FilterClear,
    ]
}

#[test]
fn bloom_commands_are_delivered_where_our_services_offer_them() {
    for version in 1..=5 {
        let mut remote = Remote::established_at(with_services(Services::NODE_BLOOM), version.into());
        for message in bloom_commands() {
            remote.say(&message);
            assert_eq!(remote.messages(), [message]);
        }
    }
}

#[test]
fn bloom_commands_without_the_service_end_the_connection_from_version_2_on() {
    for version in 2..=5 {
        for message in bloom_commands() {
            let mut remote = Remote::established_at(with_services(Services::NODE_NETWORK), version.into());
            remote.say(&message);
            let error = remote.error();
            assert_eq!(error, Error::NoBloomService(message.command()));
            assert!(error.is_misbehaviour());
        }
    }
}

#[test]
fn bloom_commands_without_the_service_are_not_delivered_at_version_1() {
    let mut remote = established_at(1);
    bloom_commands().iter().for_each(|message| remote.say(message));
    remote.say(&Message::GetAddr);
    assert_eq!(remote.messages(), [Message::GetAddr]);
    assert!(remote.machine.is_established());
}

#[test]
fn bloom_commands_are_unknown_from_version_6_on() {
    for message in bloom_commands() {
        let mut remote = Remote::established_at(with_services(Services::NODE_BLOOM), 6.into());
        assert!(remote.machine.send(&message, remote.now).is_err());
        remote.say_bytes(&frame(message.command().as_str(), &[]));
        remote.events();
        remote.hears();
        assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::UnknownCmd));
    }
}

/// A filtered block, and what asks for it.
fn filtered(block: MerkleBlock) -> (Message, Message) {
    let item = Inventory { kind: InventoryKind::FILTERED_BLOCK, hash: block.header.hash() };
    (getdata([item]), Message::MerkleBlock(Box::new(block)))
}

#[test]
fn a_merkleblock_answers_a_request_for_a_filtered_block() {
    let (request, answer) = filtered(MerkleBlock::default());
    for version in 1..=5 {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &request).unwrap();
        pair.settle();
        pair.send(Side::Inbound, &answer).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Outbound), *from_ref(&answer), "version {version}");
        assert_eq!(pair.peer(Side::Outbound).open_requests(), 0);
    }
}

#[test]
fn a_merkleblock_with_more_stake_hashes_than_others_is_read() {
    let stake_hashes: List<_, _> = vec![Hash::ZERO; 3].try_into().unwrap();
    let header = BlockHeader { nonce: 3, ..BlockHeader::default() };
    let (request, answer) = filtered(MerkleBlock { header, stake_hashes, ..MerkleBlock::default() });
    let mut remote = established_at(5);
    remote.machine.send(&request, remote.now).unwrap();
    remote.say(&answer);
    assert_eq!(remote.messages(), [answer]);
}

#[test]
fn mempool_getminings_and_miningstate_go_both_ways() {
    let state = Message::MiningState(MiningState {
        version: 1,
        height: 7,
        block_hashes: vec![Hash::ZERO].try_into().unwrap(),
        vote_hashes: List::new(),
    });
    for version in [1, 7] {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &Message::MemPool).unwrap();
        pair.send(Side::Outbound, &Message::GetMinings).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Inbound), [Message::MemPool, Message::GetMinings]);
        pair.send(Side::Inbound, &state).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Outbound), *from_ref(&state));
    }
}

#[test]
fn version_1_committed_filters_are_asked_for_and_answered_from_6_on() {
    let (start, filter_type) = (Hash::ZERO, FilterType::REGULAR);
    let headers = CfHeaders { stop: start, filter_type, header_hashes: List::new() };
    let conversation = [
        (Message::GetCfTypes, Message::CfTypes(CfTypes { supported_filters: List::new() })),
        (
            Message::GetCfHeaders(GetCfHeaders { locator: List::new(), stop: start, filter_type }),
            Message::CfHeaders(headers),
        ),
    ];
    for version in [6, 8] {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        for (request, answer) in &conversation {
            pair.send(Side::Outbound, request).unwrap();
            pair.settle();
            pair.send(Side::Inbound, answer).unwrap();
            pair.settle();
        }
        assert_eq!(pair.messages(Side::Outbound), conversation.clone().map(|(_, answer)| answer));
    }
    let request = Message::GetCFilter(GetCFilter { block_hash: start, filter_type });
    let mut remote = established_at(5);
    assert!(remote.machine.send(&request, remote.now).is_err());
}

#[test]
fn sendheaders_exists_from_3_and_feefilter_from_5() {
    let mut remote = established_at(2);
    assert!(remote.machine.send(&Message::SendHeaders, remote.now).is_err());
    remote.say_bytes(&frame("sendheaders", &[]));
    remote.events();
    remote.hears();
    assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::MsgInvalidForPVer));
    let mut remote = established_at(3);
    remote.say(&Message::SendHeaders);
    assert_eq!(remote.messages(), [Message::SendHeaders]);
}

#[test]
fn blocks_are_at_most_a_million_bytes_below_version_4() {
    let large = large_block(1_000_000);
    for (version, fits) in [(3, false), (4, true)] {
        let mut remote = established_at(version);
        assert_eq!(remote.machine.send(&Message::Block(large.clone()), remote.now).is_ok(), fits);
        remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
        remote.say_bytes(&header("block", 1_000_001, [0; 4]));
        remote.events();
        assert_eq!(remote.machine.wants_read(), fits);
    }
}
