//! Input is gathered while several blocks may wait, so that they are hashed together.

use std::io::ErrorKind;

use peer_core::message::{Block, BlockHeader, Inventory};
use peer_core::{Config, Direction, Error, Event, Message, Network, UnrequestedAnswers};
use peer_mio::{Closed, Outcome, PeerEvent};
use peer_tests::samples::{getdata, inv, tx_item, usual_tx_of};

use crate::mio::scripted::{Answer, BLOCK, Set, bytes_of, ended, hands};

/// A set that takes blocks without a request, so that its peers gather up to so many bytes.
fn gathering(bytes: usize) -> Set {
    let config = Config::builder(Network::SIMNET).unrequested_answers(UnrequestedAnswers::Deliver);
    Set::of(config.read_ahead(bytes), 16)
}

/// Twenty messages of 36 kB.
fn large() -> Vec<u8> {
    bytes_of(&inv((0..1000).map(tx_item).collect::<Vec<_>>())).repeat(20)
}

#[test]
fn as_much_is_read_before_the_first_message_surfaces_as_the_configuration_says() {
    for (ahead, least, most) in
        [(0, 36_000, 64 << 10), (300_000, 300_000, 400_000), (4 << 20, 700_000, 800_000)]
    {
        let mut set = gathering(ahead);
        let (_, stream) = set.add(Direction::Outbound);
        stream.script().reads = [Answer::Bytes(hands()), Answer::Bytes(large())].into();
        let first = loop {
            match set.next() {
                Some((_, PeerEvent::Event(Event::Message(message)))) => break message,
                Some(_) => {}
                None => panic!("no message"),
            }
        };
        assert!(matches!(first, Message::Inv(_)));
        let read = stream.script().read - hands().len();
        assert!((least..=most).contains(&read), "{read} bytes read of at most {ahead}");
    }
}

#[test]
fn what_was_gathered_surfaces_before_an_end_and_a_failed_read() {
    let reset = Closed::new(Error::TransportFailed, Some(ErrorKind::ConnectionReset));
    let ends = [
        (Answer::Eof, ended(Error::ClosedByRemote)),
        (Answer::Fail(ErrorKind::ConnectionReset), Outcome::from(reset)),
    ];
    for (end, outcome) in ends {
        let mut set = gathering(4 << 20);
        let (_, stream) = set.add(Direction::Outbound);
        // The stream tells it once.
        stream.script().reads = [Answer::Bytes(hands()), Answer::Bytes(large()), end, BLOCK].into();
        let (names, closed) = set.end();
        assert_eq!(names.iter().filter(|name| *name == "inv").count(), 20, "{names:?}");
        assert_eq!(closed, outcome);
    }
}

/// Sixteen blocks of 33 kB are requested, as many as it takes in plain code. All that the transport has is read before the first of them surfaces.
#[test]
fn blocks_that_are_requested_are_gathered() {
    let mut set = Set::of(Config::builder(Network::SIMNET), 16);
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().say(hands());
    while !matches!(set.next(), Some((_, PeerEvent::Event(Event::Established)))) {}
    let blocks = (0..16).map(|nonce| {
        let header = BlockHeader { nonce, ..BlockHeader::default() };
        Block::new(&header, &[usual_tx_of(200, nonce)], &[]).unwrap()
    });
    let blocks: Vec<_> = blocks.collect();
    let items = blocks.iter().map(|block| Inventory::block(block.hash()));
    set.send(id, &getdata(items.collect::<Vec<_>>())).unwrap();
    let all: Vec<u8> = blocks.into_iter().flat_map(|block| bytes_of(&block.into())).collect();
    let (before, len) = (stream.script().read, all.len());
    stream.script().say(all);
    assert!(matches!(set.next(), Some((_, PeerEvent::Event(Event::Message(Message::Block(_)))))));
    assert_eq!(stream.script().read - before, len);
    assert_eq!(set.drain().len(), 15);
}
