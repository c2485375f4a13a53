//! What the connections of one node share: its configuration, and the nonces by which it detects self-connections.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering;

#[cfg(not(target_has_atomic = "64"))]
use portable_atomic::AtomicU64;

use crate::config::Config;

/// One node's identity on the network. Cheap to clone; clones are the same node.
///
/// A self-connection is a connection between two peers of the same node, so the node holds the nonces. Two nodes in one
/// process, as in every simulation, are different nodes.
#[derive(Clone)]
pub struct Node(Arc<Shared>);

struct Shared {
    config: Config,
    slots: Box<[Slot]>,
}

/// Room for one outbound handshake.
#[derive(Default)]
struct Slot {
    /// The nonce of the open handshake; 0 if there is none.
    nonce: AtomicU64,
    /// Twice the number of handshakes that had this slot, plus 1 if a peer of this node has received the nonce of the
    /// last one. If the slot changes its owner while a hit is noted, the number differs from the one read first and the
    /// hit is dropped, even if both handshakes have the same nonce.
    hits: AtomicU64,
}

impl Slot {
    /// Takes the slot for a handshake, with its nonce, if it is free. No remote has seen the nonce yet.
    fn take(&self, nonce: u64) -> bool {
        let is_free = self.nonce.compare_exchange(0, nonce, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if is_free {
            // Only the handshake that took the slot counts up. A hit at the same time belongs to the one before.
            let next = (self.hits.load(Ordering::Relaxed) | HIT).wrapping_add(1);
            self.hits.store(next, Ordering::Release);
        }
        is_free
    }

    /// Whether the handshake that has the slot has this nonce. If so, notes the hit.
    fn hit(&self, nonce: u64) -> bool {
        let has_it = || self.nonce.load(Ordering::Acquire) == nonce;
        if !has_it() {
            return false;
        }
        let hits = self.hits.load(Ordering::Acquire);
        if has_it() {
            // Fails if the hit was noted before, or if another handshake has taken the slot.
            self.hits.compare_exchange(hits & !HIT, hits | HIT, Ordering::AcqRel, Ordering::Relaxed).ok();
        }
        true
    }

    /// Whether the handshake that has the slot was hit.
    fn saw_self(&self) -> bool {
        self.hits.load(Ordering::Acquire) & HIT != 0
    }
}

/// The bit of [`Slot::hits`] that tells of a hit.
const HIT: u64 = 1;

impl Node {
    /// A node with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let slots = (0..config.open_handshakes).map(|_| Slot::default()).collect();
        Self(Arc::new(Shared { config, slots }))
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Enters the nonce of an outbound handshake, which is not 0. `None` where the table is full.
    pub(crate) fn open(&self, nonce: u64) -> Option<NonceGuard> {
        let index = self.0.slots.iter().position(|slot| slot.take(nonce))?;
        Some(NonceGuard(Arc::new(Entry { node: self.clone(), index })))
    }

    /// Whether `nonce` belongs to an open outbound handshake of this node. If so, that handshake learns of it.
    ///
    /// The remote of that handshake knows the nonce and can send it back, here or on another connection. Both connections
    /// then end as self-connections, and the remote learns that they belong to one node. Once the handshake is over, the
    /// nonce has no meaning.
    pub(crate) fn is_own(&self, nonce: u64) -> bool {
        nonce != 0 && self.0.slots.iter().any(|slot| slot.hit(nonce))
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// An outbound handshake's slot in the table, freed when the last clone is dropped. Clones of a peer share it.
#[derive(Clone, Debug)]
pub(crate) struct NonceGuard(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    node: Node,
    index: usize,
}

impl Entry {
    fn slot(&self) -> Option<&Slot> {
        debug_assert!(self.index < self.node.0.slots.len());
        self.node.0.slots.get(self.index)
    }
}

impl NonceGuard {
    /// Whether the other end of this handshake turned out to be this node.
    pub(crate) fn saw_self(&self) -> bool {
        self.0.slot().is_some_and(Slot::saw_self)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(slot) = self.slot() {
            slot.nonce.store(0, Ordering::Release);
        }
    }
}
