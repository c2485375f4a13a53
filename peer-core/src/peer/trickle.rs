//! Announcements that wait for company.
//!
//! The first item of a batch starts a random delay; when it is over, or when the batch is full, all of them
//! leave in one `inv`.

use alloc::vec::Vec;
use core::mem;
use core::ops::RangeInclusive;
use core::time::Duration;

use rand_core::Rng;

use crate::frame::Header;
use crate::message::Inventory;
use crate::time::Time;

/// Most items of one batch, as in the reference.
pub(crate) const BATCH: usize = 1000;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Trickle {
    waiting: Vec<Inventory>,
    due: Option<Time>,
    /// Drawn in advance, so that announcing needs no generator.
    next_delay: Duration,
}

impl Trickle {
    pub(crate) fn new(range: &RangeInclusive<Duration>, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self { waiting: Vec::new(), due: None, next_delay: draw(range, rng) }
    }

    /// Adds an item, and returns the batch if that fills it.
    pub(crate) fn push(&mut self, item: Inventory, now: Time) -> Option<Vec<Inventory>> {
        if self.waiting.is_empty() {
            self.due = Some(now + self.next_delay);
        }
        self.waiting.push(item);
        (self.waiting.len() >= BATCH).then(|| self.take())
    }

    /// The batch as it is.
    pub(crate) fn take(&mut self) -> Vec<Inventory> {
        self.due = None;
        mem::take(&mut self.waiting)
    }

    /// Draws the delay of the next batch.
    pub(crate) fn redraw(&mut self, range: &RangeInclusive<Duration>, rng: &mut (impl Rng + ?Sized)) {
        self.next_delay = draw(range, rng);
    }

    /// When the batch leaves.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Items that wait.
    pub(crate) const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that the batch will take as a frame, at most.
    pub(crate) const fn reserved(&self) -> usize {
        if self.waiting.is_empty() {
            return 0;
        }
        self.waiting.len().saturating_mul(Inventory::LEN).saturating_add(OVERHEAD)
    }

    /// Bytes that one more item will take, at most.
    pub(crate) const fn next_cost(&self) -> usize {
        if self.waiting.is_empty() { Inventory::LEN.saturating_add(OVERHEAD) } else { Inventory::LEN }
    }
}

/// A frame header and the count of an `inv`.
const OVERHEAD: usize = Header::LEN + 3;

/// A duration within the range, uniformly drawn.
fn draw(range: &RangeInclusive<Duration>, rng: &mut (impl Rng + ?Sized)) -> Duration {
    let span = range.end().saturating_sub(*range.start()).as_nanos();
    let part = span.saturating_mul(u128::from(rng.next_u64())) >> 64;
    let nanos = u64::try_from(part).unwrap_or(u64::MAX);
    range.start().saturating_add(Duration::from_nanos(nanos))
}
