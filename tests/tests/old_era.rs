//! Protocol versions 1 to 8: rejects, alerts, bloom filters, and what else today's network has dropped.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use bytes::Bytes;
use peer_core::message::{
    Alert, AlertPayload, BlockHeader, BloomUpdate, CFHeaders, CFTypes, FilterAdd, FilterLoad, FilterType,
    GetCFHeaders, GetCFilter, Inventory, InventoryKind, List, MerkleBlock, MiningState, Ping, Reject,
    RejectCode,
};
use peer_core::{
    Command, Config, Direction, Error, ErrorKind, Event, Hash, Message, Node, ProtocolVersion, Services,
    Timer,
};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, frame, introduction};
use peer_tests::samples::{block, block_item, getdata, large_block};

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

fn established_at(version: u32) -> Remote {
    Remote::established_at(config(1, 12), version.into())
}

fn new(config: Config, direction: Direction) -> Remote {
    Remote::new(&Node::new(config), direction)
}

fn command(name: &str) -> Command {
    Command::new(name).unwrap()
}

/// Pulls until reading stops, and hears the last word.
fn last_words(remote: &mut Remote) -> Vec<Message> {
    remote.events();
    assert!(!remote.machine.wants_read(), "it goes on reading");
    remote.hears()
}

fn reject(command: &str, code: RejectCode, reason: &str) -> Message {
    Reject::new(command, code, reason, None).unwrap().into()
}

/// A machine that has sent its reject is done, without another call.
fn assert_ended(remote: &mut Remote, error: &Error) {
    assert_eq!(remote.machine.failure(), Some(error));
    assert_eq!(remote.pull(), Err(error.clone()));
}

// Rejects before the end.

#[test]
fn a_first_message_other_than_version_is_rejected_and_ends_the_connection() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let mut remote = new(config(1, 8), direction);
        remote.hears();
        remote.say(&Message::Verack);
        let expected = reject("verack", RejectCode::MALFORMED, "A version message must precede all others");
        assert_eq!(last_words(&mut remote), [expected]);
        assert_ended(&mut remote, &Error::NotVersionMessage { got: command("verack") });
    }
}

#[test]
fn a_version_that_is_too_old_is_rejected_and_ends_the_connection() {
    for (min, got) in [(1, 0), (1, -1), (5, 4)] {
        let mut remote = new(config(min, 8), Direction::Inbound);
        remote.say(&introduction(got).into());
        assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
        let reason = format!("protocol version must be {min} or greater");
        assert_eq!(last_words(&mut remote), [reject("version", RejectCode::OBSOLETE, &reason)]);
        assert_ended(&mut remote, &Error::ProtocolVerTooOld { got, min: min.into() });
    }
}

#[test]
fn a_last_word_is_said_once_however_often_the_owner_pulls() {
    let mut remote = new(config(5, 8), Direction::Inbound);
    remote.say(&introduction(4).into());
    remote.events();
    for _ in 0..3 {
        assert_eq!(remote.pull(), Ok(None));
    }
    assert_eq!(remote.hears().len(), 1);
}

#[test]
fn a_second_version_is_rejected_and_ends_the_connection() {
    let mut remote = established_at(8);
    remote.say(&introduction(8).into());
    let expected = reject("version", RejectCode::DUPLICATE, "duplicate version message");
    assert_eq!(last_words(&mut remote), [expected]);
    assert_ended(&mut remote, &Error::Repeated(command("version")));
}

#[test]
fn a_second_verack_ends_the_connection_without_a_word() {
    let mut remote = established_at(8);
    remote.say(&Message::Verack);
    assert_eq!(remote.error(), Error::Repeated(command("verack")));
    assert_eq!(remote.hears(), []);
}

#[test]
fn malformed_input_is_rejected_and_ends_the_connection() {
    let mut other_network = frame("getaddr", &[]).to_vec();
    other_network[0] ^= 1;
    for (bytes, kind, text) in [
        (frame("ping", &[1; 7]), ErrorKind::Truncated, "bad ping message"),
        (frame("nonsense", &[]), ErrorKind::UnknownCmd, "unknown command"),
        (Bytes::from(other_network), ErrorKind::WrongNetwork, "frame of another network"),
    ] {
        let mut remote = established_at(8);
        remote.say_bytes(&bytes);
        let words = last_words(&mut remote);
        let [Message::Reject(reject)] = &words[..] else { panic!("{words:?}") };
        assert_eq!((&reject.command()[..], reject.code()), (&b"malformed"[..], RejectCode::MALFORMED));
        let reason = String::from_utf8(reject.reason().to_vec()).unwrap();
        let start = format!("Can't read message from 192.0.2.7:18555 (inbound): {text}");
        assert!(reason.starts_with(&start), "{reason}");
        assert_eq!(remote.machine.failure().and_then(Error::kind), Some(kind));
    }
}

#[test]
fn malformed_input_before_the_version_ends_the_connection_without_a_word() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say_bytes(&frame("version", &[0; 10]));
    assert_eq!(remote.error().kind(), Some(ErrorKind::Truncated));
    assert_eq!(remote.hears(), []);
}

#[test]
fn malformed_input_before_the_verack_is_rejected_after_our_introduction() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say(&introduction(8).into());
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.events();
    let names: Vec<_> = remote.hears().iter().map(|message| message.command().to_string()).collect();
    assert_eq!(names, ["version", "verack", "reject"]);
}

#[test]
fn malformed_input_followed_by_silence_cannot_hold_the_connection() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert_eq!(remote.pull(), Ok(None));
    remote.machine.transmit(remote.now);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
    let (_, result) = remote.wait_for_deadline();
    assert_eq!(result.unwrap_err().kind(), Some(ErrorKind::Truncated));
}

#[test]
fn a_last_word_waits_for_the_frame_that_was_shown_and_for_nothing_else() {
    let mut remote = established_at(8);
    remote.machine.send(&Message::Block(large_block(10_000)), remote.now).unwrap();
    let unwritten = remote.machine.send(&Message::Block(block(1)), remote.now).unwrap();
    let first = remote.machine.take(10, remote.now);
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.events();
    remote.understand(&first);
    let names: Vec<_> = remote.hears().iter().map(|message| message.command().to_string()).collect();
    assert_eq!(names, ["block", "reject"]);
    assert!(!remote.machine.is_flushed(unwritten));
}

#[test]
fn nothing_is_taken_or_sent_between_the_last_word_and_the_end() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.say(&Message::Ping(Ping { nonce: 1 }));
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.machine.input().len(), 32);
    assert!(remote.machine.send(&Message::GetAddr, remote.now).is_err());
    assert!(!remote.machine.is_established());
    assert_eq!(remote.machine.close(remote.now).kind(), Some(ErrorKind::Truncated));
}

#[test]
fn no_reject_is_sent_where_the_lowest_version_is_9_or_the_remote_speaks_it() {
    let mut remote = Remote::established(config(9, 12));
    remote.say(&introduction(12).into());
    assert_eq!(remote.error(), Error::Repeated(command("version")));
    assert_eq!(remote.hears(), []);

    let mut remote = established_at(9);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert_eq!(remote.error().kind(), Some(ErrorKind::Truncated));
    assert_eq!(remote.hears(), []);

    let mut remote = new(config(9, 12), Direction::Inbound);
    remote.say(&introduction(8).into());
    remote.error();
    assert_eq!(remote.hears(), []);
}

#[test]
fn two_peers_of_the_old_era_part_with_a_word() {
    let mut pair = Pair::with_configs(1, config(1, 4), config(5, 8));
    pair.settle();
    let min = ProtocolVersion::FEE_FILTER;
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ProtocolVerTooOld { got: 4, min }));
    let got = command("reject");
    assert_eq!(pair.failure(Side::Outbound), Some(&Error::NotVersionMessage { got }));
}

// Messages that have been dropped since.

#[test]
fn rejects_go_both_ways_from_1_to_8() {
    let hash = Some(Hash::from_bytes([7; 32]));
    let message: Message = Reject::new("tx", RejectCode::DUST, "too small", hash).unwrap().into();
    for version in 1..=8 {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &message).unwrap();
        pair.send(Side::Inbound, &message).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Inbound), [message.clone()], "version {version}");
        assert_eq!(pair.messages(Side::Outbound), [message.clone()], "version {version}");
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
        assert_eq!(pair.messages(Side::Inbound), [message.clone()], "version {version}");
    }
    let mut remote = established_at(6);
    assert!(remote.machine.send(&message, remote.now).is_err());
    remote.say_bytes(&frame("alert", &[0, 0]));
    assert_eq!(last_words(&mut remote).len(), 1);
    assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::UnknownCmd));
}

#[test]
fn alerts_and_rejects_have_the_limit_of_unrequested_payloads() {
    let builder = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    let config = builder.max_unrequested(100.try_into().unwrap()).build().unwrap();
    for name in ["alert", "reject"] {
        let mut remote = Remote::established_at(config.clone(), 5.into());
        remote.say_bytes(&peer_tests::remote::header(name, 101, [0; 4]));
        last_words(&mut remote);
        assert_eq!(remote.machine.failure().and_then(Error::kind), Some(ErrorKind::PayloadTooLarge));
        let mut remote = Remote::established_at(config.clone(), 5.into());
        remote.say_bytes(&peer_tests::remote::header(name, 100, [0; 4]));
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
        last_words(&mut remote);
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
        assert_eq!(pair.messages(Side::Outbound), [answer.clone()], "version {version}");
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
    for version in [1, 8] {
        let mut pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        pair.send(Side::Outbound, &Message::MemPool).unwrap();
        pair.send(Side::Outbound, &Message::GetMinings).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Inbound), [Message::MemPool, Message::GetMinings]);
        pair.send(Side::Inbound, &state).unwrap();
        pair.settle();
        assert_eq!(pair.messages(Side::Outbound), [state.clone()]);
    }
}

#[test]
fn version_1_committed_filters_are_asked_for_and_answered_from_6_on() {
    let (start, filter_type) = (Hash::ZERO, FilterType::REGULAR);
    let headers = CFHeaders { stop: start, filter_type, header_hashes: List::new() };
    let conversation = [
        (Message::GetCFTypes, Message::CFTypes(CFTypes { supported_filters: List::new() })),
        (
            Message::GetCFHeaders(GetCFHeaders { locator: List::new(), stop: start, filter_type }),
            Message::CFHeaders(headers),
        ),
    ];
    for version in [6, 8, 12] {
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
    last_words(&mut remote);
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
        remote.say_bytes(&peer_tests::remote::header("block", 1_000_001, [0; 4]));
        remote.events();
        assert_eq!(remote.machine.wants_read(), fits);
    }
}
