//! Numbers at the ends of their ranges, in every field of every message.

use bytes::Bytes;
use peer_core::message::{NetAddress, Timestamp, Version};
use peer_core::{Command, ConnectionInfo, Direction, Event, Message, Node, ProtocolVersion, Time};
use peer_tests::remote::{LATEST, introduction};
use peer_tests::vectors::{Folder, Line, reader_of};

use crate::Attack;
use crate::heap::{grouped, note};
use crate::victim::{Victim, crafted, framed, old_era, open_config};

pub(crate) const ATTACKS: &[Attack] = &[
    ("extreme_numbers_in_version_are_counted_right", extreme_introductions),
    ("extreme_numbers_in_any_field_do_no_harm", extreme_fields),
];

const HEIGHTS: [i32; 5] = [i32::MIN, -1, 0, 1, i32::MAX];
const NEWEST: i32 = LATEST.cast_signed();
const VERSIONS: [i32; 7] = [i32::MIN, -1, 0, 1, NEWEST, NEWEST + 1, i32::MAX];

fn extreme_introductions() {
    let times = [Timestamp::default(), Timestamp::new(1).unwrap(), Timestamp::MAX];
    let (node, mut tried) = (Node::new(old_era().build().unwrap()), 0);
    for (ours, our_height) in times.into_iter().flat_map(|time| HEIGHTS.map(|height| (time, height))) {
        for (theirs, their_height) in times.into_iter().flat_map(|time| HEIGHTS.map(|height| (time, height)))
        {
            for protocol_version in VERSIONS {
                let info = ConnectionInfo::new(NetAddress::UNSPECIFIED, our_height, ours);
                let mut victim = Victim::greeted(&node, Direction::Inbound, info, 1);
                let said =
                    Version { timestamp: theirs, last_block: their_height, ..introduction(protocol_version) };
                victim.input.extend_from_slice(&framed(&said.into()));
                assert!(matches!(victim.pull(), Ok(Some(Event::Version(_)))));
                let stats = victim.peer.peer().stats();
                let offset = i128::from(theirs.seconds()) - i128::from(ours.seconds());
                assert_eq!(i128::from(stats.time_offset), offset, "our clock ahead or behind");
                assert_eq!((stats.starting_height, stats.last_block), (their_height, their_height));
                let at_the_end = Time::from_elapsed(core::time::Duration::MAX);
                assert!(stats.unix_seconds(at_the_end) >= ours.seconds());
                victim.hear(&framed(&Message::Verack)).ok();
                assert_eq!(victim.peer.peer().is_established(), protocol_version >= 1, "{protocol_version}");
                tried += 1;
            }
        }
    }
    note(
        "extreme versions, times and heights in `version` and `ConnectionInfo`",
        "counted right",
        &grouped(tried),
    );
}

/// Bytes that are the ends of a range, as numbers of four and of eight bytes of either order.
const ENDS: [[u8; 8]; 6] = [
    [0; 8],
    [0xff; 8],
    [0, 0, 0, 0, 0, 0, 0, 0x80],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0x80, 0, 0, 0, 0, 0, 0, 0],
    [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

/// Largest payload that is changed at every place.
const LARGEST: usize = 400;

fn extreme_fields() {
    let folder = Folder::packaged();
    let files = folder.files().into_iter().filter(|file| reader_of(file) == Some("messages"));
    let lines = files.flat_map(|file| folder.lines(&file).unwrap_or_default());
    let (mut tried, mut accepted) = (0, 0);
    let versions = (1..=LATEST).map(ProtocolVersion::new);
    let victims: Vec<_> =
        versions.map(|version| (version, Victim::established(open_config(version.get())))).collect();
    let step = if cfg!(debug_assertions) { 50 } else { 1 };
    for line in lines.filter(|line| line.payload().len() <= LARGEST).step_by(step) {
        let (command, version, payload) = parts(&line);
        let Some((_, victim)) = victims.iter().find(|(of, _)| *of == version) else { continue };
        for changed in changes(&payload) {
            tried += 1;
            let Ok(message) = Message::decode(command, Bytes::from(changed.clone()), version) else {
                continue;
            };
            // Whatever can be read can be told of, and taken in.
            assert!(!message.summary().to_string().contains('\0'));
            serde_json::to_writer(std::io::sink(), &message).unwrap();
            let _ended = victim.clone().hear(&crafted(command.as_str(), &changed));
            accepted += 1;
        }
    }
    let measured = format!("{} payloads, {} of them accepted", grouped(tried), grouped(accepted));
    note("ends of ranges at every place of every message", "no panic", &measured);
}

fn parts(line: &Line) -> (Command, ProtocolVersion, Vec<u8>) {
    let command = Command::new(line.str("command")).unwrap();
    (command, ProtocolVersion::new(line.int("pver")), line.payload())
}

/// The payload with each end of a range at each place, as a number of four and of eight bytes.
fn changes(payload: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let places = [4, 8]
        .into_iter()
        .flat_map(|size| (0..(payload.len() + 1).saturating_sub(size)).map(move |at| (at, size)));
    places.flat_map(move |(at, size)| {
        ENDS.map(|end| {
            let mut changed = payload.to_vec();
            let bytes = if end[0] == 0 && end[7] != 0 { &end[8 - size..] } else { &end[..size] };
            changed[at..at + size].copy_from_slice(bytes);
            changed
        })
    })
}
