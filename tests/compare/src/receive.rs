//! The whole way in: frames off a buffer, hashed and decoded; and through a machine.

use std::hint::black_box;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Header, Rules, encode};
use peer_core::{Connection, Message, Network, ProtocolVersion, Time, blake256};

use crate::machine;
use crate::measure::Work;
use crate::report::{Report, Target};
use crate::samples;

const VERSION: ProtocolVersion = ProtocolVersion::LATEST;

/// Several blocks are hashed together where there are vectors.
const TOGETHER: Target =
    if cfg!(feature = "vectors") { Target::AtMost(0.67, 0.35) } else { Target::AtMost(1.15, 1.01) };

pub fn measure(report: &mut Report) {
    let cases = [
        ("ping", samples::ping(), 1000, Target::AtMost(1.15, 1.05)),
        ("inv of 1", Message::Inv(samples::inv(1)), 1000, Target::Slower),
        ("tx of 2 inputs", Message::Tx(samples::transaction(2, 2)), 200, Target::AtMost(1.05, 1.01)),
        ("tx of 200 inputs", Message::Tx(samples::transaction(200, 10)), 4, Target::AtMost(1.05, 1.01)),
        ("2,000 headers", Message::Headers(samples::headers(2000)), 1, Target::AtMost(1.05, 1.01)),
        ("block of 708 transactions", Message::Block(samples::block()), 1, Target::AtMost(1.15, 1.01)),
        ("8 blocks that wait", Message::Block(samples::block()), 8, TOGETHER),
        ("inv of 50,000", Message::Inv(samples::inv(50_000)), 1, Target::AtMost(1.05, 1.01)),
    ];
    report.group("receive: frame, hash and decode, against the hash alone");
    for (name, message, count, target) in &cases {
        report.line(*target, frames(name, message, *count), hashing(message, *count));
    }
    report.group("receive through a machine, against the hash alone");
    for (name, message, count, _) in &cases {
        report.line(Target::Slower, through_a_machine(name, message, *count), hashing(message, *count));
    }
    report.group("a ping alone through a machine, pong included, against two hashes");
    report.line(Target::Slower, alone_through_a_machine("ping alone", &samples::ping()), hashing_twice());
}

fn frame(message: &Message) -> Vec<u8> {
    encode(message, Network::MAINNET, VERSION).expect("it is valid")
}

/// `count` times the payload's hash.
fn hashing(message: &Message, count: usize) -> Work<'static> {
    let payload = frame(message).split_off(Header::LEN);
    Work::batch("its hash", count, move || {
        for _ in 0..count {
            black_box(blake256::checksum(black_box(&payload)));
        }
    })
}

/// `count` frames, one behind the other in one buffer that the owner has filled.
fn frames(name: &'static str, message: &Message, count: usize) -> Work<'static> {
    let bytes = frame(message).repeat(count);
    let rules = Rules::new(Network::MAINNET, VERSION);
    let state = (BytesMut::new(), FrameReader::new());
    Work::prepared(
        name,
        count,
        state,
        move |(input, _)| input.extend_from_slice(&bytes),
        move |(input, reader)| {
            while let Some(frame) = reader.read(input, &rules).expect("it is valid") {
                black_box(frame.decode(VERSION).expect("it is valid"));
            }
        },
    )
}

/// The same through an established peer. Pongs are taken as a transport would.
fn through_a_machine(name: &'static str, message: &Message, count: usize) -> Work<'static> {
    let bytes = frame(message).repeat(count);
    let state = (BytesMut::new(), machine::established());
    Work::prepared(
        name,
        count,
        state,
        move |(input, _)| input.extend_from_slice(&bytes),
        move |(input, peer)| {
            while let Some(event) = peer.receive(input, Time::ZERO).expect("it is valid") {
                black_box(event);
                write_all(peer);
            }
        },
    )
}

/// A frame that comes alone, with whatever it is answered. The copy into the buffer counts, as it does for a driver.
fn alone_through_a_machine(name: &'static str, message: &Message) -> Work<'static> {
    let bytes = frame(message);
    let (mut input, mut peer) = (BytesMut::new(), machine::established());
    Work::new(name, move || {
        input.extend_from_slice(black_box(&bytes));
        black_box(peer.receive(&mut input, Time::ZERO).expect("it is valid"));
        write_all(&mut peer);
    })
}

/// What hashing a ping and its pong takes.
fn hashing_twice() -> Work<'static> {
    let payload = frame(&samples::ping()).split_off(Header::LEN);
    Work::new("two hashes", move || {
        [blake256::checksum(black_box(&payload)), blake256::checksum(black_box(&payload))]
    })
}

fn write_all(peer: &mut Connection) {
    while peer.wants_write() {
        let count = black_box(peer.poll_transmit(Time::ZERO)).len();
        peer.handle_transmitted(count, Time::ZERO);
    }
}
