//! What waits to be written.

use bytes::{Bytes, BytesMut};
use peer_core::message::{Block, BlockHeader, HeaderList, Headers, Raw, Transaction, TxOut};
use peer_core::{Command, Connection, Event, Message, ProtocolVersion, SendError, Time, UnrequestedAnswers};
use peer_tests::remote::{NETWORK, Remote, bytes_of, unguarded};
use peer_tests::samples::{getdata, inv, inv_of, item, large_block, ping, tx};
use peer_tests::stated::{assert_states, stated};

use crate::meter::Meter;

const KIB: usize = 1024;

/// The places that tell how many times its limit a queue may take in memory.
const PLACES: [(&str, &str); 3] = [
    ("docs/limits.md", "| asks for much and never reads | 40 MiB | `send_limit` | at most "),
    ("README.md", "| our frames that the remote does not read | 40 MiB | `send_limit` | at most "),
    ("peer-core/src/config/builder.rs", "The frames take at most "),
];

/// A peer with room for so many bytes.
fn peer(limit: usize) -> Connection {
    let limits = unguarded().send_limit(limit);
    let many = 1_000_000;
    let config = limits.send_pause(1).max_requests(many).unrequested_answers(UnrequestedAnswers::Deliver);
    Remote::established(config.build().unwrap()).machine.fork()
}

/// The most that a thousand queued bytes hold while a queue fills up to `limit`; nothing if it must not be sent.
fn most_per_thousand(message: &Message, limit: usize) -> usize {
    let mut peer = peer(limit);
    let (meter, mut most) = (Meter::start(), 0);
    while peer.peer_mut().send(message, Time::ZERO).is_ok() {
        if peer.peer().queued() > limit / 4 {
            most = most.max(meter.held() * 1000 / peer.peer().queued());
        }
    }
    // A driver may be shown all of it.
    let shown = peer.poll_transmit_chunks(usize::MAX, Time::ZERO).count();
    if shown > 0 { most.max(meter.held() * 1000 / peer.peer().queued()) } else { most }
}

pub(crate) fn tiny_frames() {
    let raw = Raw { command: Command::new("x").unwrap(), payload: Bytes::new() };
    let messages = [
        Message::GetAddr,
        Message::SendHeaders,
        Message::MemPool,
        Message::GetMinings,
        Message::GetCfTypes,
        Message::Raw(raw),
        getdata([]),
        getdata([item(1)]),
        inv([item(1)]),
        ping(1),
        tx(1).into(),
    ];
    let most = messages.iter().map(|message| most_per_thousand(message, 1024 * KIB)).max().unwrap();
    assert_states("a thousand bytes of tiny frames", most, 1000, &PLACES);
    let owed = 64 * KIB + 32;
    let pongs = most_per_thousand(&ping(1), owed) * owed / 1000;
    let places = [
        ("docs/limits.md", "| sends pings and never takes the pongs | 64 KiB | `send_pause` | "),
        ("README.md", "| pongs that the remote does not read | 64 KiB | `send_pause` | "),
        ("peer-core/src/config/builder.rs", "Worst case: this and one more reply, which hold "),
    ];
    assert_states("64 KiB of pongs", pongs, 1, &places);
}

/// A block with a transaction of 4.2 kB and another one.
fn block_with(nonce: u32, other: usize) -> Block {
    let tx = |len: usize| {
        let output = TxOut { value: 1, version: 0, pk_script: &vec![0x51; len] };
        Transaction::new(1, &[], &[output], nonce, 0).unwrap()
    };
    let header = BlockHeader { nonce, ..BlockHeader::default() };
    Block::new(&header, &[tx(4200), tx(other)], &[]).unwrap()
}

/// The owner takes them out of something large, queues them and drops the rest.
pub(crate) fn parts() {
    let limit = 1024 * KIB;
    let most = stated(PLACES[0], limit);
    let transaction = |nonce| block_with(nonce, 1_200_000).transactions().next().unwrap().into();
    let payload = |nonce: u32| {
        let payload = Bytes::from(vec![nonce.to_le_bytes()[0]; 1_200_000]).slice(..4200);
        Message::Raw(Raw { command: Command::new("x").unwrap(), payload })
    };
    let parts: [&dyn Fn(u32) -> Message; 2] = [&transaction, &payload];
    for part in parts {
        let mut peer = peer(limit);
        let meter = Meter::start();
        let sent = (0..).take_while(|nonce| peer.peer_mut().send(&part(*nonce), Time::ZERO).is_ok()).count();
        assert!(sent > 200, "only {sent} fit");
        let held = meter.held();
        assert!(held <= most, "{held} bytes held by a queue of {limit}, at most {most} stated");
    }
}

/// The block that comes behind this `inv`, in pieces of this size: what it holds for a thousand of its bytes.
fn held_by_received(before: u32, block: &Block, piece: usize) -> usize {
    let bytes = [bytes_of(&inv_of(before)), bytes_of(&Message::Block(block.clone()))].concat();
    let (mut receiver, mut sender) = (peer(32 * KIB * KIB), peer(32 * KIB * KIB));
    let meter = Meter::start();
    let mut input = BytesMut::new();
    for piece in bytes.chunks(piece) {
        input.extend_from_slice(piece);
        while let Some(event) = receiver.receive(&mut input, Time::ZERO).unwrap() {
            if let Event::Message(block @ Message::Block(_)) = event {
                sender.peer_mut().send(&block, Time::ZERO).unwrap();
            }
        }
    }
    drop(input);
    meter.held() * 1000 / sender.peer().queued()
}

pub(crate) fn received_blocks() {
    let most = stated(PLACES[0], 1000);
    for len in [5000, 16_500, 20_000, 70_000, 300_000] {
        let block = large_block(len);
        for before in [0, 100, 1000, 5000, 29_000] {
            for piece in [KIB, 4 * KIB, 16 * KIB, 64 * KIB, 4096 * KIB] {
                let held = held_by_received(before, &block, piece);
                assert!(
                    held <= most,
                    "{held} of 1000 held: block of {len} behind {before}, pieces of {piece}"
                );
            }
        }
    }
}

pub(crate) fn partly_taken() {
    let block = Message::Block(large_block(100 * KIB));
    let mut peer = peer(bytes_of(&block).len());
    peer.peer_mut().send(&block, Time::ZERO).unwrap();
    while peer.peer().queued() > 1 {
        let count = peer.poll_transmit(Time::ZERO).len();
        peer.handle_transmitted(count.min(peer.peer().queued() - 1), Time::ZERO);
    }
    let refused = peer.peer_mut().send(&ping(1), Time::ZERO);
    assert!(matches!(refused, Err(SendError::Full { wanted: 32, .. })), "{refused:?}");
    assert!(!peer.poll_transmit(Time::ZERO).is_empty());
    peer.handle_transmitted(1, Time::ZERO);
    peer.peer_mut().send(&ping(1), Time::ZERO).unwrap();
}

/// Headers for many peers: one payload, whatever is held for each of them.
pub(crate) fn shared_by_many() {
    const PEERS: usize = 125;
    let headers = (0..2000).map(|height| BlockHeader { height, ..BlockHeader::default() });
    let headers = HeaderList::try_from(headers.collect::<Vec<_>>()).unwrap();
    let message = Message::Headers(Headers { headers });
    let mut peers: Vec<_> = (0..PEERS).map(|_| peer(1024 * KIB)).collect();
    let meter = Meter::start();
    let frame = message.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap();
    for peer in &mut peers {
        peer.peer_mut().send_encoded(&frame, Time::ZERO).unwrap();
        assert_eq!(peer.peer().queued(), frame.wire_len(), "each counts all of it");
    }
    let payload = frame.payload().len();
    drop(frame);
    let held = meter.held();
    assert!(held >= payload, "it waits to be written");
    assert!(held <= payload + PEERS * 512, "{held} bytes held for {PEERS} peers, {payload} of payload");
}
