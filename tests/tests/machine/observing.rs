//! Frames seen in passing, without taking part.
#![expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use peer_core::frame::{Header, Tap};
use peer_core::message::{Ping, Pong};
use peer_core::{Command, Config, Direction, Message, Node};
use peer_tests::remote::{NETWORK, Remote, frame, header, introduction};
use peer_tests::samples::large_block;

/// What a tap saw of a frame: its command and its size with the header.
fn seen(tap: &mut Tap, bytes: &[u8]) -> Vec<(String, usize)> {
    let mut frames = Vec::new();
    tap.feed(bytes, |header| frames.push((name(header), header.wire_len())));
    frames
}

fn name(header: &Header) -> String {
    Command::from_wire(header.command).map(|command| command.to_string()).unwrap_or_default()
}

/// A stream of frames with and without payload.
fn stream() -> (Vec<u8>, Vec<(String, usize)>) {
    let frames = [
        ("verack", vec![]),
        ("ping", vec![1; 8]),
        ("getaddr", vec![]),
        ("custom", vec![2; 1000]),
        ("verack", vec![]),
    ];
    let bytes = frames.iter().flat_map(|(name, payload)| frame(name, payload)).collect();
    (bytes, frames.map(|(name, payload)| (name.to_owned(), payload.len() + 24)).to_vec())
}

#[test]
fn a_tap_tells_each_frame_when_its_last_byte_has_passed() {
    let (bytes, frames) = stream();
    let mut tap = Tap::new();
    let mut passed = 0;
    for (position, byte) in bytes.iter().enumerate() {
        for frame in seen(&mut tap, core::slice::from_ref(byte)) {
            passed += frame.1;
            assert_eq!(passed, position + 1, "{}", frame.0);
        }
    }
    assert_eq!(passed, frames.iter().map(|(_, len)| len).sum::<usize>());
}

#[test]
fn a_tap_sees_the_same_frames_however_the_stream_is_cut() {
    let (bytes, frames) = stream();
    for size in [1, 2, 7, 23, 24, 25, 31, 1000, bytes.len()] {
        let mut tap = Tap::new();
        let all: Vec<_> = bytes.chunks(size).flat_map(|piece| seen(&mut tap, piece)).collect();
        assert_eq!(all, frames, "pieces of {size} bytes");
    }
}

#[test]
fn nothing_passes_in_an_empty_piece() {
    let mut tap = Tap::default();
    assert_eq!(seen(&mut tap, &[]), []);
    assert_eq!(seen(&mut tap, &header("ping", 8, [0; 4])), []);
    assert_eq!(seen(&mut tap, &[]), []);
    assert_eq!(seen(&mut tap, &[1; 8]), [("ping".to_owned(), 32)]);
}

#[test]
fn a_tap_behind_a_peer_sees_what_is_really_sent() {
    let mut remote = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    let (mut tap, mut written) = (Tap::new(), Vec::new());
    remote.say(&introduction(12).into());
    remote.say(&Message::Verack);
    remote.events();
    let block = Message::Block(large_block(100_000));
    remote.machine.send(&block, remote.now).unwrap();
    remote.say(&Message::Ping(Ping { nonce: 1 }));
    remote.events();
    while remote.machine.wants_write() {
        let bytes = remote.machine.take(1000, remote.now);
        written.extend(seen(&mut tap, &bytes));
    }
    let names: Vec<_> = written.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["version", "verack", "pong", "block"]);
    let total: usize = written.iter().map(|(_, len)| len).sum();
    assert_eq!(total as u64, remote.machine.stats().bytes_sent);
}

#[test]
fn a_tap_before_a_peer_sees_what_it_reads_and_what_it_refuses() {
    let mut remote = Remote::established(Config::builder(NETWORK).build().unwrap());
    let mut tap = Tap::new();
    let bytes = [frame("pong", &[1; 8]), frame("ping", &[1; 7])].concat();
    let frames = seen(&mut tap, &bytes);
    assert_eq!(frames, [("pong".to_owned(), 32), ("ping".to_owned(), 31)]);
    remote.say_bytes(&bytes);
    let nonce = u64::from_le_bytes([1; 8]);
    assert_eq!(remote.pull().unwrap(), Some(peer_core::Event::Message(Message::Pong(Pong { nonce }))));
    let error = remote.pull().unwrap_err();
    let peer_core::Error::Frame(error) = error else { panic!("{error:?}") };
    assert_eq!(error.command(), Some(Command::new("ping").unwrap()));
}

#[test]
fn a_tap_is_small_whatever_passes() {
    assert!(size_of::<Tap>() <= 64);
}
