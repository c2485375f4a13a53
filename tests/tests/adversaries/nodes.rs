//! What many connections leave behind in a node.

use peer_core::message::Version;
use peer_core::{Config, Direction, Error, Event, Node};
use peer_tests::remote::{NETWORK, connection_info, introduction};

use crate::Attack;
use crate::heap::{Meter, at_most, grouped, note, scaled};
use crate::victim::{Victim, framed, greeting};

pub(crate) const ATTACKS: &[Attack] = &[
    ("a_flood_of_inbound_handshakes_pushes_no_nonce_out", inbound_flood),
    ("a_nonce_of_the_past_is_just_a_number", nonce_replay),
    ("connections_leave_nothing_behind", cycles),
];

/// Outbound handshakes that the node has room for.
const ROOM: usize = 16;

fn node() -> Node {
    Node::new(Config::builder(NETWORK).open_handshakes(ROOM).build().unwrap())
}

/// What an inbound peer of the node says to this introduction.
fn meet(node: &Node, introduction: &[u8]) -> Result<Vec<Event>, Error> {
    Victim::new(node, Direction::Inbound).listen(introduction)
}

/// An introduction with this nonce.
fn with_nonce(nonce: u64) -> Vec<u8> {
    framed(&Version { nonce, ..introduction(12) }.into())
}

fn inbound_flood() {
    let (node, flood) = (node(), scaled(200_000).max(1000));
    let mut own = Victim::new(&node, Direction::Outbound);
    let introduction = own.take(usize::MAX);
    let meter = Meter::start();
    for nonce in 1..=flood {
        meet(&node, &with_nonce(nonce as u64)).unwrap();
    }
    let held = meter.held();
    at_most(&format!("{} inbound handshakes", grouped(flood)), "bytes held", 0, held);
    assert_eq!(meet(&node, &introduction), Err(Error::SelfConnection), "the nonce was pushed out");
    assert_eq!(own.peer.handle_eof(&[]), Error::SelfConnection);
    note("the same", "our own nonce still known", "self-connection noticed at both ends");
}

/// An observer who saw our introductions says them to us again, after the handshakes they belong to.
fn nonce_replay() {
    let (node, replays) = (node(), scaled(100_000).max(1000));
    let mut believed = 0;
    for seed in 0..replays {
        let mut own = Victim::greeted(&node, Direction::Outbound, connection_info(), seed as u64);
        let introduction = own.take(usize::MAX);
        if !seed.is_multiple_of(2) {
            own.hear(&greeting(12)).unwrap();
        }
        drop(own);
        believed += usize::from(meet(&node, &introduction) == Err(Error::SelfConnection));
    }
    at_most(
        &format!("{} introductions of the past replayed", grouped(replays)),
        "taken for ours",
        0,
        believed,
    );
}

/// Both ends of each connection, dropped at different stages of the handshake and after it.
fn cycles() {
    let (node, cycles) = (node(), scaled(1_000_000).max(2000));
    let stranger = self::node();
    let verack = framed(&peer_core::Message::Verack);
    let mut established = 0;
    let meter = Meter::start();
    for cycle in 0..cycles {
        let mut outbound = Victim::greeted(&node, Direction::Outbound, connection_info(), cycle as u64);
        let mut inbound = Victim::new(&stranger, Direction::Inbound);
        let introduction = outbound.take(usize::MAX);
        if cycle % 8 == 0 {
            continue;
        }
        inbound.hear(&introduction).unwrap();
        if cycle % 8 == 1 {
            continue;
        }
        while inbound.peer.wants_write() {
            let bytes = inbound.take(usize::MAX);
            outbound.hear(&bytes).unwrap();
        }
        inbound.hear(&verack).unwrap();
        assert!(outbound.peer.peer().is_established() && inbound.peer.peer().is_established());
        established += 1;
    }
    let held = meter.held();
    let attack = format!(
        "{} connections made and dropped, {} after the handshake",
        grouped(cycles),
        grouped(established)
    );
    at_most(&attack, "bytes left on the heap", 0, held);
    let opened: Vec<_> = (0..ROOM).map(|_| Victim::new(&node, Direction::Outbound)).collect();
    at_most("the same", "places left taken in the node's table", 0, ROOM - opened.len());
}
