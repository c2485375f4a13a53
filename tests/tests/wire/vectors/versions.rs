//! The same payload at many protocol versions, and the limits at each.

use std::collections::BTreeMap;

use bytes::BytesMut;
use peer_core::frame::{Header, Rules};
use peer_core::message::Block;
use peer_core::{CodecError, Command, ErrorKind, Message, Network, ProtocolVersion, blake256};
use peer_tests::vectors::{Folder, Tally};

use crate::vectors::common::{
    REJECT_IS_READ, command, decode, is_reject_of_old_era, kind_name, read, version,
};

#[test]
fn each_version_reads_decodes_and_encodes_what_it_knows() {
    let folder = Folder::open();
    let mut tally = Tally::new("pver_matrix");
    let lines = tally.all_lines(&folder);
    // A message of each command, from any version that decodes it.
    let messages: BTreeMap<Command, Message> = lines
        .iter()
        .filter_map(|line| {
            Some((command(line), decode(command(line), line.bytes("payload_hex"), version(line)).ok()?.0?))
        })
        .collect();
    for line in lines {
        let (place, command, version) = (line.place(), command(&line), version(&line));
        let payload = line.bytes("payload_hex");
        assert_limit(&place, command, version, line.u64("max_payload"));

        let encoded = messages[&command].check(version).err().map(|error| error.kind().to_string());
        assert_eq!(encoded.unwrap_or_default(), kind_name(line.str("encode_error")), "{place}: encoding");

        match decode(command, payload.clone(), version) {
            Ok((_, left)) => {
                assert_eq!("", kind_name(line.str("decode_error")), "{place}: decoding");
                assert_eq!(left as u64, line.u64("decode_remaining"), "{place}: bytes left");
            }
            Err(error) => {
                assert_eq!(error.kind().to_string(), kind_name(line.str("decode_error")), "{place}: decoding")
            }
        }

        let read = read(&mut frame(command, &payload), Network::MAINNET, version);
        if is_reject_of_old_era(&line) {
            assert_eq!(read.error(), "", "{place}: reading");
            tally.skipped(&line, REJECT_IS_READ);
            continue;
        }
        assert_eq!(read.error(), kind_name(line.str("read_error")), "{place}: reading");
        assert_eq!(read.taken as u64, line.u64("bytes_read"), "{place}: bytes taken");
        tally.checked(&line);
    }
    tally.finish(&folder);
}

/// A mainnet frame with any payload, whatever the command's rules.
fn frame(command: Command, payload: &[u8]) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&Network::MAINNET.magic().to_le_bytes());
    frame.extend_from_slice(&command.to_wire());
    frame.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_le_bytes());
    frame.extend_from_slice(&blake256::checksum(payload));
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn limits_are_the_references_at_every_version() {
    let folder = Folder::open();
    let mut tally = Tally::new("max_payload");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        if line.has("constant") {
            assert_eq!(line.str("constant"), "MaxTxPerTxTree", "{place}");
            for (version, max) in (0..).zip(line.list("value_by_pver_0_to_13")) {
                let ours = Block::max_transactions(ProtocolVersion::new(version));
                assert_eq!(ours as u64, max.as_int::<u64>(), "{place}: version {version}");
            }
        } else {
            for (version, max) in (0..).zip(line.list("max_payload_by_pver_0_to_13")) {
                assert_limit(&place, command(&line), ProtocolVersion::new(version), max.as_int());
            }
        }
        tally.checked(&line);
    }
    tally.finish(&folder);
}

/// The reference has a limit for most messages where they do not exist, too. Ours is 0 there, but a header may declare
/// what the reference lets it declare.
fn assert_limit(place: &str, command: Command, version: ProtocolVersion, max: u64) {
    let exists = decode(command, Vec::new(), version) != Err(CodecError::MsgInvalidForPVer { version });
    let ours = command.max_payload(version).map(|max| max as u64);
    assert_eq!(ours, Some(if exists { max } else { 0 }), "{place}: at version {version}");

    let check = |len| {
        let (network, command) = (Network::MAINNET, command.to_wire());
        let len = u32::try_from(len).expect("no limit is above 32 MiB");
        let header = Header { network, command, len, checksum: [0; 4] };
        header.check(&Rules::new(network, version)).map_err(|error| error.kind())
    };
    if check(0) != Err(ErrorKind::UnknownCmd) {
        assert_eq!(check(max), Ok(command), "{place}: {max} bytes at version {version}");
        assert_eq!(check(max + 1), Err(ErrorKind::PayloadTooLarge), "{place}: at version {version}");
    }
}

#[test]
fn every_error_kind_of_the_vectors_is_one_of_ours() {
    let ours: Vec<String> = ErrorKind::NUMBERED.iter().map(ToString::to_string).collect();
    let folder = Folder::open();
    for name in ["invalid.jsonl", "mutated.jsonl"] {
        for line in folder.lines(name).unwrap_or_default() {
            let kind = line.get("error").map(|error| kind_name(error.as_str())).unwrap_or_default();
            let known = kind.is_empty() || kind == "Truncated" || ours.contains(&kind);
            assert!(known, "{}: {kind}", line.place());
        }
    }
}
