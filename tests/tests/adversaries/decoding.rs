//! What a decoded message holds, against its payload.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use peer_core::{Command, Message, ProtocolVersion};
use peer_tests::stated::assert_states;
use peer_tests::vectors::{Folder, reader_of};

use crate::Attack;
use crate::heap::{KIB, Meter, at_most};

pub(crate) const ATTACKS: &[Attack] =
    &[("decoded_messages_hold_at_most_eight_times_their_payload", decoded_messages)];

/// A payload, and how it is to be read.
struct Case {
    command: Command,
    version: ProtocolVersion,
    payload: Vec<u8>,
}

fn decoded_messages() {
    let (mut worst, mut beyond, mut percent, mut decoded) = (0, 0, 0, 0);
    for Case { command, version, payload } in golden().into_iter().chain(found_by_fuzzing()) {
        let meter = Meter::start();
        let Ok(message) = Message::decode(command, Bytes::copy_from_slice(&payload), version) else {
            continue;
        };
        let (held, allowed) = (meter.held(), 8 * payload.len() + 4 * KIB);
        assert!(held <= allowed, "{command}: {held} bytes held of a payload of {}", payload.len());
        worst = worst.max(held.saturating_sub(8 * payload.len()));
        beyond = beyond.max(held.saturating_sub(payload.len() * 5 / 2));
        if payload.len() >= KIB {
            percent = percent.max(held * 100 / payload.len());
        }
        decoded += 1;
        drop(message);
    }
    assert!(decoded > 500, "only {decoded} payloads decoded");
    at_most("decoded message, payload included", "bytes held beyond 8 times the payload", 4 * KIB, worst);
    let places =
        [("docs/limits.md", "| sends a message of many tiny parts | | | 2.5 times its payload, and ")];
    assert_states("a decoded message beyond 2.5 times its payload", beyond, 1, &places);
    at_most("the same, payloads from 1 KiB on", "percent of the payload", 800, percent);
}

/// The payloads of the golden vectors.
fn golden() -> Vec<Case> {
    let folder = Folder::packaged();
    let files = folder.files().into_iter().filter(|file| reader_of(file) == Some("messages"));
    let lines = files.flat_map(|file| folder.lines(&file).unwrap_or_default());
    let case = |line: peer_tests::vectors::Line| Case {
        command: Command::new(line.str("command")).unwrap(),
        version: ProtocolVersion::new(line.int("pver")),
        payload: line.payload(),
    };
    lines.map(case).collect()
}

/// The inputs of the fuzz target `message`, as that target reads them.
fn found_by_fuzzing() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/message");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let case = |input: Vec<u8>| {
        let (&[command, version], payload) = input.split_first_chunk()?;
        let command = Command::all().nth(usize::from(command) % Command::all().len())?;
        let version = ProtocolVersion::new(u32::from(version % 16));
        Some(Case { command, version, payload: payload.to_vec() })
    };
    files.filter_map(case).collect()
}
