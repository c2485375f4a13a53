//! Frames of a whole synchronisation between two nodes.

use bytes::BytesMut;
use peer_core::frame;
use peer_tests::vectors::{Folder, Tally};

use crate::vectors::common;

#[test]
fn every_frame_of_a_synchronisation_decodes_and_encodes_to_the_same_bytes() {
    let folder = Folder::open();
    let mut tally = Tally::new("sync_frames");
    for line in tally.all_lines(&folder) {
        let (network, version) = (common::network(&line), common::version(&line));
        let recorded = line.frame();
        let (message, payload) = common::read(&mut BytesMut::from(&recorded[..]), network, version)
            .result
            .unwrap_or_else(|error| panic!("{}: {error}", line.place()));
        assert_eq!(message.command(), common::command(&line), "{}: command", line.place());
        assert_eq!(payload.len(), line.int::<usize>("payload_len"), "{}: length", line.place());
        let written = frame::encode(&message, network, version)
            .unwrap_or_else(|error| panic!("{}: {error}", line.place()));
        assert!(written == recorded, "{}: another frame is written", line.place());
        tally.checked(&line);
    }
    tally.finish(&folder);
}
