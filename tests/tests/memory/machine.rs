//! The machine without what waits to be written.

use core::time::Duration;

use bytes::BytesMut;
use peer_core::message::{Inventory, UserAgent, Version};
use peer_core::{
    Config, Connection, Direction, Event, Hash, Message, Network, Node, Request, RequestOptions, Time,
};
use peer_tests::remote::{NETWORK, Remote, bytes_of, header, introduction, unguarded};
use peer_tests::requests::{headers_after, items};
use peer_tests::samples::{getdata, getheaders, headers, inv, notfound};
use peer_tests::stated::assert_states;

use crate::meter::Meter;

const LIMITS: &str = "docs/limits.md";
const README: &str = "README.md";
const SETTERS: &str = "peer-core/src/config/builder.rs";

fn config() -> Config {
    Config::builder(NETWORK).build().unwrap()
}

/// A hash of which nothing can be told from the number.
fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::digest(&number.to_le_bytes()))
}

/// What an established peer holds, itself included, whose remote told a user agent of this length.
fn idle_with(agent: usize) -> usize {
    let node = Node::new(config());
    let user_agent = UserAgent::new("x".repeat(agent)).unwrap();
    let version = bytes_of(&Version { user_agent, ..introduction(12) }.into());
    let mut input = BytesMut::from(&[&version[..], &bytes_of(&Message::Verack)].concat()[..]);
    let meter = Meter::start();
    let mut peer = Remote::new(&node, Direction::Inbound).machine.fork();
    while let Some(event) = peer.receive(&mut input, Time::ZERO).unwrap() {
        drop(event);
    }
    flush(&mut peer);
    assert!(peer.peer().is_established());
    let held = meter.held() + size_of::<Connection>();
    drop((peer, input));
    held
}

fn flush(peer: &mut Connection) {
    flush_at(peer, Time::ZERO);
}

fn flush_at(peer: &mut Connection, now: Time) {
    while peer.wants_write() {
        let count = peer.poll_transmit(now).len();
        peer.handle_transmitted(count, now);
    }
}

pub(crate) fn idle() {
    let usual = idle_with("/dcrwire:1.0.0/dcrd:2.0.6(release)/".len());
    let usual_places =
        [(LIMITS, "An idle machine takes "), (README, "| an idle connection | | | the machine ")];
    assert_states("an idle machine", usual, 1, &usual_places);
    let longest =
        [(LIMITS, "with the longest user agent, of 256 bytes, "), (README, "with the longest user agent ")];
    assert_states("an idle machine with the longest agent", idle_with(256), 1, &longest);
}

pub(crate) fn handshake() {
    let node = Node::new(config());
    let bytes = [&header("version", 358, [0; 4])[..], &[0; 357]].concat();
    let mut most = 0;
    for direction in [Direction::Inbound, Direction::Outbound] {
        let mut input = BytesMut::with_capacity(bytes.len());
        let meter = Meter::start();
        let mut peer = Remote::new(&node, direction).machine.fork();
        for byte in bytes.chunks(1) {
            input.extend_from_slice(byte);
            assert_eq!(peer.receive(&mut input, Time::ZERO), Ok(None));
        }
        most = most.max(meter.held() + size_of::<Connection>());
    }
    let setter = (SETTERS, "Worst case: a remote holds a peer of ");
    assert_states("a peer that waits for a version", most, 1, &[setter]);
}

pub(crate) fn node() {
    let held_with = |handshakes: usize| {
        let config = Config::builder(NETWORK).open_handshakes(handshakes);
        let config = config.build().unwrap();
        let meter = Meter::start();
        let _node = Node::new(config);
        meter.held()
    };
    let default = config().open_handshakes();
    let held = held_with(default + 1) - held_with(1);
    let places = [
        (LIMITS, "| let our dials hang | 1,024 | `open_handshakes` | "),
        (SETTERS, "Each costs 16 bytes in the node from the beginning, so "),
    ];
    assert_states("the table of 1,024 open handshakes", held, 1, &places);
}

/// The most that a peer holds which comes to know this many times as much as it remembers.
fn most_known(limit: usize, times: usize) -> usize {
    let config = Config::builder(Network::SIMNET).known_inventory(limit).build().unwrap();
    let mut peer = Remote::established(config).machine.fork();
    let meter = Meter::start();
    let numbers = 0..u32::try_from(limit * times).unwrap();
    numbers.fold(0, |most, number| {
        peer.peer_mut().add_known(&item(number), Time::ZERO);
        most.max(meter.held())
    })
}

pub(crate) fn known() {
    let places = [
        (LIMITS, "| announces what we should remember | 1,000 | `known_inventory` | "),
        (SETTERS, "How many of the items that a remote knows are remembered. Default: 1000, which take "),
        ("docs/decisions.md", "24 bytes for an idle peer, "),
    ];
    assert_states("known inventory", most_known(1000, 300), 1, &places);
}

pub(crate) fn known_of_any_size() {
    let each =
        [100, 897, 1000, 1100, 1180, 1250, 1400, 1792, 5000].map(|limit| most_known(limit, 30) / limit);
    let setter = (SETTERS, "Worst case for other numbers: ");
    assert_states("an item of known inventory", each.into_iter().max().unwrap(), 1, &[setter]);
}

/// When requests are written: each at once, or the first when the last is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Each,
    Together,
}

/// Asks for 75,000 items one by one, each at another time, and returns what is held when all are written.
fn held_by_requests(written: Written, hash: impl Fn(u64) -> Hash) -> usize {
    let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
    let meter = Meter::start();
    for number in 0..75_000 {
        let now = Time::from_elapsed(Duration::from_nanos(number));
        peer.peer_mut().send(&getdata([Inventory::tx(hash(number))]), now).unwrap();
        if written == Written::Each {
            let count = peer.poll_transmit(now).len();
            peer.handle_transmitted(count, now);
        }
    }
    flush(&mut peer);
    assert_eq!((peer.peer().open_requests(), peer.peer().queued()), (75_000, 0));
    meter.held()
}

/// A hash that comes behind those of all smaller numbers.
fn ascending(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, of)| *byte = of);
    Hash::from_bytes(bytes)
}

pub(crate) fn requests() {
    let random = |number: u64| Hash::digest(&number.to_le_bytes());
    let orders = [Written::Each, Written::Together].into_iter().flat_map(|written| {
        let descending = |number: u64| ascending(!number);
        [
            held_by_requests(written, random),
            held_by_requests(written, ascending),
            held_by_requests(written, descending),
        ]
    });
    let places = [
        (LIMITS, "| announces and never serves | 75,000 | `max_requests` | "),
        (README, "| requested items that have not come | 75,000 | `max_requests` | "),
        (SETTERS, "the reference's cap. They take "),
    ];
    assert_states("75,000 open requests", orders.max().unwrap(), 1, &places);
    let waiting = [(SETTERS, "While its request waits to be written, an item takes ")];
    assert_states("an item of a request that is not written", held_unwritten(), 1, &waiting);
}

/// What an item takes beside its frame whose request is not written.
fn held_unwritten() -> usize {
    let held = |message: fn([Inventory; 1]) -> Message| {
        let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
        let meter = Meter::start();
        for number in 0..10_000 {
            peer.peer_mut().send(&message([Inventory::tx(ascending(number))]), Time::ZERO).unwrap();
        }
        (meter.held(), peer.peer().open_requests())
    };
    // Frames alike, of which nothing is waited for.
    let (announced, none) = held(inv);
    let (requested, open) = held(getdata);
    assert_eq!((none, open), (0, 10_000));
    (requested - announced) / open
}

/// What is held when all of these have been written.
fn held_by_typed(requests: impl Iterator<Item = Request>) -> usize {
    let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
    let requests: Vec<_> = requests.collect();
    let meter = Meter::start();
    for request in &requests {
        peer.peer_mut().request(request, RequestOptions::new(), Time::ZERO).unwrap();
        flush(&mut peer);
    }
    assert_eq!(peer.peer().requests().len(), requests.len());
    meter.held()
}

/// Requests with an id.
pub(crate) fn typed_requests() {
    let number = |number: u32| Inventory::tx(Hash::digest(&number.to_le_bytes()));
    let single = held_by_typed((0..75_000).map(|item| items([number(item)])));
    let many = held_by_typed(
        (0..2).map(|half| items((half * 37_500..(half + 1) * 37_500).map(number).collect::<Vec<_>>())),
    );
    let headers = held_by_typed((0..64).map(|_| headers_after(vec![Hash::ZERO; 500])));
    let page = "docs/requests.md";
    assert_states(
        "75,000 requests for an item each",
        single,
        1,
        &[(page, "| 75,000 requests for an item each | ")],
    );
    assert_states(
        "two requests for 37,500 items each",
        many,
        1,
        &[(page, "| 2 requests for 37,500 items each | ")],
    );
    assert_states(
        "64 requests for headers",
        headers,
        1,
        &[(page, "| 64 requests for headers with locators of 500 hashes | ")],
    );
}

/// A request that one message answers.
pub(crate) fn answered_whole() {
    let mut peer = Remote::established(config()).machine.fork();
    let meter = Meter::start();
    peer.peer_mut().send(&getheaders(), Time::ZERO).unwrap();
    flush(&mut peer);
    let mut input = BytesMut::from(&bytes_of(&headers())[..]);
    assert!(matches!(peer.receive(&mut input, Time::ZERO), Ok(Some(Event::Message(_)))));
    drop(input);
    assert_eq!(meter.held(), 0);
}

/// A request with an id. Its number is kept where messages are counted by command.
pub(crate) fn answered_with_id() {
    let config = Config::builder(NETWORK).count_commands(true).build().unwrap();
    let mut peer = Remote::established(config).machine.fork();
    let request = headers_after([Hash::ZERO]);
    let mut input = BytesMut::from(&bytes_of(&headers())[..]);
    let meter = Meter::start();
    peer.peer_mut().request(&request, RequestOptions::new(), Time::ZERO).unwrap();
    flush(&mut peer);
    assert!(matches!(peer.receive(&mut input, Time::ZERO), Ok(Some(Event::Response(_)))));
    assert_eq!(peer.receive(&mut input, Time::ZERO), Ok(None));
    assert_eq!(meter.held(), 0);
}

/// What nodes count against us, for hours.
pub(crate) fn points() {
    let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
    let meter = Meter::start();
    for second in 0..10_000 {
        let now = Time::from_elapsed(Duration::from_secs(second));
        peer.peer_mut().send(&Message::MemPool, now).unwrap();
        flush_at(&mut peer, now);
    }
    assert!(meter.held() <= 2048, "{} bytes", meter.held());
}

/// Items that are asked for twice and answered once, until no more of them are remembered.
pub(crate) fn answered() {
    let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
    let (meter, mut input, mut most) = (Meter::start(), BytesMut::new(), 0);
    for first in (0..150_000).step_by(25_000) {
        let items: Vec<_> = (first..first + 25_000).map(|number| Inventory::tx(ascending(number))).collect();
        for _ in 0..2 {
            peer.peer_mut().send(&getdata(items.clone()), Time::ZERO).unwrap();
        }
        flush(&mut peer);
        input.extend_from_slice(&bytes_of(&notfound(items)));
        while peer.receive(&mut input, Time::ZERO).unwrap().is_some() {}
        input = BytesMut::new();
        most = most.max(meter.held());
    }
    let setter = (SETTERS, "remembered for a while: at most 100,000 items, which take ");
    assert_states("items that were asked for twice and answered once", most, 1, &[setter]);
}

pub(crate) fn batch() {
    let mut peer = Remote::established(unguarded().build().unwrap()).machine.fork();
    let meter = Meter::start();
    (0..999).for_each(|number| assert_eq!(peer.peer_mut().announce(item(number), Time::ZERO), Ok(true)));
    let setter = (SETTERS, "A batch has at most 1000 items, which take ");
    assert_states("a batch that is nearly full", meter.held(), 1, &[setter]);
}
