//! The statistics of an open connection, for callers that cannot wait.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use peer_core::{Peer, Stats};

/// See the [module](self). Until the first call of `look` it has no memory, and the driver publishes nothing.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    published: OnceLock<Box<Mutex<Option<Stats>>>>,
}

impl Snapshot {
    /// The latest statistics. The driver publishes them from the first call on, so the first call returns `None`.
    pub(crate) fn look(&self) -> Option<Stats> {
        lock(self.published.get_or_init(Box::default)).clone()
    }

    /// Publishes new statistics if they have been looked at.
    pub(crate) fn publish(&self, peer: &Peer) {
        if let Some(published) = self.published.get() {
            *lock(published) = Some(peer.stats());
        }
    }
}

fn lock(published: &Mutex<Option<Stats>>) -> MutexGuard<'_, Option<Stats>> {
    published.lock().unwrap_or_else(PoisonError::into_inner)
}
