//! What is known of single recordings.

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use peer_core::frame::{self, FrameReader, Rules};
use peer_core::message::{
    AddrV2, Address, BlockHeader, CFilterV2, InitState, Inventory, NetAddressV2, Raw, Timestamp,
};
use peer_core::{
    CodecError, Command, Error, ErrorKind, Hash, Message, ProtocolVersion, SendError, Services, Time,
};

use crate::transcripts::named;
use crate::transcripts::recording::{NETWORK, Recording};
use crate::transcripts::replay::{Feeding, Replay};

#[test]
fn three_hundred_headers_lead_from_the_genesis_block_to_the_tip() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let headers = headers(&heard(&recording));
    assert_eq!(headers.len(), 300);
    let mut tip = NETWORK.genesis_hash().unwrap();
    for (height, header) in (1..).zip(&headers) {
        assert_eq!((header.height, header.prev_block), (height, tip));
        tip = header.hash();
    }
    assert_eq!(recording.version_of(recording.node()).last_block, 300);
}

#[test]
fn three_hundred_blocks_are_those_of_the_headers() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let heard = heard(&recording);
    let blocks: Vec<_> = pick(&heard, |message| match message {
        Message::Block(block) => Some(block),
        _ => None,
    });
    let hashes: Vec<Hash> = blocks.iter().map(|block| block.hash()).collect();
    assert_eq!(hashes, hashes_of(&headers(&heard)));
    let votes = blocks.iter().filter(|block| block.header().voters > 0).count();
    let full = blocks.iter().filter(|block| block.stake_transactions().len() > 0).count();
    assert!(votes > 0 && full >= votes, "{votes} blocks with votes, {full} with stake transactions");
}

#[test]
fn filters_are_those_that_were_asked_for() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let (said, heard) = (recording.said_by(recording.node().other()), heard(&recording));
    let asked: Vec<Hash> = pick(&said, |message| match message {
        Message::GetCFilterV2(request) => Some(request.block_hash),
        _ => None,
    });
    let filters: Vec<&CFilterV2> = pick(&heard, |message| match message {
        Message::CFilterV2(filter) => Some(&**filter),
        _ => None,
    });
    assert_eq!(asked.len(), 4);
    assert_eq!(asked, filters.iter().map(|filter| filter.block_hash).collect::<Vec<_>>());

    let (start, end) = only(pick(&said, |message| match message {
        Message::GetCfsV2(request) => Some((request.start_hash, request.end_hash)),
        _ => None,
    }));
    let batch = only(pick(&heard, |message| match message {
        Message::CFiltersV2(batch) => Some(&batch.cfilters),
        _ => None,
    }));
    let batch_hashes: Vec<Hash> = batch.iter().map(|filter| filter.block_hash).collect();
    let chain = hashes_of(&headers(&heard));
    let first = chain.iter().position(|hash| *hash == start).unwrap();
    assert_eq!(batch_hashes, chain[first..].iter().take(100).copied().collect::<Vec<_>>());
    assert_eq!(batch_hashes.last(), Some(&end));
    let again = batch.iter().filter(|filter| asked.contains(&filter.block_hash));
    again.for_each(|filter| assert!(filters.contains(&filter), "two filters of {}", filter.block_hash));
}

#[test]
fn what_the_node_does_not_have_it_names_as_it_was_asked() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let said = recording.said_by(recording.node().other());
    let requests: Vec<_> = pick(&said, |message| match message {
        Message::GetData(request) => Some(&request.inventory),
        _ => None,
    });
    let heard = heard(&recording);
    let missing = only(pick(&heard, |message| match message {
        Message::NotFound(answer) => Some(&answer.inventory),
        _ => None,
    }));
    assert_eq!(requests.last(), Some(&missing));
    assert!(!missing.is_empty());
}

#[test]
fn block_hashes_are_announced_to_who_asks_for_them() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let heard = heard(&recording);
    let announced = only(pick(&heard, |message| match message {
        Message::Inv(inv) => Some(inv.inventory.to_vec()),
        _ => None,
    }));
    let chain = hashes_of(&headers(&heard)).into_iter().map(Inventory::block);
    assert_eq!(announced, chain.collect::<Vec<_>>());
}

#[test]
fn everything_that_was_asked_for_is_answered_and_every_answered_ping_is_timed() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let mut replay = Replay::of(&recording, recording.node().other(), Feeding::AsRecorded);
    replay.until_the_end();
    assert_eq!(replay.peer.peer().open_requests(), 0);
    assert!(replay.peer.peer().wants_headers());
    let sent: usize = recording.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
    let stats = replay.peer.peer().stats();
    assert_eq!(stats.bytes_sent + stats.bytes_received, sent as u64);

    // Two pings left before the first pong came: only the newer one is timed.
    let [first, second, third] = [None, Some(500), Some(300)].map(|us| us.map(Duration::from_micros));
    assert_eq!(replay.finish().round_trips, [first, second, third]);
}

#[test]
fn addresses_have_the_first_form_at_version_11() {
    let Some(recording) = named("dcrd-sync-p11") else { return };
    let version = ProtocolVersion::new(11);
    assert_eq!(recording.negotiated(), version);
    let mut ours = Replay::of(&recording, recording.node().other(), Feeding::AsRecorded);
    ours.until_the_end();
    let refused = SendError::Encode(CodecError::MsgInvalidForPVer { version });
    assert_eq!(ours.peer.peer_mut().send(&second_form(), Time::ZERO), Err(refused));

    // The node gets the addresses that the other end tells. A reader at version 12 would not take them.
    let mut node = Replay::of(&recording, recording.node(), Feeding::AsRecorded);
    node.until_the_end();
    let told = only(pick(node.heard(), |message| match message {
        Message::Addr(addr) => Some(addr),
        _ => None,
    }));
    assert_eq!(told.addresses.len(), 3);
    let bytes = frame::encode(&Message::Addr(told.clone()), NETWORK, version).unwrap();
    let rules = Rules::new(NETWORK, ProtocolVersion::ADDR_V2);
    let error = FrameReader::new().read(&mut BytesMut::from(&bytes[..]), &rules).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
}

#[test]
fn addresses_have_the_second_form_at_version_12() {
    let Some(recording) = named("dcrd-sync-p12") else { return };
    let mut ours = Replay::of(&recording, recording.node().other(), Feeding::AsRecorded);
    ours.until_the_end();
    let version = ProtocolVersion::ADDR_V2;
    let refused = SendError::Encode(CodecError::MsgInvalidForPVer { version });
    assert_eq!(ours.peer.peer_mut().send(&Message::Addr(Default::default()), Time::ZERO), Err(refused));
    assert!(ours.peer.peer_mut().send(&second_form(), Time::ZERO).is_ok());
}

#[test]
fn new_blocks_are_announced_by_headers_to_who_wants_them() {
    let Some(recording) = named("dcrd-dials-p12") else { return };
    let heard = heard(&recording);
    let announced: Vec<usize> = pick(&heard, |message| match message {
        Message::Headers(headers) => Some(headers.headers.len()),
        _ => None,
    });
    assert_eq!(announced, [1, 1, 1]);
    let headers = headers(&heard);
    for (before, header) in headers.iter().zip(&headers[1..]) {
        assert_eq!((header.prev_block, header.height), (before.hash(), before.height + 1));
    }
    let mut node = Replay::of(&recording, recording.node(), Feeding::AsRecorded);
    node.until_the_end();
    assert!(node.peer.peer().wants_headers(), "the machine in the node's place knows that they are wanted");
}

#[test]
fn an_unknown_command_ends_the_connection() {
    let Some(recording) = named("dcrd-refuses-unknown") else { return };
    let (ours, node) = (recording.node().other(), recording.node());
    let command = Command::new("nonsense").unwrap();
    let nonsense = Message::Raw(Raw { command, payload: Bytes::from_static(&[0]) });

    let outcome = Replay::of(&recording, ours, Feeding::AsRecorded).finish();
    assert_eq!(outcome.said.last(), Some(&nonsense));
    assert_eq!(outcome.end, Error::ClosedByRemote);

    let end = Replay::of(&recording, node, Feeding::AsRecorded).finish().end;
    assert_eq!(end.kind(), Some(ErrorKind::UnknownCmd), "the machine in the node's place refuses it too");
}

#[test]
fn what_the_machine_says_by_itself_is_all_that_a_synced_node_demands_for_four_minutes() {
    let Some(recording) = named("dcrd-synced-dials-us-initstate") else { return };
    let mut replay = Replay::of(&recording, recording.node().other(), Feeding::AsRecorded).without_owner();
    let at = |seconds| Some(Time::from_elapsed(Duration::from_secs(seconds)));
    while replay.next_at() < at(1) {
        replay.step().unwrap();
    }
    let answer = Message::from(Box::new(InitState::default()));
    assert!(replay.said().contains(&answer), "the first second answers getinitstate");
    while replay.next_at() < at(46) {
        replay.step().unwrap();
    }
    assert!(replay.peer.peer().is_established());
    let end = replay.until_the_end();
    assert_eq!(end, Error::ClosedByOwner, "the recorded owner closed after 227 s");
    let said = replay.said();
    let answers = said.iter().filter(|message| matches!(message, Message::InitState(_) | Message::Pong(_)));
    assert_eq!(answers.count(), 3, "the initial state once, and both pings of the node");
}

#[test]
fn a_node_whose_question_for_the_initial_state_is_ignored_leaves_at_thirty_seconds() {
    let Some(recording) = named("dcrd-ignored-initstate") else { return };
    assert_eq!(recording.closed_by(), recording.node());
    let end = recording.chunks.iter().find(|chunk| chunk.bytes.is_empty()).unwrap().at;
    assert_eq!(end.elapsed().as_secs(), 30);
    let mut ours = Replay::of(&recording, recording.node().other(), Feeding::AsRecorded);
    assert_eq!(ours.until_the_end(), Error::ClosedByRemote);
    assert!(ours.heard().iter().any(|message| matches!(message, Message::GetInitState(_))));
}

#[test]
fn a_new_node_asks_for_sixteen_blocks_and_then_for_seven_at_a_time() {
    let Some(recording) = named("dcrd-syncs-from-us") else { return };
    let heard = heard(&recording);
    let asked = pick(&heard, |message| match message {
        Message::GetData(request) => Some(request.inventory.len()),
        _ => None,
    });
    assert_eq!(asked, [16, 7, 7, 7, 3]);
    let last = heard.iter().rfind(|message| !matches!(message, Message::Headers(_)));
    assert!(matches!(last, Some(Message::GetInitState(_))), "it is current behind the last block");
}

#[test]
fn a_question_for_filters_that_is_refused_is_met_with_silence_before_the_pong_behind_it() {
    let Some(recording) = named("dcrd-filters") else { return };
    let (said, heard) = (recording.said_by(recording.node().other()), heard(&recording));
    let pings = said.iter().filter(|message| matches!(message, Message::Ping(_))).count();
    let before_pongs = heard.split(|message| matches!(message, Message::Pong(_)));
    let answers: Vec<usize> =
        before_pongs.map(|answers| answers.iter().filter(|m| is_filter(m)).count()).collect();
    assert_eq!(answers.len(), pings + 1);
    // One, 100 twice; 101, unknown and backward ones; genesis, five; two single ones, an unknown one, three of four.
    assert_eq!(answers, [1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 3, 0]);
}

fn is_filter(message: &Message) -> bool {
    matches!(message, Message::CFilterV2(_) | Message::CFiltersV2(_))
}

/// The messages that the recorded other end got, by way of the machine.
fn heard(recording: &Recording) -> Vec<Message> {
    Replay::of(recording, recording.node().other(), Feeding::AsRecorded).finish().heard
}

/// Every header of every `headers`.
fn headers(heard: &[Message]) -> Vec<BlockHeader> {
    let lists = pick(heard, |message| match message {
        Message::Headers(headers) => Some(headers.headers.to_vec()),
        _ => None,
    });
    lists.concat()
}

fn hashes_of(headers: &[BlockHeader]) -> Vec<Hash> {
    headers.iter().map(BlockHeader::hash).collect()
}

fn pick<'a, T>(messages: &'a [Message], choose: impl FnMut(&'a Message) -> Option<T>) -> Vec<T> {
    messages.iter().filter_map(choose).collect()
}

/// The one item there is.
fn only<T>(mut items: Vec<T>) -> T {
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// An address of the second form.
fn second_form() -> Message {
    let address = NetAddressV2 {
        timestamp: Timestamp::default(),
        services: Services::NODE_NETWORK,
        address: Address::Ipv4([127, 0, 0, 1].into()),
        port: 18555,
    };
    Message::AddrV2(AddrV2::new(vec![address]).unwrap())
}
