//! A node that passes transactions on: inv, getdata, tx, inv.

use std::collections::{BTreeMap, BTreeSet};

use peer_core::message::Inventory;
use peer_core::{Event, Message, Time};

use super::super::{ConnectionId, Logic, Turn};
use crate::samples;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Relay {
    /// Nodes that it dials.
    pub(super) dials: u32,
    /// Announces in batches after a delay, or each item at once.
    pub(super) trickles: bool,
    /// What it has, by name, and when it came.
    pub(super) store: BTreeMap<Inventory, (Message, Time)>,
    asked: BTreeSet<Inventory>,
}

impl Relay {
    pub(super) const fn new(dials: u32, trickles: bool) -> Self {
        Self { dials, trickles, store: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// Takes what is new and announces it to every neighbour.
    pub(super) fn learn(&mut self, message: Message, turn: &mut Turn<'_>) {
        let Message::Tx(tx) = &message else { return };
        let item = Inventory::tx(tx.hash());
        let now = turn.now();
        self.store.insert(item, (message, now));
        for index in 0..turn.connections().len() {
            let Some(connection) = turn.connections().get(index).copied() else { break };
            let announced = if self.trickles {
                turn.announce(connection, item)
            } else {
                turn.announce_now(connection, item)
            };
            // A neighbour without a complete handshake hears of it from others.
            announced.ok();
        }
    }

    fn ask_for_news(&mut self, connection: ConnectionId, items: &[Inventory], turn: &mut Turn<'_>) {
        let is_new = |item: &&Inventory| !self.store.contains_key(item) && !self.asked.contains(item);
        let news: Vec<_> = items.iter().filter(is_new).copied().collect();
        items.iter().for_each(|item| turn.add_known(connection, item));
        if !news.is_empty() && turn.send(connection, &samples::getdata(news.clone())).is_ok() {
            self.asked.extend(news);
        }
    }
}

impl Logic for Relay {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        let mut chosen = BTreeSet::from([turn.node()]);
        let most = turn.nodes().min(self.dials + 1) as usize;
        while chosen.len() < most {
            let node = turn.draw_node();
            if chosen.insert(node) {
                turn.dial(node);
            }
        }
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Message(Message::Inv(inv)) => self.ask_for_news(connection, &inv.inventory, turn),
            Event::Message(Message::GetData(get)) => {
                for item in get.inventory.iter() {
                    let (answer, _) = &self.store[item];
                    turn.send(connection, answer).expect("there is room");
                }
            }
            Event::Message(tx @ Message::Tx(_)) => self.learn(tx, turn),
            _ => {}
        }
    }
}
