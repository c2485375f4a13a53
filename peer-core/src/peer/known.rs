//! What the remote is known to have: a bounded set of recent inventory.

use alloc::boxed::Box;
use core::hash::{BuildHasherDefault, Hasher};
use core::mem;
use core::num::NonZeroUsize;
use core::time::Duration;

use lru::LruCache;
use siphasher::sip::SipHasher13;

use crate::message::Inventory;
use crate::time::Time;

/// Recently used items, as keyed fingerprints of 64 bits. Nothing is allocated before the first item.
///
/// The key is drawn for each peer, so a collision cannot be provoked. A collision costs one announcement to one peer.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    key: (u64, u64),
    items: Option<Box<Items>>,
}

/// Each item with the time since which the remote has known it.
type Cache = LruCache<Fingerprint, Time, BuildHasherDefault<AsIs>>;

/// How many items it holds; at least one.
#[derive(Clone, Debug)]
struct Items {
    cache: Cache,
    /// Items dropped since the cache was made.
    forgotten: usize,
}

/// A cache is rebuilt after it has dropped so many times its size. A removed entry may leave a mark in the hash table,
/// which doubles when marks fill it. Half as many as 1000 items do not fill it.
const MADE_ANEW_AFTER: usize = 4;

/// The fingerprint of an item, computed once for all lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// A number that looks random without the key.
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
        let since = self.items.as_ref().and_then(|items| items.cache.peek(&item));
        since.is_some_and(|since| counts(*since, now, lifetime))
    }

    /// As [`contains`](Self::contains), and makes the item recently used. Its time does not change.
    pub(crate) fn recall(&mut self, item: Fingerprint, now: Time, lifetime: Duration) -> bool {
        let since = self.items.as_mut().and_then(|items| items.cache.get(&item));
        since.is_some_and(|since| counts(*since, now, lifetime))
    }

    /// Notes that the remote has `item` as of `now`, and returns whether that is new. If there are too many items, the
    /// least recently used one is dropped.
    pub(crate) fn insert(&mut self, item: Fingerprint, now: Time, limits: Limits) -> bool {
        let before = self.items.get_or_insert_with(|| Box::new(Items::new())).insert(item, now, limits.items);
        !before.is_some_and(|since| counts(since, now, limits.lifetime))
    }
}

impl Items {
    fn new() -> Self {
        Self { cache: LruCache::unbounded_with_hasher(BuildHasherDefault::default()), forgotten: 0 }
    }

    /// Returns since when the item was known before.
    fn insert(&mut self, item: Fingerprint, now: Time, limit: usize) -> Option<Time> {
        let before = self.cache.put(item, now);
        if self.cache.len() > limit {
            self.cache.pop_lru();
            self.forgotten = self.forgotten.saturating_add(1);
            if self.forgotten >= limit.saturating_mul(MADE_ANEW_AFTER) {
                self.make_anew(limit);
            }
        }
        before
    }

    fn make_anew(&mut self, limit: usize) {
        // Room for one more: a new item is added before the oldest is dropped.
        let cache =
            LruCache::with_hasher(NonZeroUsize::MIN.saturating_add(limit), BuildHasherDefault::default());
        let mut old = mem::replace(&mut self.cache, cache);
        while let Some((item, since)) = old.pop_lru() {
            self.cache.put(item, since);
        }
        self.forgotten = 0;
    }
}

/// Whether an item known since `since` still counts as known.
fn counts(since: Time, now: Time, lifetime: Duration) -> bool {
    now.saturating_since(since) < lifetime
}

/// How many items are kept, and how long each counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) items: usize,
    pub(crate) lifetime: Duration,
}
