//! What remotes are known to have, across many peers whose memory is cold.

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::hint::black_box;

use peer_core::Time;
use peer_core::message::Inventory;

use crate::machine;
use crate::measure::Work;
use crate::report::{Report, Target};
use crate::samples;

const PEERS: usize = 256;

pub fn measure(report: &mut Report) {
    report.group("known inventory: check and insert, over 256 peers that know 1,000 items each");
    let mut peers: Vec<_> = (0..PEERS).map(|_| machine::established()).collect();
    let mut sets: Vec<Plain> = (0..PEERS).map(|_| Plain::default()).collect();
    let (next, their_next) = (Cell::new(0), Cell::new(0));
    let ours = || {
        next.set(next.get() + 1);
        let item = samples::item(next.get());
        for peer in &mut peers {
            if !peer.peer().knows(&item, Time::ZERO) {
                peer.peer_mut().add_known(black_box(&item), Time::ZERO);
            }
        }
    };
    let theirs = || {
        their_next.set(their_next.get() + 1);
        let item = samples::item(their_next.get());
        sets.iter_mut().for_each(|set| set.insert(black_box(item)));
    };
    let mut ours = Work::batch("lru of keyed fingerprints", PEERS, ours);
    let mut theirs = Work::batch("std set and queue of whole items", PEERS, theirs);
    for work in [&mut ours, &mut theirs] {
        work.warm(1200);
    }
    report.line(Target::Nanoseconds(300.0, 63.0), ours, theirs);
}

/// What one would write first: whole items, the oldest forgotten.
#[derive(Default)]
struct Plain {
    set: HashSet<Inventory>,
    order: VecDeque<Inventory>,
}

impl Plain {
    fn insert(&mut self, item: Inventory) {
        if self.set.insert(item) {
            self.order.push_back(item);
        }
        if self.order.len() > 1000
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}
