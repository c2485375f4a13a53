//! What the remote is known to have: a bounded set of recent inventory.

use alloc::boxed::Box;
use core::hash::{BuildHasherDefault, Hash as _, Hasher};
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
    items: Option<Box<Items>>,
}

#[derive(Clone, Debug)]
struct Items {
    recent: LruCache<u64, Standing, BuildHasherDefault<AsIs>>,
    /// How many of them wait.
    waiting: usize,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Waits to be announced.
    Waiting,
    /// The remote has known it since then.
    Since(Time),
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

    /// Whether the remote is known to have `item`.
    pub(crate) fn contains(&self, item: &Inventory, now: Time, lifetime: Duration) -> bool {
        self.standing(item).is_some_and(|standing| standing.is_known(now, lifetime))
    }

    /// Notes that the remote has `item` as of `now`, and returns whether that is news.
    pub(crate) fn insert(&mut self, item: &Inventory, now: Time, limits: Limits) -> bool {
        let before = self.put(item, Standing::Since(now), limits.items);
        !before.is_some_and(|standing| standing.is_known(now, limits.lifetime))
    }

    /// Whether `item` waits to be announced.
    pub(crate) fn is_waiting(&self, item: &Inventory) -> bool {
        self.standing(item) == Some(Standing::Waiting)
    }

    /// Notes that `item` waits to be announced.
    pub(crate) fn wait(&mut self, item: &Inventory, limits: Limits) {
        self.put(item, Standing::Waiting, limits.items);
    }

    /// Sets how `item` stands. What waits is never forgotten; of the rest the least recent is, above `limit`.
    fn put(&mut self, item: &Inventory, standing: Standing, limit: NonZeroUsize) -> Option<Standing> {
        let fingerprint = self.fingerprint(item);
        self.items.get_or_insert_with(Items::new).put(fingerprint, standing, limit)
    }

    fn standing(&self, item: &Inventory) -> Option<Standing> {
        self.items.as_ref()?.recent.peek(&self.fingerprint(item)).copied()
    }

    fn fingerprint(&self, item: &Inventory) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        item.hash(&mut hasher);
        hasher.finish()
    }
}

impl Items {
    fn new() -> Box<Self> {
        let recent = LruCache::unbounded_with_hasher(BuildHasherDefault::default());
        Box::new(Self { recent, waiting: 0 })
    }

    fn put(&mut self, fingerprint: u64, standing: Standing, limit: NonZeroUsize) -> Option<Standing> {
        let before = self.recent.put(fingerprint, standing);
        self.waiting = self.waiting.saturating_add(usize::from(standing == Standing::Waiting));
        self.waiting = self.waiting.saturating_sub(usize::from(before == Some(Standing::Waiting)));
        while self.recent.len() > limit.get().saturating_add(self.waiting) {
            if let Some((fingerprint, Standing::Waiting)) = self.recent.pop_lru() {
                self.recent.put(fingerprint, Standing::Waiting);
            }
        }
        before
    }
}

impl Standing {
    fn is_known(self, now: Time, lifetime: Duration) -> bool {
        match self {
            Self::Waiting => false,
            Self::Since(time) => now.saturating_since(time) < lifetime,
        }
    }
}

/// How many items, and how long each counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) items: NonZeroUsize,
    pub(crate) lifetime: Duration,
}
