//! Accepted messages: decode, compare the fields, encode, compare the bytes.

use bytes::BytesMut;
use peer_core::{Message, frame};
use peer_tests::vectors::{Folder, Line, Tally};

use crate::vectors::common::{assert_fields, command, kind_name, network, read, version};

/// Old versions of the reference ignored bytes after the last field; we refuse them at every version.
const TRAILING: &str = "trailing bytes, which only the old era ignored, are refused";

#[test]
fn accepted_messages_decode_to_their_fields_and_encode_to_their_bytes() {
    let folder = Folder::open();
    let mut tally = Tally::new("messages");
    for line in tally.all_lines(&folder) {
        assert_eq!(line.payload().len() as u64, line.u64("payload_len"), "{}", line.place());
        if line.get("note").is_some_and(|note| note.as_str().contains("trailing byte")) {
            assert_trailing_bytes_are_refused(&line);
            tally.skipped(&line, TRAILING);
            continue;
        }
        let message = assert_decodes(&line);
        let actual = serde_json::to_value(&message).expect("messages serialize");
        assert_fields(&line.place(), line.fields().value(), &actual);
        assert_encodes(&line, &message);
        tally.checked(&line);
    }
    tally.finish(&folder);
}

fn assert_trailing_bytes_are_refused(line: &Line) {
    let read = read(&mut BytesMut::from(&line.frame()[..]), network(line), version(line));
    assert!(["TrailingBytes", "PayloadTooLarge"].contains(&read.error().as_str()), "{}", line.place());
}

/// As a frame where frames with this command are read, else as a payload.
fn assert_decodes(line: &Line) -> Message {
    let (place, version) = (line.place(), version(line));
    if !command(line).is_known_at(version) {
        let decoded = Message::decode(command(line), line.payload().into(), version);
        return decoded.unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    let frame = line.frame();
    let read = read(&mut BytesMut::from(&frame[..]), network(line), version);
    let (message, payload) = read.result.unwrap_or_else(|error| panic!("{place}: {error:?}"));
    assert_eq!(read.taken, frame.len(), "{place}: bytes taken");
    assert_eq!(payload, line.payload(), "{place}: the raw payload");
    message
}

fn assert_encodes(line: &Line, message: &Message) {
    let (place, version) = (line.place(), version(line));
    assert_eq!(message.command(), command(line), "{place}");
    let encoded = frame::encode(message, network(line), version);
    if line.has("reencode_error") {
        assert!(encoded.is_err(), "{place}: encoded although the reference cannot");
        let expected = kind_name(line.str("reencode_error"));
        let named = expected.split(':').next().unwrap_or_default();
        if named != "MessageError" {
            assert_eq!(encoded.map_err(|error| error.kind().to_string()), Err(named.to_owned()), "{place}");
        }
        return;
    }
    let expected = if line.has("reencoded_hex") { line.bytes("reencoded_hex") } else { line.payload() };
    let encoded = encoded.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(encoded[24..], expected, "{place}: encoded payload");
    assert_eq!(message.encoded_len(), expected.len(), "{place}: size told in advance");
    if line.bool("roundtrip") {
        assert_eq!(encoded, line.frame(), "{place}: encoded frame");
    }
}
