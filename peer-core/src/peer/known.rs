//! What the remote is known to have: a bounded set of recent inventory.

use alloc::boxed::Box;
use core::hash::{BuildHasherDefault, Hasher};
use core::num::NonZeroUsize;
use core::time::Duration;

use lru::LruCache;
use siphasher::sip::SipHasher13;

use crate::message::Inventory;
use crate::time::Time;

/// Recently used items, by keyed fingerprints of 64 bits. Nothing is allocated before the first one comes.
///
/// The key is drawn for each peer, so nobody can aim at a collision; the price of one is a single
/// announcement missed by a single peer.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    key: (u64, u64),
    /// Each with the time since which the remote has known it.
    items: Option<Box<LruCache<Fingerprint, Time, BuildHasherDefault<AsIs>>>>,
}

/// What stands for an item, to be worked out once for all that is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// A number that nobody without the key can tell from a random one.
    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

/// Hashes a fingerprint to itself.
#[derive(Debug, Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl Known {
    pub(crate) const fn new(key: (u64, u64)) -> Self {
        Self { key, items: None }
    }

    pub(crate) fn fingerprint(&self, item: &Inventory) -> Fingerprint {
        Fingerprint(SipHasher13::new_with_keys(self.key.0, self.key.1).hash(&item.to_wire()))
    }

    /// Whether the remote is known to have `item`.
    pub(crate) fn contains(&self, item: Fingerprint, now: Time, lifetime: Duration) -> bool {
        let since = self.items.as_ref().and_then(|items| items.peek(&item));
        since.is_some_and(|since| counts(*since, now, lifetime))
    }

    /// As [`contains`](Self::contains), but what is asked about is forgotten later. How long it counts stays the same.
    pub(crate) fn recall(&mut self, item: Fingerprint, now: Time, lifetime: Duration) -> bool {
        let since = self.items.as_mut().and_then(|items| items.get(&item));
        since.is_some_and(|since| counts(*since, now, lifetime))
    }

    /// Notes that the remote has `item` as of `now`, and returns whether that is news. The least recent item is
    /// forgotten where there are too many.
    pub(crate) fn insert(&mut self, item: Fingerprint, now: Time, limits: Limits) -> bool {
        let empty = || Box::new(LruCache::unbounded_with_hasher(BuildHasherDefault::default()));
        let items = self.items.get_or_insert_with(empty);
        let before = items.put(item, now);
        if items.len() > limits.items.get() {
            items.pop_lru();
        }
        !before.is_some_and(|since| counts(since, now, limits.lifetime))
    }
}

/// Whether it still counts that an item was known `since` then.
fn counts(since: Time, now: Time, lifetime: Duration) -> bool {
    now.saturating_since(since) < lifetime
}

/// How many items, and how long each counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) items: NonZeroUsize,
    pub(crate) lifetime: Duration,
}
