//! What peers do all day, each alone: nanoseconds for people, or a number of runs for a tool that counts.
//!
//! ```text
//! hot_paths [PART]           median times of the paths in whose name PART occurs
//! hot_paths --list           their names
//! hot_paths --run N NAME     runs one path N times and says nothing
//! ```
//!
//! `.ci/instructions` counts instructions with the last form.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "small fixed numbers, and a panic here harms no one"
)]

use core::hint::black_box;
use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use peer_core::frame::{FrameReader, Rules, encode};
use peer_core::message::{BlockHeader, Headers, Inv, Inventory, Ping};
use peer_core::{
    Command, Config, Connection, Hash, Message, Network, Peer, ProtocolVersion, Request, RequestOptions,
    Time, UnrequestedAnswers, blake256,
};
use peer_tests::remote::{NETWORK, Remote};
use peer_tests::samples::{block as small_block, block_item, getdata, usual_block, usual_tx, usual_tx_of};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const VERSION: ProtocolVersion = ProtocolVersion::LATEST;

/// A path: its name, and what makes one ready to be run again and again.
type Path = (&'static str, fn() -> Box<dyn FnMut()>);

const PATHS: [Path; 25] = [
    ("hash of 8 B", || hash(8)),
    ("hash of 36 kB", || hash(36_000)),
    ("hash_many of 16 x 180 B", hash_many),
    ("frame: ping", || frame(&ping())),
    ("frame: inv of 1", || frame(&inv(1))),
    ("frame: tx", || frame(&tx())),
    ("burst: 64 pings", || burst(|_| ping())),
    ("burst: 64 inv of 1", || burst(|number| inv_of(number..number + 1))),
    ("burst: 64 tx", || burst(|number| Message::Tx(usual_tx_of(number as usize % 4 + 1, number)))),
    ("machine: ping", || machine(&ping())),
    ("machine: inv of 1", || machine(&inv(1))),
    ("machine: tx", || machine(&tx())),
    ("decode: inv of 1,000", || decode(&inv(1000))),
    ("decode: 100 headers", || decode(&headers(100))),
    ("decode: tx", || decode(&tx())),
    ("decode: block of 100", || decode(&block(100))),
    ("encode: inv of 1,000", || encode_again(inv(1000))),
    ("encode: 100 headers", || encode_again(headers(100))),
    ("encode: block of 100", || encode_again(block(100))),
    ("ids of a block of 100", ids),
    ("known: check and insert", known),
    ("announce: batch of 100", announce),
    ("getdata of 1,000 by send", || fetch(|peer, items| _ = peer.send(&getdata(items), Time::ZERO).unwrap())),
    ("getdata of 1,000 by id", || {
        fetch(|peer, items| {
            let items = Request::Items(items.try_into().unwrap());
            peer.request(&items, RequestOptions::new(), Time::ZERO).unwrap();
        })
    }),
    ("idle: deadline and tick", idle),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => PATHS.iter().for_each(|(name, _)| println!("{name}")),
        ["--run", count, name] => {
            let (_, make) = PATHS.iter().find(|(path, _)| *path == name).unwrap();
            let mut path = make();
            (0..count.parse().unwrap()).for_each(|_: u64| path());
        }
        [] => print_times(""),
        [part] => print_times(part),
        _ => eprintln!("usage: hot_paths [PART | --list | --run N NAME]"),
    }
}

fn print_times(part: &str) {
    for (name, make) in PATHS.iter().filter(|(name, _)| name.contains(part)) {
        let mut path = make();
        let once = time(&mut path, 10).max(1.0);
        let count = (200_000.0 / once) as usize + 1;
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| time(&mut path, count)).collect();
        times.sort_by(f64::total_cmp);
        println!("{name:>26} {:>12.1} ns", times[ROUNDS / 2]);
    }
}

/// Nanoseconds for one of `count` runs.
#[expect(clippy::disallowed_methods, reason = "the one place of this benchmark that reads a clock")]
fn time(path: &mut dyn FnMut(), count: usize) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| path());
    start.elapsed().as_nanos() as f64 / count as f64
}

const ROUNDS: usize = 201;

fn hash(size: usize) -> Box<dyn FnMut()> {
    let data = vec![7; size];
    Box::new(move || _ = black_box(blake256::hash(black_box(&data))))
}

fn hash_many() -> Box<dyn FnMut()> {
    let (data, mut digests) = (vec![7; 16 * 180], [[0; 32]; 16]);
    Box::new(move || {
        let inputs: [&[u8]; 16] = core::array::from_fn(|i| &data[180 * i..][..180]);
        blake256::hash_many(black_box(&inputs), black_box(&mut digests));
    })
}

/// One frame off a buffer, hashed and decoded.
fn frame(message: &Message) -> Box<dyn FnMut()> {
    let bytes = encode(message, Network::MAINNET, VERSION).unwrap();
    let (mut input, mut reader) = (BytesMut::new(), FrameReader::new());
    let rules = Rules::new(Network::MAINNET, VERSION);
    Box::new(move || {
        input.extend_from_slice(black_box(&bytes));
        let frame = reader.read(&mut input, &rules).unwrap().unwrap();
        black_box(frame.decode(VERSION).unwrap());
    })
}

/// 64 frames that wait together.
fn burst(message: impl Fn(u32) -> Message) -> Box<dyn FnMut()> {
    let frames = (0..64).flat_map(|number| encode(&message(number), Network::MAINNET, VERSION).unwrap());
    let frames: Vec<u8> = frames.collect();
    let (mut input, mut reader) = (BytesMut::new(), FrameReader::new());
    let rules = Rules::new(Network::MAINNET, VERSION);
    Box::new(move || {
        input.extend_from_slice(black_box(&frames));
        while let Some(frame) = reader.read(&mut input, &rules).unwrap() {
            black_box(frame.decode(VERSION).unwrap());
        }
    })
}

/// One frame through an established machine, with whatever it answers.
fn machine(message: &Message) -> Box<dyn FnMut()> {
    let bytes = encode(message, NETWORK, VERSION).unwrap();
    let (mut input, mut peer) = (BytesMut::new(), established());
    Box::new(move || {
        input.extend_from_slice(black_box(&bytes));
        black_box(peer.receive(&mut input, Time::ZERO).unwrap().unwrap());
        take_all(&mut peer);
    })
}

fn decode(message: &Message) -> Box<dyn FnMut()> {
    let (command, payload): (Command, Bytes) = (message.command(), payload(message).into());
    Box::new(move || _ = black_box(Message::decode(command, black_box(payload.clone()), VERSION).unwrap()))
}

fn encode_again(message: Message) -> Box<dyn FnMut()> {
    let mut out = payload(&message);
    Box::new(move || {
        out.clear();
        black_box(&message).encode(black_box(&mut out), VERSION).unwrap();
    })
}

fn ids() -> Box<dyn FnMut()> {
    let Message::Block(block) = block(100) else { unreachable!("it is a block") };
    Box::new(move || _ = black_box(black_box(&block).transactions().hashes()))
}

fn known() -> Box<dyn FnMut()> {
    let (mut peer, mut number) = (established(), 0);
    Box::new(move || {
        number += 1;
        let item = item(number);
        if !peer.peer().knows(&item, Time::ZERO) {
            peer.peer_mut().add_known(black_box(&item), Time::ZERO);
        }
    })
}

/// Asks for 1,000 small blocks in this way, and takes all of them.
fn fetch(ask: fn(&mut Peer, Vec<Inventory>)) -> Box<dyn FnMut()> {
    let (items, frames): (Vec<_>, Vec<_>) = (0..1000)
        .map(|nonce| {
            (block_item(nonce), encode(&Message::Block(small_block(nonce)), NETWORK, VERSION).unwrap())
        })
        .unzip();
    let frames = frames.concat();
    let (mut input, mut peer) = (BytesMut::new(), established());
    Box::new(move || {
        ask(peer.peer_mut(), items.clone());
        take_all(&mut peer);
        input.extend_from_slice(black_box(&frames));
        while let Some(event) = peer.receive(&mut input, Time::ZERO).unwrap() {
            black_box(event);
        }
    })
}

/// A hundred announcements, which leave as one batch.
fn announce() -> Box<dyn FnMut()> {
    let (mut peer, mut number, mut rng) = (established(), 0, ChaCha8Rng::seed_from_u64(1));
    Box::new(move || {
        for _ in 0..100 {
            number += 1;
            peer.peer_mut().announce(black_box(item(number)), Time::ZERO).unwrap();
        }
        peer.handle_timeout(Time::ZERO, &mut rng).unwrap();
        take_all(&mut peer);
    })
}

fn idle() -> Box<dyn FnMut()> {
    let (mut peer, mut rng) = (established(), ChaCha8Rng::seed_from_u64(1));
    Box::new(move || {
        black_box(black_box(&peer).peer().next_timeout());
        black_box(&mut peer).handle_timeout(Time::ZERO, &mut rng).unwrap();
    })
}

/// Batches leave without a delay, so that time may stand still.
fn established() -> Connection {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver);
    let config = config.trickle_delay(Duration::ZERO..=Duration::ZERO);
    Remote::established(config.build().unwrap()).machine.fork()
}

fn take_all(peer: &mut Connection) {
    while peer.wants_write() {
        let count = black_box(peer.poll_transmit(Time::ZERO)).len();
        peer.handle_transmitted(count, Time::ZERO);
    }
}

fn payload(message: &Message) -> Vec<u8> {
    let mut payload = Vec::new();
    message.encode(&mut payload, VERSION).unwrap();
    payload
}

fn ping() -> Message {
    Message::Ping(Ping { nonce: 7 })
}

fn inv(count: u32) -> Message {
    inv_of(0..count)
}

fn inv_of(numbers: Range<u32>) -> Message {
    let items: Vec<_> = numbers.map(item).collect();
    Message::Inv(Inv { inventory: items.try_into().unwrap() })
}

/// Differs in its first bytes, as hashes do.
fn item(number: u32) -> Inventory {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&number.to_le_bytes());
    Inventory::tx(Hash::from_bytes(hash))
}

fn headers(count: u32) -> Message {
    let headers: Vec<_> = (0..count).map(|nonce| BlockHeader { nonce, ..BlockHeader::default() }).collect();
    Message::Headers(Headers { headers: headers.try_into().unwrap() })
}

fn tx() -> Message {
    Message::Tx(usual_tx(0))
}

fn block(count: u32) -> Message {
    Message::Block(usual_block(count))
}
