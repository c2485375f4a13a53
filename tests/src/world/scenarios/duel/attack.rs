//! What a hostile remote says: anything but the answer that it withholds.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use peer_core::message::{Inventory, InventoryKind};
use peer_core::{Message, Time};

use super::hostile::TURN;
use super::{Table, a_while, between, magnitude, once_in, one_of};
use crate::samples::{headers, inv_of, item, large_block, notfound, ping, tx, usual_tx_of};

/// Bytes that a remote may say at any rate. Behind them it is slow, so that no seed takes long.
const FAST: usize = 60_000;

/// How many items are asked for in a world, at most. The number of an item is its nonce.
pub(super) const ITEMS: u32 = 24;

/// A kind of frame.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Always the same, made in advance.
    Junk(usize),
    /// Says of one open item that it is not there, and the same of many that no one asked for.
    Padded,
    /// One open transaction, unless it is the last open item.
    Answer,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Attack {
    junk: Vec<Vec<u8>>,
    kinds: Vec<Kind>,
    stream: VecDeque<u8>,
    /// Bytes said so far.
    said: usize,
    rate: u64,
    gap: Duration,
    pub(super) next: Time,
    padding: u32,
    /// It pings once for each turn of the driver.
    echoes: bool,
    /// Its bytes never let the transport run dry.
    pub(super) floods: bool,
}

impl Attack {
    pub(super) fn new(table: &mut Table) -> Self {
        let junk = junk(table);
        let rng = &mut table.rng;
        let floods = once_in(rng, 1024);
        let all: Vec<_> = (0..junk.len()).map(Kind::Junk).chain([Kind::Padded, Kind::Answer]).collect();
        let kinds = (0..between(rng, 1, 3)).map(|_| one_of(rng, &all)).collect();
        let padding = u32::try_from(magnitude(rng, 1, 3000)).unwrap();
        let (stream, next) = (VecDeque::new(), Time::ZERO);
        Self {
            junk,
            kinds,
            stream,
            said: 0,
            rate: 1,
            gap: Duration::ZERO,
            next,
            padding,
            echoes: false,
            floods,
        }
    }

    /// Goes on at another pace, or is silent for a while.
    pub(super) fn turn(&mut self, table: &mut Table) {
        let floor = table.machine.node().config().min_receive_rate();
        let rng = &mut table.rng;
        self.rate = match between(rng, 0, 3) {
            // Where a frame buys as much time as it takes to come.
            0 | 1 => floor * between(rng, 95, 115) / 100,
            _ => magnitude(rng, 1, 1_000_000),
        };
        self.gap = a_while(rng, 100, 20_000);
        self.echoes = once_in(rng, 16);
        if once_in(rng, 4) {
            self.next = table.now + a_while(rng, 1000, 40_000);
        }
    }

    /// The next bytes, and when more come.
    pub(super) fn say(&mut self, table: &mut Table, open: &BTreeSet<Inventory>) -> Vec<u8> {
        if self.echoes {
            self.next = table.now + TURN;
            return self.stream.drain(..).chain(self.junk[0].iter().copied()).collect();
        }
        let left = FAST.saturating_sub(self.said);
        let rate = if left == 0 { self.rate.min(6000) } else { self.rate };
        let mut gap = self.gap;
        // As the machine is about to look, or just did.
        if once_in(&mut table.rng, 8)
            && let Some((at, _)) = table.machine.next_timeout()
        {
            let edge = Duration::from_millis(one_of(&mut table.rng, &[0, 1, 2]));
            let at = Time::from_elapsed(at.elapsed().saturating_sub(Duration::from_millis(1))) + edge;
            gap = at.saturating_since(table.now).min(gap).max(Duration::from_millis(1));
        }
        let count = usize::try_from(u128::from(rate) * gap.as_millis() / 1000).unwrap().max(1);
        self.next = table.now + gap;
        self.bytes(count.min(left.max(40_000)), table, open)
    }

    /// So many bytes, wherever that cuts a frame.
    pub(super) fn bytes(&mut self, count: usize, table: &mut Table, open: &BTreeSet<Inventory>) -> Vec<u8> {
        while self.stream.len() < count {
            let frame = self.frame(table, open);
            self.stream.extend(frame);
        }
        self.said += count;
        self.stream.drain(..count).collect()
    }

    fn frame(&self, table: &mut Table, open: &BTreeSet<Inventory>) -> Vec<u8> {
        match one_of(&mut table.rng, &self.kinds) {
            Kind::Junk(number) => self.junk[number].clone(),
            Kind::Padded => {
                let others = (100_000..100_000 + self.padding).map(item);
                let told = open.iter().next().filter(|_| open.len() > 1).copied();
                table.encode(&notfound(told.into_iter().chain(others).collect::<Vec<_>>()))
            }
            Kind::Answer => {
                let mut transactions = open.iter().filter(|item| item.kind == InventoryKind::TX);
                let wanted = transactions.next_back().filter(|_| open.len() > 1);
                let number = (0..ITEMS).find(|number| wanted == Some(&super::asked::wanted(*number)));
                number.map_or_else(|| self.junk[0].clone(), |number| table.encode(&Message::Tx(tx(number))))
            }
        }
    }
}

/// Frames that answer nothing, or look as if they did.
fn junk(table: &mut Table) -> Vec<Vec<u8>> {
    let few = u32::try_from(magnitude(&mut table.rng, 1, 1000)).unwrap();
    let inputs = usize::try_from(magnitude(&mut table.rng, 1, 1000)).unwrap();
    let padding = usize::try_from(magnitude(&mut table.rng, 1, 150_000)).unwrap();
    let all = [
        ping(1),
        inv_of(few),
        inv_of(10),
        headers(),
        Message::Tx(usual_tx_of(inputs, 7)),
        Message::Tx(usual_tx_of(1, 7)),
        Message::Block(large_block(padding)),
    ];
    all.iter().map(|message| table.encode(message)).collect()
}
