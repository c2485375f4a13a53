//! The node of the recordings: the chain and the filters that the golden vectors have of it.

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::{Message, Network, ProtocolVersion};

use super::chain::Chain;
use crate::vectors::Folder;

/// The height that the node of the server cases had.
pub const HEIGHT: usize = 327;

/// The chain of the server cases. Blocks and filters that are in no recording are stand-ins; blocks have the right size.
pub fn chain() -> Chain {
    let folder = Folder::packaged();
    let mut messages = Vec::new();
    for line in folder.lines("sync_frames.jsonl").unwrap() {
        read(&line.frame(), &mut messages);
    }
    for side in ["listener", "dialer"] {
        let lines = folder.lines("transcripts/dcrd-filters.jsonl").unwrap();
        let chunks = lines.iter().filter(|line| line.str("from") == side);
        read(&chunks.flat_map(|line| line.bytes("hex")).collect::<Vec<_>>(), &mut messages);
    }
    of(messages)
}

fn of(messages: Vec<Message>) -> Chain {
    let mut chain = Chain::genesis(Network::SIMNET);
    let lists = messages.iter().filter_map(|message| match message {
        Message::Headers(headers) => Some(&headers.headers),
        _ => None,
    });
    let longest = lists.max_by_key(|headers| headers.len()).unwrap();
    longest.iter().take(HEIGHT).for_each(|header| chain.add_stand_in(header));
    for message in messages {
        match message {
            Message::Block(block) => chain.replace_block(block),
            Message::CFilterV2(filter) => chain.replace_filter(*filter),
            Message::CFiltersV2(filters) => {
                filters.cfilters.into_vec().into_iter().for_each(|filter| chain.replace_filter(filter));
            }
            _ => {}
        }
    }
    chain
}

fn read(bytes: &[u8], messages: &mut Vec<Message>) {
    let rules = Rules::new(Network::SIMNET, ProtocolVersion::LATEST);
    let (mut reader, mut input) = (FrameReader::new(), BytesMut::from(bytes));
    while let Some(frame) = reader.read(&mut input, &rules).unwrap() {
        messages.push(frame.decode(rules.version).unwrap());
    }
}
