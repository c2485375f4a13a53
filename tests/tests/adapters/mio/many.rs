//! The same for many connections.

use peer_core::message::{BlockHeader, Inventory};
use peer_core::{
    Announced, Announcement, Config, Direction, EncodedFrame, Message, Network, ProtocolVersion, SendError,
};
use peer_mio::PeerEvent;

use crate::mio::scripted::{Answer, BLOCK, Set, bytes_of, inv_of};

fn encode(message: &Message) -> EncodedFrame {
    message.encode_frame(Network::SIMNET, ProtocolVersion::LATEST).unwrap()
}

#[test]
fn one_frame_reaches_many() {
    let mut set = Set::new();
    let [(a, first), (b, second)] = [set.established(), set.established()];
    let sent = set.peers.send_encoded_to([a, b], &encode(&inv_of(1000)));
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    set.events();
    for stream in [first, second] {
        assert_eq!(stream.script().sent, bytes_of(&inv_of(1000)));
    }
}

#[test]
fn each_refusal_stands_in_its_place_and_room_is_told() {
    let frame = encode(&inv_of(1000));
    let limit = frame.wire_len() + 100;
    let mut set = Set::of(Config::builder(Network::SIMNET).send_pause(64).send_limit(limit), 10);
    let (free, _) = set.established();
    let (full, stream) = set.established();
    stream.script().writes = [BLOCK].into();
    let (early, _) = set.add(Direction::Inbound);
    let (gone, _) = set.established();
    set.peers.close(gone);
    assert!(set.peers.try_send_encoded(full, &frame).is_ok());
    assert!(matches!(set.drain()[..], [(id, PeerEvent::Closed(_))] if id == gone));
    let sent = set.peers.send_encoded_to([gone, full, early, free], &frame);
    let [over, refused, unknown, queued] = sent.try_into().unwrap();
    assert_eq!(over, Err(SendError::NotEstablished));
    assert!(matches!(refused, Err(SendError::Full { .. })), "{refused:?}");
    assert_eq!(unknown, Err(SendError::NotEstablished));
    assert!(queued.is_ok());
    stream.script().writes = [Answer::Take(limit)].into();
    set.peers.wake(full);
    assert_eq!(set.drain(), [(full, PeerEvent::Room)]);
}

#[test]
fn a_block_is_announced_to_each_as_it_wants() {
    let mut set = Set::new();
    let [(modern, first), (plain, second), (knows, third)] =
        [set.established(), set.established(), set.established()];
    first.script().say(bytes_of(&Message::SendHeaders));
    set.peers.wake(modern);
    set.events();
    let header = BlockHeader::default();
    let now = set.peers.now();
    set.peers.peer(knows).unwrap().add_known(&Inventory::block(header.hash()), now);
    let block = Announcement::block(&header, Network::SIMNET);
    let done = set.peers.announce_to([modern, plain, knows], &block);
    assert_eq!(done, [Announced::Headers, Announced::Inv, Announced::Known]);
    set.events();
    let commands = [first, second, third].map(|stream| stream.script().commands());
    assert_eq!(commands, [vec!["headers"], vec!["inv"], vec![]]);
}
