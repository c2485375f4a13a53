//! Targets `frame` and `frame_assisted`: a stream of bytes means the same however it is cut.
//!
//! Input of `frame`: protocol version (1 byte), size of the cuts (1 byte), the stream.
//!
//! Input of `frame_assisted`: the same two bytes, then the frames of the stream: index of the command (1 byte; one
//! beyond the table is followed by 12 bytes of its own), flaws (1 byte), size of the payload (2 bytes), the
//! payload. Network, size and checksum of a frame are right, but for the flaws.

use bytes::BytesMut;
use peer_core::frame::{Frame, FrameReader, Header, Rules, Tap};
use peer_core::{Command, FrameError, Network, ProtocolVersion, blake256, frame as wire};

use super::script::Script;
use crate::bound::Turns;

const NETWORK: Network = Network::MAINNET;

/// Runs one input of `frame`. Panics if a promise is broken.
pub fn frame(data: &[u8]) {
    let mut script = Script::new(data);
    let [version, cut] = script.array();
    check(script.rest(), usize::from(cut) + 1, version);
}

/// Runs one input of `frame_assisted`. Panics if a promise is broken.
pub fn frame_assisted(data: &[u8]) {
    let mut script = Script::new(data);
    let [version, cut] = script.array();
    let mut stream = Vec::with_capacity(2 * data.len());
    while !script.is_over() {
        write_frame(&mut script, &mut stream);
    }
    check(&stream, usize::from(cut) + 1, version);
}

/// Appends the next frame of the script.
fn write_frame(script: &mut Script<'_>, stream: &mut Vec<u8>) {
    let [command, flaws] = script.array();
    let command = match Command::all().nth(usize::from(command)) {
        Some(command) => command.to_wire(),
        None => script.array(),
    };
    let len = u16::from_le_bytes(script.array());
    let payload = script.bytes(usize::from(len));
    let mut header = Header {
        network: NETWORK,
        command,
        len: payload.len().try_into().unwrap(),
        checksum: blake256::checksum(payload),
    };
    match flaws {
        0xff => header.checksum[0] ^= 1,
        0xfe => header.network = Network::SIMNET,
        0xfd => header.len += 1,
        0xfc => header.len = u32::MAX,
        _ => {}
    }
    stream.extend_from_slice(&header.to_bytes());
    stream.extend_from_slice(payload);
}

fn check(stream: &[u8], piece: usize, version: u8) {
    let rules = Rules::new(NETWORK, ProtocolVersion::new(u32::from(version % 16)));
    let (frames, refusal) = read_all(stream, usize::MAX, &rules);
    let cut = read_all(stream, piece, &rules);
    assert!(frames == cut.0 && refusal == cut.1, "frames differ when the stream is cut into {piece} bytes");
    check_tap(stream, &frames, piece);
    for frame in frames {
        check_frame(&frame, &rules);
    }
}

/// All frames up to the first refusal, if there is one.
fn read_all(stream: &[u8], piece: usize, rules: &Rules) -> (Vec<Frame>, Option<FrameError>) {
    let mut reader = FrameReader::new();
    let (mut input, mut frames, mut turns) = (BytesMut::new(), Vec::new(), Turns::default());
    for chunk in stream.chunks(piece) {
        input.extend_from_slice(chunk);
        loop {
            turns.next();
            match reader.read(&mut input, rules) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.capacity() <= 2 * stream.len() + 64, "the buffer grew by a claim");
    }
    (frames, None)
}

/// A passive walker sees the same frames.
fn check_tap(stream: &[u8], frames: &[Frame], piece: usize) {
    let read: usize = frames.iter().map(Frame::wire_len).sum();
    let mut expected = frames.iter();
    let mut tap = Tap::new();
    for chunk in stream[..read].chunks(piece) {
        tap.feed(chunk, |header| {
            let frame = expected.next().expect("the tap sees no more frames than there are");
            assert_eq!((header.command, header.wire_len()), (frame.command.to_wire(), frame.wire_len()));
        });
    }
    assert_eq!(expected.next(), None, "the tap missed a frame");
}

/// What was read can be written, and is then read and written as the same.
fn check_frame(frame: &Frame, rules: &Rules) {
    let Ok(message) = frame.decode(rules.version) else { return };
    let Ok(encoded) = wire::encode(&message, rules.network, rules.version) else { return };
    let again = FrameReader::new().read(&mut encoded[..].into(), rules);
    let again = again.expect("what was encoded is read").expect("it is whole");
    let again = again.decode(rules.version).expect("what was encoded decodes");
    assert_eq!(wire::encode(&again, rules.network, rules.version), Ok(encoded), "encoding is not stable");
}
