//! What a recording leaves out or replaces.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use bytes::Bytes;
use peer_core::message::{
    Addr, AddrV2, Address, NetAddress, NetAddressV2, Ping, Raw, TimedNetAddress, Timestamp,
};
use peer_core::recording::{Buffer, EntryKind, Header, Recording, RecordingOptions, Side};
use peer_core::{Config, Direction, Error, Hash, Message, Network, ProtocolVersion, Services, Time, frame};
use peer_tests::recordings::{hello, replay};

const REDACT: RecordingOptions = RecordingOptions::new().redact(true);
const SKIP: RecordingOptions = RecordingOptions::new().skip_bulk(true);

fn encode(message: &Message, version: u32) -> Bytes {
    frame::encode(message, Network::SIMNET, ProtocolVersion::new(version)).unwrap().into()
}

fn header() -> Header {
    let config = Config::builder(Network::SIMNET).user_agent("secret", "1").build().unwrap();
    Header::new(config, Direction::Outbound).address("198.51.100.7:18555")
}

/// What a recording has of these pieces of the listener.
fn record<'a>(options: RecordingOptions, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Recording) {
    let mut buffer = Buffer::with_options(&header(), usize::MAX, options);
    for (piece, second) in pieces.into_iter().zip(1..) {
        buffer.piece(Time::from_elapsed(Duration::from_secs(second)), Side::Listener, [piece]);
    }
    let text = buffer.take();
    let recording = Recording::read(&text).unwrap();
    (text, recording)
}

/// The recording again, with these options.
fn again(recording: &Recording, options: RecordingOptions) -> (String, Recording) {
    let mut buffer = Buffer::with_options(recording.header.as_ref().unwrap(), usize::MAX, options);
    for entry in &recording.entries {
        match &entry.kind {
            EntryKind::Bytes { from, bytes } => buffer.piece(entry.at, *from, [&**bytes]),
            EntryKind::Eof(from) => buffer.piece(entry.at, *from, []),
            EntryKind::End { .. } => buffer.end(&Error::ClosedByOwner),
            _ => {}
        }
    }
    let text = buffer.take();
    let recording = Recording::read(&text).unwrap();
    (text, recording)
}

#[test]
fn a_redacted_recording_goes_again_as_both_sides() {
    let (text, recording) = again(&Recording::read(&hello()).unwrap(), REDACT);
    assert!(!text.contains("hello") && !text.contains("127.0.0.1"), "{text}");
    for side in [Side::Dialer, Side::Listener] {
        assert!(replay(&recording, side).frames >= 5);
        let version = recording.version_of(side).unwrap();
        assert!(version.user_agent.as_str().bytes().all(|byte| byte == b'x'));
    }
}

#[test]
fn addresses_are_replaced_in_the_same_length_however_the_bytes_are_cut() {
    let (v4, v6) = ([198, 51, 100, 7].into(), Ipv6Addr::LOCALHOST);
    let old = |ip: Ipv6Addr| {
        let address = NetAddress { services: Services::NODE_NETWORK, ip, port: 7777 };
        TimedNetAddress { timestamp: 0, address }
    };
    let new = |address| NetAddressV2 {
        timestamp: Timestamp::default(),
        services: Services::NODE_NETWORK,
        address,
        port: 7777,
    };
    let v4_in_6 = Ipv4Addr::to_ipv6_mapped(&v4);
    let addr = Message::Addr(Addr { addresses: vec![old(v4_in_6), old(v6)].try_into().unwrap() });
    let addresses = vec![new(Address::Ipv4(v4)), new(Address::Ipv6(v6)), new(Address::TorV3([7; 32]))];
    let ping = Message::Ping(Ping { nonce: 7 });
    let frames = [encode(&addr, 11), encode(&AddrV2::new(addresses).unwrap().into(), 12), encode(&ping, 12)];
    let stream = frames.concat();
    for len in [1, 7, 24, 100, stream.len()] {
        let (_, recording) = record(REDACT, stream.chunks(len));
        let pieces = recording.entries.iter().map(|entry| match &entry.kind {
            EntryKind::Bytes { bytes, .. } => bytes.to_vec(),
            other => panic!("{other:?}"),
        });
        let redacted = pieces.collect::<Vec<_>>().concat();
        assert_eq!(redacted.len(), stream.len());
        assert!(redacted.ends_with(&frames[2]));
        for secret in [[198, 51, 100, 7], [7; 4]] {
            assert!(redacted.windows(4).all(|window| window != secret));
        }
        // The frames are whole, with their checksums.
        let commands: Vec<_> =
            recording.messages(Side::Listener).into_iter().map(|message| message.unwrap().frame).collect();
        assert_eq!(commands.len(), 3);
    }
}

#[test]
fn a_large_payload_is_left_out_with_its_length_and_hash() {
    let (small, large) = (vec![1; 64 * 1024], vec![2; 64 * 1024 + 1]);
    let raw = |payload: &Vec<u8>| {
        let raw = Raw { command: "custom".parse().unwrap(), payload: payload.clone().into() };
        encode(&Message::Raw(raw), 12)
    };
    let ping = encode(&Message::Ping(Ping { nonce: 7 }), 12);
    let stream = [raw(&small), raw(&large), ping.clone()].concat();
    for len in [1000, 65_000, stream.len()] {
        let (text, recording) = record(SKIP, stream.chunks(len));
        let skipped: Vec<_> = recording
            .entries
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Skipped { from: Side::Listener, bytes, hash } => Some((*bytes, *hash)),
                _ => None,
            })
            .collect();
        assert_eq!(skipped, [(64 * 1024 + 1, Hash::digest(&large))]);
        assert!(text.len() < 200_000, "{} bytes", text.len());
        let frames: Vec<_> =
            recording.messages(Side::Listener).into_iter().map(|message| message.unwrap().frame).collect();
        assert_eq!(frames, [raw(&small), ping.clone()]);
    }
}

/// A stream may end, and a buffer be full, in the middle of a payload.
#[test]
fn a_payload_that_ends_early_is_told_with_what_came_of_it() {
    let mut buffer = Buffer::with_options(&header(), usize::MAX, SKIP);
    let mut start = encode(&Message::Ping(Ping { nonce: 7 }), 12).to_vec();
    start[16..20].copy_from_slice(&1_000_000_u32.to_le_bytes());
    buffer.piece(Time::ZERO, Side::Listener, [&start[..]]);
    buffer.piece(Time::ZERO, Side::Listener, []);
    let recording = Recording::read(&buffer.take()).unwrap();
    let kinds: Vec<_> = recording.entries.into_iter().map(|entry| entry.kind).collect();
    assert!(matches!(kinds[1], EntryKind::Skipped { bytes: 8, .. }), "{kinds:?}");
    assert_eq!(kinds[2], EntryKind::Eof(Side::Listener));

    // An address message that was cut off is left out, for any of its bytes may be of an address.
    let version = &Recording::read(&hello()).unwrap().messages(Side::Dialer)[0].clone().unwrap().frame;
    let mut buffer = Buffer::with_options(&header(), usize::MAX, REDACT);
    buffer.piece(Time::ZERO, Side::Listener, [&version[..100]]);
    buffer.end(&Error::ClosedByRemote);
    let recording = Recording::read(&buffer.take()).unwrap();
    assert!(matches!(recording.entries[1].kind, EntryKind::Skipped { bytes: 76, .. }), "{recording:?}");
}

#[test]
fn bytes_that_are_no_frames_are_kept() {
    let stream = [7; 1000];
    let (_, recording) = record(SKIP.redact(true), stream.chunks(10));
    let bytes: usize = recording
        .entries
        .iter()
        .map(|entry| if let EntryKind::Bytes { bytes, .. } = &entry.kind { bytes.len() } else { 0 })
        .sum();
    assert_eq!(bytes, 1000);
}
