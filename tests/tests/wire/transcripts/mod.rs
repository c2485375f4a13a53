//! Recorded conversations with a real node, replayed through the machine.
//!
//! The machine takes the place of one side and hears the recorded bytes of the other. What its side said on
//! its own account is sent at its place; version, verack, pongs and an empty `initstate` are the machine's own business.
//! All that it says must then be what was recorded, but for the nonce of its version.
//!
//! `PEER_VECTORS=DIR` replays the transcripts of another folder; what is asserted of one named file applies
//! where that file is present.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod facts;
mod recording;
mod replay;

use bytes::BytesMut;
use peer_core::frame::{self, FrameReader};
use peer_core::{Error, Expected, FrameError, Message, ProtocolVersion};
use peer_tests::recordings;
use peer_tests::vectors::{Folder, Line, Tally};

use crate::transcripts::recording::{NETWORK, Recording, Side, rules};
use crate::transcripts::replay::{Feeding, Outcome, Replay};

#[test]
fn each_conversation_goes_the_same_however_its_bytes_are_cut() {
    let folder = Folder::open();
    let mut tally = Tally::new("transcripts");
    let lines = tally.all_lines(&folder);
    for lines in lines.chunk_by(|a, b| a.file() == b.file()) {
        let recording = Recording::new(lines);
        let ours = recording.node().other();
        assert_replays(&recording, ours);
        lines.iter().for_each(|line| tally.checked(line));
    }
    tally.finish(&folder);
}

#[test]
fn the_machine_can_take_the_place_of_the_node_too() {
    for recording in all() {
        assert_replays(&recording, recording.node());
    }
}

/// The machine plays `ours`; both what it says and what surfaces is what was recorded.
fn assert_replays(recording: &Recording, ours: Side) {
    let name = &recording.name;
    let as_recorded = Replay::of(recording, ours, Feeding::AsRecorded).finish();
    assert_eq!(as_recorded.heard, recording.heard_by(ours), "{name}: what surfaced");
    let said = by_cause(recording.said_by(ours));
    assert!(by_cause(as_recorded.said.clone()) == said, "{name}: what the machine said");
    assert_eq!(as_recorded.end, end_of(recording, ours), "{name}: the end");
    for feeding in [Feeding::ByteByByte, Feeding::AtOnce] {
        let Outcome { heard, said, round_trips, end } = Replay::of(recording, ours, feeding).finish();
        assert!(heard == as_recorded.heard, "{name}, {feeding:?}: other events");
        let said = by_cause(said);
        assert!(said == by_cause(as_recorded.said.clone()), "{name}, {feeding:?}: said something else");
        // What comes together comes late, and then a round trip is longer, or another ping was the last one.
        let of_recording = match feeding {
            Feeding::AtOnce => round_trips.len() == as_recorded.round_trips.len(),
            Feeding::AsRecorded | Feeding::ByteByByte => round_trips == as_recorded.round_trips,
        };
        assert!(of_recording, "{name}, {feeding:?}: round trips {round_trips:?}");
        assert_eq!(end, as_recorded.end, "{name}, {feeding:?}: the end");
    }
}

/// What the machine answers by itself, and the rest. Its answers leave at once, so that they stand before what an owner
/// answers to the same bytes.
fn by_cause(said: Vec<Message>) -> (Vec<Message>, Vec<Message>) {
    said.into_iter().partition(|message| matches!(message, Message::Pong(_) | Message::InitState(_)))
}

/// How the conversation must end for the side that the machine plays.
fn end_of(recording: &Recording, ours: Side) -> Error {
    let unknown = recording.said_by(ours.other()).into_iter().find_map(|message| match message {
        Message::Raw(raw) => Some(raw.command),
        _ => None,
    });
    let (asked, told) = (recording.said_by(ours), recording.said_by(ours.other()));
    let is_ignored = asked.iter().any(|message| matches!(message, Message::GetInitState(_)))
        && !told.iter().any(|message| matches!(message, Message::InitState(_)));
    match unknown {
        // The node closes for it, and so does the machine in its place.
        None if is_ignored => Error::Stalled(Expected::Message("initstate")),
        Some(command) => FrameError::UnknownCmd(command).into(),
        None if recording.closed_by() == ours => Error::ClosedByOwner,
        None => Error::ClosedByRemote,
    }
}

#[test]
fn our_machine_says_byte_for_byte_what_either_side_said() {
    for recording in all() {
        for side in [Side::Dialer, Side::Listener] {
            let outcome = recordings::replay(&recording.published(), side.published());
            assert_eq!(outcome.frames, recording.said_by(side).len(), "{}: {side:?}", recording.name);
        }
    }
}

#[test]
fn every_recorded_frame_is_written_as_it_was_read() {
    for recording in all() {
        for side in [Side::Dialer, Side::Listener] {
            let (mut reader, mut input) = (FrameReader::new(), BytesMut::new());
            let (mut recorded, mut written) = (Vec::new(), Vec::new());
            let mut version = ProtocolVersion::LATEST;
            for chunk in recording.chunks.iter().filter(|chunk| chunk.from == side) {
                input.extend_from_slice(&chunk.bytes);
                recorded.extend_from_slice(&chunk.bytes);
                while let Some(frame) = reader.read(&mut input, &rules(version)).unwrap() {
                    let message = frame.decode(version).unwrap();
                    written.extend(frame::encode(&message, NETWORK, version).unwrap());
                    version = recording.negotiated();
                }
            }
            assert_eq!(reader.missing(&input), None, "{}: {side:?} ends inside a frame", recording.name);
            assert!(written == recorded, "{}: {side:?} would have written something else", recording.name);
        }
    }
}

/// All recordings of the folder.
fn all() -> Vec<Recording> {
    let folder = Folder::open();
    let names = folder.files().into_iter().filter(|name| name.starts_with("transcripts/"));
    names.filter_map(|name| Some(Recording::new(&folder.lines(&name)?))).collect()
}

/// The recording with this name, where the folder has it.
fn named(name: &str) -> Option<Recording> {
    let lines: Vec<Line> = Folder::open().lines(&format!("transcripts/{name}.jsonl"))?;
    Some(Recording::new(&lines))
}
