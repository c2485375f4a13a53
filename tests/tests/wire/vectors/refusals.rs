//! Frames that are refused, changed at random, or follow each other in one stream.

use bytes::BytesMut;
use peer_core::{ErrorKind, Message, frame};
use peer_tests::vectors::{Folder, Line, Tally};

use crate::vectors::common::{
    REJECT_IS_READ, command, decode, is_reject_of_old_era, kind_name, network, read, version,
};

#[test]
fn refused_frames_are_refused_for_the_same_reason_after_the_same_bytes() {
    let folder = Folder::open();
    let mut tally = Tally::new("invalid");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        let frame = line.bytes("frame_hex");
        if line.has("decode") {
            assert_decodes_as_told(&line, frame[24..].to_vec());
        }
        let read = read(&mut BytesMut::from(&frame[..]), network(&line), version(&line));
        if is_reject_of_old_era(&line) && line.str("error") == "ErrUnknownCmd" {
            assert_ne!(read.error(), ErrorKind::UnknownCmd.to_string(), "{place}");
            tally.skipped(&line, REJECT_IS_READ);
            continue;
        }
        assert_eq!(read.error(), kind_name(line.str("error")), "{place}");
        assert_eq!(read.taken as u64, line.u64("bytes_read"), "{place}: bytes taken");
        tally.checked(&line);
    }
    tally.finish(&folder);
}

/// The payload by itself, without looking at the header.
fn assert_decodes_as_told(line: &Line, payload: Vec<u8>) {
    let (place, verdict) = (line.place(), line.at("decode"));
    let expected = kind_name(verdict.at("error").as_str());
    if is_reject_of_old_era(line) && expected == ErrorKind::MalformedStrictString.to_string() {
        return;
    }
    match decode(command(line), payload, version(line)) {
        Ok((_, left)) => {
            assert_eq!("", expected, "{place}: decoded by itself");
            assert_eq!(left as u64, verdict.int::<u64>("remaining"), "{place}: bytes left");
        }
        Err(error) => assert_eq!(error.kind().to_string(), expected, "{place}: decoded by itself"),
    }
}

#[test]
fn frames_that_the_old_era_refused_are_refused_except_where_it_crashed() {
    let folder = Folder::open();
    let mut tally = Tally::new("invalid_legacy");
    for line in tally.all_lines(&folder) {
        let (place, frame) = (line.place(), line.bytes("frame_hex"));
        let read = read(&mut BytesMut::from(&frame[..]), network(&line), version(&line));
        match line.str("error") {
            // The crash of its merkleblock is not reproduced.
            "panic" => assert_eq!(read.error(), "", "{place}"),
            // It had no names for its own refusals.
            "MessageError" => assert_ne!(read.error(), "", "{place}"),
            error => assert_eq!(read.error(), kind_name(error), "{place}"),
        }
        assert_eq!(read.taken as u64, line.u64("bytes_read"), "{place}: bytes taken");
        tally.checked(&line);
    }
    tally.finish(&folder);
}

#[test]
fn payloads_changed_at_random_are_accepted_and_refused_alike() {
    let folder = Folder::open();
    let mut tally = Tally::new("mutated");
    for line in tally.all_lines(&folder) {
        let (place, frame) = (line.place(), line.bytes("frame_hex"));
        let read = read(&mut BytesMut::from(&frame[..]), network(&line), version(&line));
        if is_reject_of_old_era(&line)
            && line.get("error").is_some_and(|error| error.as_str() == "ErrUnknownCmd")
        {
            assert_ne!(read.error(), ErrorKind::UnknownCmd.to_string(), "{place}");
            tally.skipped(&line, REJECT_IS_READ);
            continue;
        }
        assert_eq!(read.taken as u64, line.u64("bytes_read"), "{place}: bytes taken");
        if line.bool("accept") {
            let (message, payload) = read.result.unwrap_or_else(|error| panic!("{place}: {error:?}"));
            assert_reencodes(&line, &message, &payload);
        } else {
            assert_eq!(read.error(), kind_name(line.str("error")), "{place}");
        }
        tally.checked(&line);
    }
    tally.finish(&folder);
}

fn assert_reencodes(line: &Line, message: &Message, payload: &[u8]) {
    let place = line.place();
    let encoded = frame::encode(message, network(line), version(line));
    if line.has("reencode_error") {
        let error = encoded.expect_err(&place).kind().to_string();
        assert_eq!(error, kind_name(line.str("reencode_error")), "{place}");
        return;
    }
    let expected = if line.has("reencoded_hex") { line.bytes("reencoded_hex") } else { payload.to_vec() };
    assert_eq!(encoded.expect(&place)[24..], expected, "{place}");
}

#[test]
fn each_read_of_a_stream_gives_what_the_reference_got() {
    let folder = Folder::open();
    let mut tally = Tally::new("stream");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        let mut stream = BytesMut::from(&line.bytes("stream_hex")[..]);
        for expected in line.list("reads") {
            let read = read(&mut stream, network(&line), version(&line));
            assert_eq!(read.error(), kind_name(expected.at("error").as_str()), "{place}");
            assert_eq!(read.taken as u64, expected.int::<u64>("bytes_read"), "{place}: bytes taken");
            if let Ok((message, payload)) = &read.result {
                assert_eq!(message.command().as_str(), expected.at("command").as_str(), "{place}");
                assert_eq!(payload, &expected.bytes("payload_hex"), "{place}");
            }
        }
        // The reference was asked to read 12 times at most.
        assert!(stream.is_empty() || line.list("reads").len() == 12, "{place}: bytes left");
        tally.checked(&line);
    }
    tally.finish(&folder);
}
