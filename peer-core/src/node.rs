//! What the connections of one node share: its configuration, and the nonces by which it knows itself.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::config::Config;

/// One node's identity on the network. Cheap to clone; clones are the same node.
///
/// A self-connection is a connection between two peers of the same node, so the nonces live here: whoever
/// makes peers has a node, and two nodes in one process (as in every simulation) are strangers.
#[derive(Clone)]
pub struct Node(Arc<Shared>);

struct Shared {
    config: Config,
    slots: Box<[Slot]>,
}

/// The nonce of one outbound handshake that is open now; 0 where there is none.
#[derive(Default)]
struct Slot {
    nonce: AtomicU64,
    /// The nonce that a peer of this node has met here last. By its value, so that a hit which comes while the
    /// slot changes hands is not taken for one of the next handshake.
    met: AtomicU64,
}

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
    pub(crate) fn open(&self, nonce: u64) -> Option<Ticket> {
        let index = self.0.slots.iter().position(|slot| {
            slot.nonce.compare_exchange(0, nonce, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })?;
        Some(Ticket(Arc::new(Entry { node: self.clone(), index, nonce })))
    }

    /// Whether `nonce` belongs to an open outbound handshake of this node. If so, that handshake is told.
    pub(crate) fn is_own(&self, nonce: u64) -> bool {
        let own = self.0.slots.iter().find(|slot| nonce != 0 && slot.nonce.load(Ordering::Acquire) == nonce);
        if let Some(slot) = own {
            slot.met.store(nonce, Ordering::Release);
        }
        own.is_some()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// An outbound handshake's place in the table, given back when the last clone is dropped. Clones of a peer
/// share it.
#[derive(Clone, Debug)]
pub(crate) struct Ticket(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    node: Node,
    index: usize,
    nonce: u64,
}

impl Ticket {
    /// Whether the other end of this handshake turned out to be this node.
    pub(crate) fn is_met(&self) -> bool {
        let Entry { node, index, nonce } = &*self.0;
        node.0.slots.get(*index).is_some_and(|slot| slot.met.load(Ordering::Acquire) == *nonce)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(slot) = self.node.0.slots.get(self.index) {
            slot.nonce.store(0, Ordering::Release);
        }
    }
}
