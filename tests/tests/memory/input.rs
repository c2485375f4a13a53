//! What the remote says, before anybody is told of it.

use bytes::BytesMut;
use peer_core::{
    ConfigBuilder, Connection, Direction, Node, ProtocolVersion, Time, UnknownCommands, UnrequestedAnswers,
};
use peer_tests::remote::{Remote, frame, header, unguarded};
use peer_tests::stated::assert_states;

use crate::meter::Meter;

const KIB: usize = 1024;
const LIMITS: &str = "docs/limits.md";
const SETTERS: &str = "peer-core/src/config/builder.rs";

/// A configuration that admits everything.
fn open() -> ConfigBuilder {
    let builder = unguarded().min_protocol_version(ProtocolVersion::INITIAL);
    builder.unrequested_answers(UnrequestedAnswers::Deliver).unknown_commands(UnknownCommands::Deliver)
}

fn established() -> Connection {
    Remote::established(open().build().unwrap()).machine.fork()
}

/// The most that machine and input hold while a frame comes in pieces of this size, of which a byte is missing.
fn most_by(piece: usize, command: &str, len: usize) -> usize {
    let (mut peer, zeros) = (established(), vec![0; len - 1]);
    let (meter, mut input, mut most) = (Meter::start(), BytesMut::new(), 0);
    let header = header(command, len, [0; 4]);
    for piece in [&header[..]].into_iter().chain(zeros.chunks(piece)) {
        input.extend_from_slice(piece);
        assert_eq!(peer.receive(&mut input, Time::ZERO), Ok(None));
        most = most.max(meter.held());
    }
    most
}

/// In pieces of any size: an input doubles, so with some it ends just behind a doubling.
fn most_arriving(command: &str, len: usize) -> usize {
    [1000, 16 * KIB, 25_650].into_iter().map(|piece| most_by(piece, command, len)).max().unwrap()
}

pub(crate) fn unrequested() {
    let limit = 2048 * KIB;
    let places = [
        (LIMITS, "| sends `alert`, `reject` or an unknown command | 2 MiB | `max_unrequested` | "),
        (SETTERS, "latter in both directions. Default: 2 MiB. Worst case: twice that, "),
    ];
    assert_states("a payload without a limit of its own", most_arriving("unknown", limit), 1, &places);
}

pub(crate) fn largest() {
    let places = [
        (SETTERS, "the worst case is a payload of 26 MB, which takes "),
        (LIMITS, "The input buffer is the owner's. It takes at most "),
    ];
    assert_states("the largest answer", most_arriving("cfiltersv2", 26_321_001), 1, &places);
}

/// Sixteen frames that are hashed together: what is held beside the input when the first was told of.
pub(crate) fn burst() {
    let (mut peer, mut input) = (established(), BytesMut::new());
    input.extend_from_slice(&frame("unknown", &[0; 2 * KIB]).repeat(16));
    let before = input.len() - 2 * KIB - 24;
    let meter = Meter::start();
    let event = peer.receive(&mut input, Time::ZERO).unwrap();
    assert!(event.is_some());
    drop(event);
    assert_eq!(input.len(), before, "one of them was told of");
    assert_states("frames that wait", meter.held(), 1, &[(LIMITS, "| sends small frames in a burst | | | ")]);
}

/// Frames of up to 4 MiB that are hashed together: what is held beside the input when the first was told of.
pub(crate) fn long_burst() {
    let (mut peer, mut input) = (established(), BytesMut::new());
    input.extend_from_slice(&frame("unknown", &vec![0; 340_000]).repeat(40));
    let meter = Meter::start();
    drop(peer.receive(&mut input, Time::ZERO).unwrap());
    let place = "| sends large frames faster than they are read | 4 MiB | | ";
    assert_states("long frames that wait", meter.held(), 1, &[(LIMITS, place)]);
}

/// Frames of this payload until no more are kept, of which so many bytes are read together.
fn held_early(payload: usize, read: usize) -> usize {
    let config = open().protocol_version(8.into()).build().unwrap();
    let mut remote = Remote::new(&Node::new(config), Direction::Inbound);
    remote.introduce(8.into());
    let mut peer = remote.machine.fork();
    let frame = frame("unknown", &vec![0; payload]);
    let bytes = frame.repeat(64 * KIB / frame.len());
    let (meter, mut input) = (Meter::start(), BytesMut::new());
    for piece in bytes.chunks(read) {
        input.extend_from_slice(piece);
        while let Ok(Some(_)) = peer.receive(&mut input, Time::ZERO) {}
    }
    assert!(peer.wants_read() && input.is_empty(), "frames of {payload} were refused");
    drop(input);
    meter.held()
}

pub(crate) fn early() {
    let sizes = [0, 1, 8, 100, 1000, 2100, 4200, 10_000, 16_500, 20_000, 32_000, 60_000];
    let held =
        sizes.into_iter().flat_map(|size| [KIB, 16 * KIB, 64 * KIB].map(|read| held_early(size, read)));
    let places =
        [(LIMITS, "| talks between `version` and `verack` | | | "), (SETTERS, "and below version 12 also ")];
    assert_states("64 KiB of early messages", held.max().unwrap(), 1, &places);
}
