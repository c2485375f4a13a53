//! A message that is encoded once: sent as `send` sends it, and refused as `send` refuses it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use peer_core::message::{Addr, Pong, Raw};
use peer_core::{
    BanRule, CodecError, Command, Config, Direction, EncodedFrame, Message, Network, Node, ProtocolVersion,
    SendError, blake256,
};
use peer_tests::remote::{
    LATEST, NETWORK, Remote, bytes_of, established, established_at, introduction, unguarded,
};
use peer_tests::samples::{
    block_item, getdata, getheaders, headers, inv, inv_of, item, large_block, ping, usual_tx_of,
};

fn encode(message: &Message) -> EncodedFrame {
    message.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap()
}

/// Small and large ones of both lanes, and requests.
fn messages() -> [Message; 9] {
    [
        Message::GetAddr,
        ping(7),
        inv_of(3),
        inv_of(1000),
        getdata([block_item(1), item(2)]),
        getheaders(),
        headers(),
        usual_tx_of(40, 1).into(),
        large_block(340_000).into(),
    ]
}

#[test]
fn an_encoded_frame_tells_what_it_is() {
    let block = Message::from(large_block(10_000));
    let frame = encode(&block);
    let bytes = bytes_of(&block);
    assert_eq!(frame.message(), &block);
    assert_eq!(frame.command().as_str(), "block");
    assert_eq!(frame.network(), NETWORK);
    assert_eq!(frame.wire_len(), bytes.len());
    assert_eq!(frame.payload(), &bytes[24..]);
    assert_eq!(frame.checksum(), blake256::checksum(&bytes[24..]));
    let expected = format!("EncodedFrame {{ command: block, network: SimNet, wire_len: {} }}", bytes.len());
    assert_eq!(format!("{frame:?}").replace('"', ""), expected);
}

#[test]
fn encoded_or_not_the_same_bytes_marks_and_requests_come_of_it() {
    for message in messages() {
        let (mut plain, mut encoded) = (established(), established());
        let mark = plain.machine.send(&message, plain.now).unwrap();
        assert_eq!(encoded.machine.send_encoded(&encode(&message), encoded.now), Ok(mark));
        assert_eq!(encoded.machine.open_requests(), plain.machine.open_requests());
        let bytes = encoded.machine.take_all(encoded.now);
        assert_eq!(bytes, bytes_of(&message), "{}", message.command());
        assert_eq!(plain.machine.take_all(plain.now), bytes);
        assert!(encoded.machine.is_flushed(mark));
        assert_eq!(encoded.deadline(), plain.deadline());
    }
}

#[test]
fn one_frame_serves_every_version_at_which_its_message_exists() {
    let frame = encode(&inv_of(1));
    for version in [9, 10, 11, 12] {
        let mut remote = established_at(version);
        remote.machine.send_encoded(&frame, remote.now).unwrap();
        assert_eq!(remote.hears(), [inv_of(1)]);
    }
}

#[test]
fn control_overtakes_bulk_encoded_or_not() {
    let mut remote = established();
    for message in [inv_of(1), ping(1), inv_of(2)] {
        remote.machine.send_encoded(&encode(&message), remote.now).unwrap();
    }
    remote.machine.send(&ping(2), remote.now).unwrap();
    assert_eq!(remote.hears(), [ping(1), ping(2), inv_of(1), inv_of(2)]);
}

#[test]
fn an_encoded_request_opens_the_way_for_its_answer() {
    let mut remote = established();
    let block = large_block(5000);
    let request = getdata([peer_core::message::Inventory::block(block.hash())]);
    remote.machine.send_encoded(&encode(&request), remote.now).unwrap();
    remote.hears();
    remote.say(&block.clone().into());
    assert_eq!(remote.messages(), [block.into()]);
}

#[test]
fn an_encoded_ping_is_measured() {
    let mut remote = established();
    remote.machine.send_encoded(&encode(&ping(7)), remote.now).unwrap();
    remote.hears();
    remote.say(&Message::Pong(Pong { nonce: 7 }));
    remote.messages();
    assert!(remote.machine.stats().last_ping_round_trip.is_some());
}

#[test]
fn a_frame_of_another_network_is_refused_without_effect() {
    let mut remote = established();
    let frame = inv_of(1).encode_frame(Network::MAINNET, ProtocolVersion::LATEST).unwrap();
    let refused = SendError::WrongNetwork { frame: Network::MAINNET, connection: NETWORK };
    assert_eq!(remote.machine.send_encoded(&frame, remote.now), Err(refused.clone()));
    assert!(!remote.machine.wants_write());
    assert_eq!(refused.to_string(), "frame of MainNet cannot be sent on a connection of SimNet");
}

#[test]
fn what_does_not_exist_at_the_version_in_force_is_refused_without_effect() {
    let eleven = ProtocolVersion::new(11);
    let addr = Message::Addr(Addr::default());
    let latest = ProtocolVersion::LATEST;
    assert_eq!(addr.encode_frame(NETWORK, latest), Err(CodecError::MsgInvalidForPVer { version: latest }));
    let frame = addr.encode_frame(NETWORK, eleven).unwrap();
    let mut remote = established_at(LATEST);
    let refused = SendError::Encode(CodecError::MsgInvalidForPVer { version: latest });
    assert_eq!(remote.machine.send_encoded(&frame, remote.now), Err(refused));
    assert!(!remote.machine.wants_write());
}

#[test]
fn what_send_refuses_is_refused_encoded() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut early = Remote::new(&node, Direction::Inbound);
    assert_eq!(early.machine.send_encoded(&encode(&ping(1)), early.now), Err(SendError::NotEstablished));

    let mut remote = Remote::established(Config::builder(NETWORK).send_limit(70_000).build().unwrap());
    let version = encode(&introduction(12).into());
    let refused = SendError::HandshakeMessage(version.command());
    assert_eq!(remote.machine.send_encoded(&version, remote.now), Err(refused));
    let empty = encode(&inv([]));
    assert_eq!(remote.machine.send_encoded(&empty, remote.now), Err(SendError::Bannable(BanRule::EmptyInv)));
    let block = encode(&large_block(100_000).into());
    let refused = SendError::NeverFits { wanted: block.wire_len(), limit: 70_000 };
    assert_eq!(remote.machine.send_encoded(&block, remote.now), Err(refused));
    let half = encode(&inv_of(1000));
    remote.machine.send_encoded(&half, remote.now).unwrap();
    let (queued, wanted) = (half.wire_len(), half.wire_len());
    let refused = SendError::Full { queued, wanted, limit: 70_000 };
    assert_eq!(remote.machine.send_encoded(&half, remote.now), Err(refused));
    assert_eq!(remote.hears(), [inv_of(1000)]);

    let few = unguarded().max_requests(1).build().unwrap();
    let mut remote = Remote::established(few);
    let two = encode(&getdata([item(1), item(2)]));
    let refused = SendError::RequestTooLarge { wanted: 2, limit: 1 };
    assert_eq!(remote.machine.send_encoded(&two, remote.now), Err(refused));
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn a_kept_checksum_is_taken_as_it_is() {
    let block = Message::from(large_block(5000));
    let payload = Bytes::copy_from_slice(&bytes_of(&block)[24..]);
    let with = |checksum| {
        EncodedFrame::with_checksum(
            block.command(),
            payload.clone(),
            checksum,
            NETWORK,
            ProtocolVersion::LATEST,
        )
    };
    assert_eq!(with(blake256::checksum(&payload)), Ok(encode(&block)));
    // Nothing is hashed: a wrong one goes out as it is, also when the message is sent by itself.
    let frame = with(*b"oops").unwrap();
    let mut remote = established();
    remote.machine.send_encoded(&frame, remote.now).unwrap();
    assert_eq!(remote.machine.take_all(remote.now)[20..24], *b"oops");
    remote.machine.send(frame.message(), remote.now).unwrap();
    assert_eq!(remote.machine.take_all(remote.now)[20..24], *b"oops");
}

#[test]
fn a_payload_that_is_not_of_its_command_makes_no_frame() {
    let with = |command, payload: &'static [u8]| {
        let (command, payload) = (Command::new(command).unwrap(), Bytes::from_static(payload));
        EncodedFrame::with_checksum(command, payload, [0; 4], NETWORK, ProtocolVersion::LATEST)
    };
    assert!(matches!(with("ping", b"short"), Err(CodecError::Truncated { .. })));
    assert_eq!(with("ping", b"too long to be one"), Err(CodecError::TrailingBytes { count: 10 }));
    let custom = with("custom", b"anything").unwrap();
    let expected = Raw { command: custom.command(), payload: Bytes::from_static(b"anything") };
    assert_eq!(custom.message(), &Message::Raw(expected));
}

#[test]
fn frames_that_are_encoded_together_are_those_of_one_by_one() {
    let mut many = messages().to_vec();
    many.extend((0..20).map(|number| Message::from(large_block(10_000 + 777 * number))));
    let frames = Message::encode_frames(&many, NETWORK, ProtocolVersion::LATEST).unwrap();
    assert_eq!(frames, many.iter().map(encode).collect::<Vec<_>>());
    assert_eq!(Message::encode_frames(&[], NETWORK, ProtocolVersion::LATEST), Ok(Vec::new()));
}

#[test]
fn what_has_kept_its_checksum_is_not_hashed_with_others() {
    let payload = Bytes::from(bytes_of(&Message::from(large_block(9000)))).split_off(24);
    let block = Command::new("block").unwrap();
    let kept = EncodedFrame::with_checksum(block, payload, [1; 4], NETWORK, ProtocolVersion::LATEST).unwrap();
    let others = [5000, 6000].map(|len| Message::from(large_block(len)));
    let [first, second] = &others;
    let many = [first.clone(), kept.message().clone(), second.clone()];
    let frames = Message::encode_frames(&many, NETWORK, ProtocolVersion::LATEST).unwrap();
    let checksums: Vec<_> = frames.iter().map(EncodedFrame::checksum).collect();
    assert_eq!(checksums, [encode(first).checksum(), [1; 4], encode(second).checksum()]);
}

#[test]
fn one_message_that_does_not_exist_at_the_version_leaves_no_frames() {
    let many = [ping(1), Message::Addr(Addr::default()), ping(2)];
    let latest = ProtocolVersion::LATEST;
    let error = CodecError::MsgInvalidForPVer { version: latest };
    assert_eq!(Message::encode_frames(&many, NETWORK, latest), Err(error));
}
