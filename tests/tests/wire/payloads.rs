//! The payload of a frame, which is kept in one of two ways by its size.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use peer_core::frame::{Frame, FrameReader, Rules};
use peer_core::{Command, Message, ProtocolVersion};
use peer_tests::remote::{NETWORK, bytes_of, frame};
use peer_tests::samples::usual_block;

/// Sizes around those at which it is kept otherwise.
const SIZES: [usize; 8] = [0, 1, 8, 37, 38, 39, 1000, 40_000];

fn read(payload: &[u8]) -> Frame {
    let mut input = BytesMut::from(&frame("custom", payload)[..]);
    let rules = Rules { max_unknown: Some(50_000), ..Rules::new(NETWORK, ProtocolVersion::LATEST) };
    let read = FrameReader::new().read(&mut input, &rules).unwrap().unwrap();
    assert_eq!((read.command, input.len()), (Command::new("custom").unwrap(), 0));
    read
}

fn bytes_of_size(size: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(size).collect()
}

#[test]
fn a_payload_is_the_bytes_that_came_whatever_its_size() {
    for size in SIZES {
        let bytes = bytes_of_size(size);
        let payload = read(&bytes).payload;
        assert_eq!(payload[..], bytes, "{size} bytes");
        assert_eq!(payload.to_bytes(), bytes, "{size} bytes");
        assert_eq!(format!("{payload:?}"), format!("{bytes:?}"), "{size} bytes");
        assert_eq!(Bytes::from(payload), bytes, "{size} bytes");
    }
}

#[test]
fn frames_are_equal_if_their_payloads_are() {
    for size in SIZES {
        let bytes = bytes_of_size(size);
        let payload = read(&bytes).payload;
        assert_eq!(payload, Bytes::from(bytes.clone()).into(), "{size} bytes, kept in two ways");
        if let Some((_, fewer)) = bytes.split_first() {
            assert_ne!(payload, read(fewer).payload, "{size} bytes");
        }
    }
}

#[test]
fn a_message_shares_the_memory_of_the_payload_that_it_is_decoded_from() {
    let mut input = BytesMut::from(&bytes_of(&usual_block(100).into())[..]);
    let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
    let frame = FrameReader::new().read(&mut input, &rules).unwrap().unwrap();
    let Message::Block(block) = frame.decode(rules.version).unwrap() else { panic!("a block is one") };
    let (raw, payload) = (block.as_bytes(), frame.payload.to_bytes());
    assert_eq!((raw.as_ptr(), raw.len()), (payload.as_ptr(), payload.len()));
}
