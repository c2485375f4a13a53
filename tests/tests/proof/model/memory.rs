//! What one end must remember of what its remote has, and what it must therefore say: a list, and a batch.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use peer_core::Time;
use peer_core::message::Inventory;

/// Most items of one `inv` that was not announced at once.
pub(crate) const BATCH: usize = 1000;

/// How long the first item of a batch waits.
pub(crate) const TRICKLE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// What concerns the memory of one end.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// Its owner announced an item, perhaps at once, and was told whether that is news.
    Announced { item: Inventory, at_once: bool, is_news: bool },
    /// Its owner was told that the remote has an item.
    Known(Inventory),
    /// The delay of the batch was over.
    DelayOver,
}

/// An `inv`, and when it was sent.
pub(crate) type Sent = (Time, Vec<Inventory>);

/// Everything that an end must have sent, going by what was noted, if it remembers so many items. Panics where it
/// took something for news that is none, or the other way round, or kept a batch for too short or too long.
pub(crate) fn sent(room: usize, notes: &[(Time, Note)]) -> Vec<Sent> {
    let mut memory = Memory { room, ..Memory::default() };
    for (at, note) in notes {
        match note {
            Note::Known(item) => memory.learn(*item),
            Note::Announced { item, at_once, is_news } => {
                assert_eq!(*is_news, memory.is_news(item, *at_once), "{item:?} at {at}, at once: {at_once}");
                if *is_news {
                    memory.announce(*item, *at_once, *at);
                } else {
                    memory.recall(item);
                }
            }
            Note::DelayOver => {
                let delay = at.saturating_since(memory.began.expect("a batch waits"));
                assert!((TRICKLE.0..=TRICKLE.1).contains(&delay), "a batch that left at {at} took {delay:?}");
                memory.leave(*at);
            }
        }
    }
    memory.sent
}

#[derive(Debug, Default)]
struct Memory {
    room: usize,
    /// What the remote has, with a number that tells what was confirmed last.
    known: BTreeMap<Inventory, u64>,
    confirmed: u64,
    /// What the batch holds. It stays there when the remote comes to know it, and is sorted out when the batch leaves.
    waiting: BTreeSet<Inventory>,
    batch: Vec<Inventory>,
    began: Option<Time>,
    sent: Vec<Sent>,
}

impl Memory {
    fn is_news(&self, item: &Inventory, at_once: bool) -> bool {
        !self.known.contains_key(item) && (at_once || !self.waiting.contains(item))
    }

    /// What the remote has and was to be announced all the same is remembered longer.
    fn recall(&mut self, item: &Inventory) {
        self.confirmed += 1;
        if let Some(confirmed) = self.known.get_mut(item) {
            *confirmed = self.confirmed;
        }
    }

    fn announce(&mut self, item: Inventory, at_once: bool, at: Time) {
        if at_once {
            self.learn(item);
            self.sent.push((at, vec![item]));
            return;
        }
        self.waiting.insert(item);
        self.batch.push(item);
        self.began.get_or_insert(at);
        if self.batch.len() == BATCH {
            self.leave(at);
        }
    }

    /// What is no longer remembered is announced once more, but not twice in a batch.
    fn leave(&mut self, at: Time) {
        self.began = None;
        self.waiting.clear();
        let mut news = Vec::new();
        for item in core::mem::take(&mut self.batch) {
            if !self.known.contains_key(&item) {
                news.push(item);
            }
            self.learn(item);
        }
        if !news.is_empty() {
            self.sent.push((at, news));
        }
    }

    fn learn(&mut self, item: Inventory) {
        self.confirmed += 1;
        self.known.insert(item, self.confirmed);
        if self.known.len() > self.room {
            let oldest = self.known.iter().min_by_key(|(_, confirmed)| **confirmed).map(|(item, _)| *item);
            self.known.remove(&oldest.unwrap());
        }
    }
}
