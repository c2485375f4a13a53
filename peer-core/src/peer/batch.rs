//! Batches announcements: the first item starts a random delay, then one `inv` carries all. A full batch leaves at
//! once.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use rand_core::Rng;

use super::known::Fingerprint;
use crate::frame::Header;
use crate::message::Inventory;
use crate::time::Time;

/// Most items of one batch, as in the reference.
pub(crate) const BATCH: usize = 1000;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Trickle {
    batch: Option<Box<Batch>>,
    /// The delay of the next batch in nanoseconds. Drawn in advance, so that announcing needs no generator.
    next_delay: u64,
}

/// Items that wait, at least one.
#[derive(Clone, Debug)]
struct Batch {
    items: Vec<Inventory>,
    /// Keys of the items, so that none is added twice.
    fingerprints: BTreeSet<Fingerprint>,
    due: Time,
}

impl Trickle {
    pub(crate) fn new(range: &RangeInclusive<Duration>, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self { batch: None, next_delay: within(range, rng.next_u64()) }
    }

    /// Whether an item waits.
    pub(crate) fn contains(&self, item: Fingerprint) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.fingerprints.contains(&item))
    }

    /// Adds an item, and returns the batch if that fills it.
    pub(crate) fn push(
        &mut self,
        item: Inventory,
        fingerprint: Fingerprint,
        now: Time,
        range: &RangeInclusive<Duration>,
    ) -> Option<Vec<Inventory>> {
        let due = now + Duration::from_nanos(self.next_delay);
        let empty = || Box::new(Batch { items: Vec::new(), fingerprints: BTreeSet::new(), due });
        let batch = self.batch.get_or_insert_with(empty);
        batch.items.push(item);
        let is_new = batch.fingerprints.insert(fingerprint);
        debug_assert!(is_new, "an item waits once");
        debug_assert!(batch.items.len() <= BATCH, "a full batch leaves at once");
        if batch.items.len() < BATCH {
            return None;
        }
        // There is no generator here. For others, the item's secret fingerprint is as good as random.
        self.next_delay = within(range, fingerprint.get());
        Some(self.take())
    }

    /// The batch as it is.
    pub(crate) fn take(&mut self) -> Vec<Inventory> {
        self.batch.take().map(|batch| batch.items).unwrap_or_default()
    }

    /// Draws the delay of the next batch.
    pub(crate) fn redraw(&mut self, range: &RangeInclusive<Duration>, rng: &mut (impl Rng + ?Sized)) {
        self.next_delay = within(range, rng.next_u64());
    }

    /// When the batch leaves.
    pub(crate) fn due(&self) -> Option<Time> {
        self.batch.as_ref().map(|batch| batch.due)
    }

    /// Limits the time to at most `longest` after `now`.
    pub(crate) fn bound(&mut self, now: Time, longest: Duration) {
        if let Some(batch) = &mut self.batch {
            batch.due = batch.due.min(now + longest);
        }
    }

    /// Items that wait.
    pub(crate) fn len(&self) -> usize {
        self.batch.as_ref().map_or(0, |batch| batch.items.len())
    }

    /// Bytes that the batch will take as a frame, at most.
    pub(crate) fn reserved(&self) -> usize {
        reserved_for(self.len())
    }

    /// Bytes that one more item will take, at most.
    pub(crate) fn next_cost(&self) -> usize {
        if self.batch.is_none() { Inventory::LEN.saturating_add(OVERHEAD) } else { Inventory::LEN }
    }
}

/// The size of an `inv` of so many items in its frame, in bytes, at most.
pub(crate) const fn reserved_for(items: usize) -> usize {
    if items == 0 { 0 } else { items.saturating_mul(Inventory::LEN).saturating_add(OVERHEAD) }
}

/// A frame header and the count of an `inv`.
const OVERHEAD: usize = Header::LEN + 3;

/// A point within the range, at the fraction that `random` is of its own range. In nanoseconds.
fn within(range: &RangeInclusive<Duration>, random: u64) -> u64 {
    let span = range.end().saturating_sub(*range.start()).as_nanos();
    let part = span.saturating_mul(u128::from(random)) >> 64;
    u64::try_from(range.start().as_nanos().saturating_add(part)).unwrap_or(u64::MAX)
}
