//! Room in the send queue: who is refused is told when to go on.

use core::ops::Range;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use peer_core::message::{Block, BlockHeader, GetData, Inventory, Transaction, TxOut};
use peer_core::{Config, Direction, Event, Hash, Message, Network, Node, SendError};
use peer_mio::{PeerEvent, PeerId, Peers, connection_info};
use peer_tests::bound::Turns;
use rand_chacha::ChaCha8Rng;

use crate::mio::scripted::{Answer, BLOCK, Scripted, Set, bytes_of, inv_of, item, ping, pings, rng};

/// A set whose peers may queue one `inv` of 1,000 items and a half.
fn tight() -> Set {
    let len = bytes_of(&inv_of(1000)).len();
    Set::of(Config::builder(Network::SIMNET).send_pause(64).send_limit(len + len / 2), 10)
}

/// A connection whose queue is full, because its transport takes nothing.
fn full() -> (Set, PeerId, Scripted) {
    let mut set = tight();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK].into();
    set.peers.try_send(id, &inv_of(1000)).unwrap();
    assert!(matches!(set.peers.try_send(id, &inv_of(1000)), Err(SendError::Full { .. })));
    assert_eq!(set.drain(), []);
    (set, id, stream)
}

#[test]
fn who_was_refused_for_room_is_told_once_when_there_is_some() {
    let (mut set, id, _) = full();
    set.peers.wake(id);
    assert_eq!(set.drain(), [(id, PeerEvent::Room)]);
    assert!(set.peers.try_send(id, &inv_of(1000)).is_ok());
    assert_eq!(set.drain(), []);
}

#[test]
fn room_is_told_when_what_was_refused_fits_and_not_before() {
    let (mut set, id, stream) = full();
    stream.script().writes = [Answer::Take(1000), BLOCK].into();
    set.peers.wake(id);
    assert_eq!(set.drain(), [], "half a frame is held as a whole");
    set.peers.wake(id);
    assert_eq!(set.drain(), [(id, PeerEvent::Room)]);
}

#[test]
fn the_events_of_the_remote_go_on_while_its_owner_waits_for_room() {
    let (mut set, id, stream) = full();
    stream.script().writes = [BLOCK].into();
    stream.script().say(pings(0..3));
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3);
}

#[test]
fn room_that_is_there_already_is_told_at_once() {
    let mut set = tight();
    let (id, _) = set.established();
    set.peers.want_room(id, 100);
    assert_eq!(set.drain(), [(id, PeerEvent::Room)]);
}

#[test]
fn room_is_told_no_earlier_than_the_turns_of_others_allow() {
    let mut set = Set::new();
    let (loud, flood) = set.established();
    let (quiet, stream) = set.established();
    flood.script().say(pings(0..16));
    stream.script().say(pings(0..1));
    set.peers.wake(loud);
    set.peers.wake(quiet);
    for _ in 0..16 {
        assert_eq!(set.next().unwrap().0, loud);
    }
    // The turn of the first one has had all its events.
    set.peers.want_room(loud, 100);
    assert_eq!(set.next().unwrap().0, quiet);
    assert_eq!(set.drain(), [(loud, PeerEvent::Room)]);
}

#[test]
fn room_can_be_waited_for_after_any_command_that_was_refused() {
    let mut set = tight();
    let (id, _) = set.established();
    let now = set.peers.now();
    let peer = set.peers.peer(id).unwrap();
    for number in 0..900 {
        peer.announce(item(number), now).unwrap();
    }
    let refused = peer.send(&inv_of(1000), now);
    let Err(SendError::Full { wanted, .. }) = refused else { panic!("{refused:?}") };
    set.peers.want_room(id, wanted);
    assert_eq!(set.drain(), [], "a batch waits for its delay");
    set.peers.advance(Duration::from_millis(500));
    assert_eq!(set.drain(), [(id, PeerEvent::Room)]);
}

#[test]
fn no_room_is_told_where_nothing_can_be_sent_any_more() {
    for finish in [false, true] {
        let (mut set, id, _) = full();
        if finish {
            set.peers.finish(id);
        } else {
            set.peers.close(id);
        }
        set.peers.wake(id);
        assert!(matches!(&set.drain()[..], [(_, PeerEvent::Closed(_))]));
        assert_eq!(set.peers.try_send(id, &ping(1)), Err(SendError::NotEstablished));
    }
}

#[test]
fn a_frame_that_never_fits_is_not_waited_for() {
    let mut set = tight();
    let (id, _) = set.established();
    assert!(matches!(set.peers.try_send(id, &inv_of(2000)), Err(SendError::NeverFits { .. })));
    assert_eq!(set.drain(), []);
}

/// An owner that serves blocks to one node and asks another for them.
struct Owner {
    peers: Peers<ChaCha8Rng>,
    id: Option<PeerId>,
    waiting: VecDeque<Hash>,
    heard: usize,
}

/// Blocks that each asks the other for: more than a queue holds.
const ASKED: usize = 300;

impl Owner {
    fn new(poll: &Poll, tokens: Range<usize>, seed: u64) -> Self {
        let config = Config::builder(Network::SIMNET).send_limit(4 * 1024 * 1024);
        let node = Node::new(config.build().unwrap());
        let peers = Peers::new(poll.registry().try_clone().unwrap(), tokens, node, rng(seed));
        Self { peers, id: None, waiting: VecDeque::new(), heard: 0 }
    }

    fn run(&mut self, blocks: &BTreeMap<Hash, Message>) {
        while let Some((id, happened)) = self.peers.next_event() {
            match happened {
                PeerEvent::Event(Event::Established) => {
                    self.id = Some(id);
                    self.ask(id, blocks);
                }
                PeerEvent::Event(Event::Message(Message::GetData(wanted))) => {
                    self.waiting.extend(wanted.inventory.iter().map(|item| item.hash));
                    self.serve(id, blocks);
                }
                PeerEvent::Event(Event::Message(Message::Block(_))) => self.heard += 1,
                PeerEvent::Room => self.serve(id, blocks),
                PeerEvent::Closed(closed) => panic!("{closed}, with {} of {ASKED} heard", self.heard),
                _ => {}
            }
        }
    }

    fn ask(&mut self, id: PeerId, blocks: &BTreeMap<Hash, Message>) {
        let all: Vec<_> = blocks.keys().map(|hash| Inventory::block(*hash)).collect();
        for _ in 0..ASKED / blocks.len() {
            let inventory = all.clone().try_into().unwrap();
            self.peers.try_send(id, &GetData { inventory }.into()).unwrap();
        }
    }

    fn serve(&mut self, id: PeerId, blocks: &BTreeMap<Hash, Message>) {
        while let Some(hash) = self.waiting.front() {
            match self.peers.try_send(id, &blocks[hash]) {
                Err(SendError::Full { .. }) => break,
                result => drop(result.unwrap()),
            }
            self.waiting.pop_front();
        }
    }

    fn is_done(&self) -> bool {
        self.heard == ASKED
            && self.waiting.is_empty()
            && self.id.is_some_and(|id| self.peers.get(id).is_some_and(|peer| peer.queued() == 0))
    }
}

/// Blocks of 367 kB.
fn blocks(count: u32) -> BTreeMap<Hash, Message> {
    let output = |value| TxOut { value, version: 0, pk_script: &[0x51; 40] };
    let transaction = |number: i64| {
        let outputs: Vec<_> = (0..10).map(|value| output(10 * number + value)).collect();
        Transaction::new(1, &[], &outputs, 0, 0).unwrap()
    };
    let transactions: Vec<_> = (0..700).map(transaction).collect();
    let block =
        |height| Block::new(&BlockHeader { height, ..BlockHeader::default() }, &transactions, &[]).unwrap();
    (0..count).map(block).map(|block| (block.header().hash(), Message::Block(block))).collect()
}

#[test]
fn two_nodes_that_ask_each_other_for_more_than_their_queues_hold_get_it() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
    let address = listener.local_addr().unwrap();
    let (mut near, mut far) = (Owner::new(&poll, 1..2, 1), Owner::new(&poll, 2..3, 2));
    near.peers.connect(address, connection_info(address, 0)).unwrap();
    let (blocks, mut turns) = (blocks(100), Turns::default());
    while !near.is_done() || !far.is_done() {
        turns.next();
        let timeout = near.peers.timeout().into_iter().chain(far.peers.timeout()).min();
        poll.poll(&mut events, timeout).unwrap();
        for event in &events {
            if !near.peers.ready(event) && !far.peers.ready(event) {
                let (stream, from) = listener.accept().unwrap();
                far.peers.insert(stream, Direction::Inbound, connection_info(from, 0)).unwrap();
            }
        }
        near.run(&blocks);
        far.run(&blocks);
    }
}
