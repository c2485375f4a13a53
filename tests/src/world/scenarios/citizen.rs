//! A node that keeps connections, talks at random and answers what it is asked.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use peer_core::message::{
    Address, GetInitState, Inventory, InventoryKind, List, MiningState, NetAddressV2, Ping, Raw,
};
use peer_core::{Command, Direction, Event, Hash, Message, Services};

use super::super::{ConnectionId, Ended, Logic, NodeId, Turn};
use crate::pair::WALL_CLOCK;
use crate::samples;

/// What a citizen does by itself.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// Outbound connections that it keeps.
    pub(super) keeps: u32,
    /// It says something at random so often on average; never where that is zero.
    pub(super) talks: Duration,
    /// Of ten blocks that it makes, how many are large.
    pub(super) large: u64,
    /// Bytes of a large block, at least and at most.
    pub(super) sizes: (u64, u64),
    /// Passes on what it learns, and tells new neighbours what it has.
    pub(super) relays: bool,
    /// Ends connections at times.
    pub(super) leaves: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Citizen {
    habits: Habits,
    /// What it has, by name.
    store: BTreeMap<Inventory, Message>,
    /// What it asked for, and where.
    asked: BTreeMap<Inventory, ConnectionId>,
    /// How many things it made.
    made: u32,
    /// Answers that it owes and found no room for.
    unsent: BTreeSet<(ConnectionId, Inventory)>,
    /// The node it dialled, while that connection lasts.
    dialled: BTreeMap<ConnectionId, NodeId>,
}

/// Reasons to wake up.
const TALK: u64 = 0;
const DIAL: u64 = 1;
const RETRY: u64 = 2;

/// Most things that are kept.
const STORE: usize = 300;

/// Most things that a batch announces. No one here has more to tell at once.
const BATCH: usize = 1000;

impl Citizen {
    pub(super) fn new(habits: Habits) -> Self {
        let (store, asked, unsent, dialled) = Default::default();
        Self { habits, store, asked, made: 0, unsent, dialled }
    }

    /// What it has.
    pub(super) fn items(&self) -> impl Iterator<Item = &Inventory> {
        self.store.keys()
    }

    /// Says nothing by itself from now on.
    pub(super) const fn hush(&mut self) {
        self.habits.talks = Duration::ZERO;
    }

    /// Makes something new and announces it.
    pub(super) fn make(&mut self, kind: InventoryKind, turn: &mut Turn<'_>) -> Inventory {
        self.made += 1;
        let number = turn.node().number() << 16 | self.made;
        let message = if kind == InventoryKind::TX {
            Message::Tx(samples::tx(number))
        } else if turn.draw(10) < self.habits.large {
            let (least, most) = self.habits.sizes;
            let len = least + turn.draw(most - least);
            Message::Block(samples::large_block(usize::try_from(len).unwrap()))
        } else {
            Message::Block(samples::block(number))
        };
        let item = name(&message).unwrap();
        self.keep(item, message);
        for connection in turn.connections().to_vec() {
            announce(connection, item, turn);
        }
        item
    }

    fn make_some(&mut self, kind: InventoryKind, count: u64, turn: &mut Turn<'_>) {
        for _ in 0..count {
            self.make(kind, turn);
        }
    }

    fn keep(&mut self, item: Inventory, message: Message) {
        self.store.insert(item, message);
        if self.store.len() > STORE {
            self.store.pop_first();
        }
    }

    /// Dials a node that it has not dialled, if there is one: two connections to the same one leave four nodes in two halves.
    fn dial(&mut self, turn: &mut Turn<'_>) {
        let others = (0..turn.nodes()).map(NodeId::new).filter(|node| *node != turn.node());
        let (known, new): (Vec<_>, Vec<_>) =
            others.partition(|node| self.dialled.values().any(|dialled| dialled == node));
        let from = if new.is_empty() { known } else { new };
        let node = from[usize::try_from(turn.draw(from.len() as u64)).unwrap()];
        self.dialled.insert(turn.dial(node), node);
    }

    fn next_talk(&self, turn: &mut Turn<'_>) {
        let mean = u64::try_from(self.habits.talks.as_millis()).unwrap();
        if mean > 0 {
            let pause = turn.draw(2 * mean);
            turn.wake_in(Duration::from_millis(1 + pause), TALK);
        }
    }

    fn talk(&mut self, turn: &mut Turn<'_>) {
        let Some(connection) = turn.draw_connection() else { return };
        match turn.draw(16) {
            0..=3 => self.make_some(InventoryKind::TX, 1, turn),
            4 => self.make_some(InventoryKind::BLOCK, 1, turn),
            5 => {
                let count = turn.draw(40);
                self.make_some(InventoryKind::TX, count, turn);
            }
            6 => Self::flood(connection, turn),
            7 if self.habits.leaves => leave(connection, turn),
            8 => look_away(connection, 150_000, turn),
            9 => request_chain(connection, turn),
            10 => {
                let item = unheard(turn);
                self.ask(connection, vec![item], turn);
            }
            11 => say(connection, &Message::GetInitState(GetInitState::default()), turn),
            12 => say(connection, &Message::GetMinings, turn),
            13 => say(connection, &Message::MemPool, turn),
            14 => say(connection, &Message::GetAddr, turn),
            _ => {
                let nonce = turn.draw(u64::MAX);
                say(connection, &Message::Ping(Ping { nonce }), turn);
            }
        }
    }

    /// Announces more than fits into a batch, of things that no one has.
    fn flood(connection: ConnectionId, turn: &mut Turn<'_>) {
        for _ in 0..turn.draw(1200) {
            let item = unheard(turn);
            turn.announce(connection, item).ok();
        }
    }

    fn ask(&mut self, connection: ConnectionId, items: Vec<Inventory>, turn: &mut Turn<'_>) {
        if !items.is_empty() && turn.send(connection, &samples::getdata(items.clone())).is_ok() {
            self.asked.extend(items.into_iter().map(|item| (item, connection)));
        }
    }

    fn on_inv(&mut self, connection: ConnectionId, items: &[Inventory], turn: &mut Turn<'_>) {
        assert!(items.len() <= BATCH, "{} items in an inv on {connection}", items.len());
        items.iter().for_each(|item| turn.add_known(connection, item));
        let is_new = |item: &&Inventory| !self.store.contains_key(item) && !self.asked.contains_key(item);
        let news =
            items.iter().filter(is_new).take(STORE.saturating_sub(self.asked.len())).copied().collect();
        self.ask(connection, news, turn);
    }

    fn on_getdata(&mut self, connection: ConnectionId, items: &[Inventory], turn: &mut Turn<'_>) {
        let (there, missing): (Vec<_>, Vec<_>) =
            items.iter().copied().partition(|item| self.store.contains_key(item));
        if !missing.is_empty() {
            say(connection, &samples::notfound(missing), turn);
        }
        for item in there {
            self.answer(connection, item, turn);
        }
    }

    fn answer(&mut self, connection: ConnectionId, item: Inventory, turn: &mut Turn<'_>) {
        let Some(answer) = self.store.get(&item) else { return };
        if turn.send(connection, answer).is_err() && turn.peer(connection).is_some() {
            // Full: a citizen that keeps its word tries again when there may be room.
            if self.unsent.is_empty() {
                turn.wake_in(Duration::from_secs(1), RETRY);
            }
            self.unsent.insert((connection, item));
        }
    }

    fn on_message(&mut self, connection: ConnectionId, message: Message, turn: &mut Turn<'_>) {
        match message {
            Message::Inv(inv) => self.on_inv(connection, &inv.inventory, turn),
            Message::GetData(get) => self.on_getdata(connection, &get.inventory, turn),
            Message::NotFound(missing) => {
                for item in missing.inventory.iter() {
                    self.asked.remove(item);
                }
            }
            Message::Tx(_) | Message::Block(_) => self.learn(connection, message, turn),
            Message::GetHeaders(_) => say(connection, &samples::headers(), turn),
            Message::GetBlocks(_) | Message::MemPool => {
                let items: Vec<_> = self.store.keys().copied().collect();
                say(connection, &samples::inv(items), turn);
            }
            Message::GetAddr => send_addresses(connection, turn),
            Message::GetInitState(_) => say(connection, &Message::InitState(Box::default()), turn),
            Message::GetMinings => say(connection, &mining_state(), turn),
            _ => {}
        }
    }

    fn learn(&mut self, connection: ConnectionId, message: Message, turn: &mut Turn<'_>) {
        let Some(item) = name(&message) else { return };
        turn.add_known(connection, &item);
        self.asked.remove(&item);
        if self.store.contains_key(&item) {
            return;
        }
        self.keep(item, message);
        if self.habits.relays {
            for other in turn.connections().to_vec() {
                announce(other, item, turn);
            }
        }
    }
}

impl Logic for Citizen {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        (0..self.habits.keeps).for_each(|_| self.dial(turn));
        self.next_talk(turn);
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Established if self.habits.relays => {
                for item in self.store.keys().copied().collect::<Vec<_>>() {
                    announce(connection, item, turn);
                }
            }
            Event::Message(message) => self.on_message(connection, message, turn),
            _ => {}
        }
    }

    fn on_ended(&mut self, connection: ConnectionId, _: &Ended, turn: &mut Turn<'_>) {
        self.asked.retain(|_, asked| *asked != connection);
        self.unsent.retain(|(unsent, _)| *unsent != connection);
        self.dialled.remove(&connection);
        if connection.direction() == Direction::Outbound && self.habits.keeps > 0 {
            let pause = turn.draw(60_000);
            turn.wake_in(Duration::from_millis(500 + pause), DIAL);
        }
    }

    fn on_wake(&mut self, reason: u64, turn: &mut Turn<'_>) {
        match reason {
            TALK if self.habits.talks.is_zero() => {}
            TALK => {
                self.talk(turn);
                self.next_talk(turn);
            }
            DIAL => self.dial(turn),
            _ => {
                for (connection, item) in core::mem::take(&mut self.unsent) {
                    self.answer(connection, item, turn);
                }
            }
        }
    }
}

/// What is announced where it may be, now or in a batch.
fn announce(connection: ConnectionId, item: Inventory, turn: &mut Turn<'_>) {
    // Before the handshake is complete, and when the queue is full, it is left out.
    if item.kind == InventoryKind::BLOCK {
        turn.announce_now(connection, item).ok();
    } else {
        turn.announce(connection, item).ok();
    }
}

/// Ends a connection, at once or when all is said.
pub(super) fn leave(connection: ConnectionId, turn: &mut Turn<'_>) {
    match turn.draw(2) {
        0 => turn.close(connection),
        _ => {
            let within = turn.draw(60_000);
            turn.leave(connection, Duration::from_millis(within));
        }
    }
}

/// Takes no events for up to so many milliseconds, or does nothing at all for the connection.
pub(super) fn look_away(connection: ConnectionId, most: u64, turn: &mut Turn<'_>) {
    let pause = Duration::from_millis(turn.draw(most));
    match turn.draw(2) {
        0 => turn.hold(connection, pause),
        _ => turn.hold_events(connection, pause),
    }
}

/// Says it where that is possible.
fn say(connection: ConnectionId, message: &Message, turn: &mut Turn<'_>) {
    turn.send(connection, message).ok();
}

/// Asks for blocks, for headers, or in a word that no one knows.
fn request_chain(connection: ConnectionId, turn: &mut Turn<'_>) {
    match turn.draw(5) {
        0 => say(connection, &samples::getblocks(), turn),
        1 => say(connection, &Message::SendHeaders, turn),
        2 => {
            let command = Command::new("gossip").unwrap();
            say(connection, &Message::Raw(Raw { command, payload: Bytes::from_static(b"psst") }), turn);
        }
        _ => say(connection, &samples::getheaders(), turn),
    }
}

/// The name of a transaction that no one has.
fn unheard(turn: &mut Turn<'_>) -> Inventory {
    Inventory::tx(Hash::digest(&turn.draw(u64::MAX).to_le_bytes()))
}

pub(super) fn send_addresses(connection: ConnectionId, turn: &mut Turn<'_>) {
    let address = |number: u32| NetAddressV2 {
        timestamp: WALL_CLOCK,
        services: Services::NODE_NETWORK,
        address: Address::Ipv4(number.to_be_bytes().into()),
        port: 18_555,
    };
    let count = u32::try_from(turn.draw(1500)).unwrap();
    let addresses: Vec<_> = (1..=count).map(|number| address(0x0a00_0000 | number)).collect();
    let mut rng = turn.rng().clone();
    if let Some((machine, now)) = turn.machine(connection) {
        machine.send_addresses(&addresses, &mut rng, now).ok();
    }
    *turn.rng() = rng;
}

fn mining_state() -> Message {
    let (block_hashes, vote_hashes) = (List::new(), List::new());
    Message::MiningState(MiningState { version: 1, height: 0, block_hashes, vote_hashes })
}

/// What a message is called in an inventory.
fn name(message: &Message) -> Option<Inventory> {
    match message {
        Message::Tx(tx) => Some(Inventory::tx(tx.hash())),
        Message::Block(block) => Some(Inventory::block(block.hash())),
        _ => None,
    }
}
