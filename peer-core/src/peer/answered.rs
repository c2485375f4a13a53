//! Items that were answered recently and may be answered again.
//!
//! An honest remote may answer twice: an item that was requested twice, or a transaction that it sent by itself, which
//! crossed our request and is then answered by a `notfound`.

use alloc::collections::BTreeMap;
use core::mem;
use core::time::Duration;

use crate::message::{Inventory, InventoryKind};
use crate::time::Time;

/// How long an item is kept at least, on the clock of waiting, unless too many were answered after it.
const KEPT: Duration = Duration::from_secs(30);

/// Most items of a generation: as many as one `getdata` requests, because its `notfound` comes after all its answers.
const GENERATION: usize = 50_000;

/// Two generations of items. Either is dropped as a whole, so that no item needs a time of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answered {
    /// Each with the number of answers that may still come.
    newer: BTreeMap<Inventory, u32>,
    older: BTreeMap<Inventory, u32>,
    /// When `newer` began.
    since: Time,
}

impl Answered {
    /// Admits `count` more answers for at least [`KEPT`] from `waited` on.
    pub(crate) fn add(&mut self, item: Inventory, count: u32, waited: Time) {
        self.expire(waited);
        if self.newer.len() >= GENERATION {
            self.older = mem::take(&mut self.newer);
        }
        if self.newer.is_empty() {
            self.since = waited;
        }
        let left = self.newer.entry(item).or_default();
        *left = left.saturating_add(count);
    }

    /// Whether an answer is admitted. If so, it counts as one of those.
    pub(crate) fn take(&mut self, item: Inventory) -> bool {
        take(&mut self.newer, item) || take(&mut self.older, item)
    }

    pub(crate) fn contains_kind(&self, kind: InventoryKind) -> bool {
        super::requests::has_kind(&self.newer, kind) || super::requests::has_kind(&self.older, kind)
    }

    /// Drops what was answered long ago, in two steps, so that one wrong time drops nothing.
    pub(crate) fn expire(&mut self, waited: Time) {
        if waited.saturating_since(self.since) >= KEPT && !self.is_empty() {
            self.older = mem::take(&mut self.newer);
            self.since = waited;
        }
    }

    /// The clock went back, to `waited` on the clock of waiting. Everything kept gets its whole time again, unless too
    /// much was answered since.
    pub(crate) fn restart(&mut self, waited: Time) {
        self.since = waited;
        if self.newer.len().saturating_add(self.older.len()) <= GENERATION {
            for (item, count) in mem::take(&mut self.older) {
                let left = self.newer.entry(item).or_default();
                *left = left.saturating_add(count);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.newer.is_empty() && self.older.is_empty()
    }
}

fn take(items: &mut BTreeMap<Inventory, u32>, item: Inventory) -> bool {
    let Some(left) = items.get_mut(&item) else { return false };
    debug_assert!(*left > 0, "an item that is kept admits a response");
    *left = left.saturating_sub(1);
    if *left == 0 {
        items.remove(&item);
    }
    true
}
