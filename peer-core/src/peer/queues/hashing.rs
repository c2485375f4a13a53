//! Hashes the frames that are shown, together with those that wait behind them.
//!
//! Several large payloads are hashed together in less time than one by one. So a block is hashed when its bytes are needed
//! first, and then the blocks behind it are hashed with it.

use alloc::vec;
use alloc::vec::Vec;

use super::Queues;
use crate::blake256;
use crate::hash::Hash;
use crate::peer::piece::Piece;

/// The most payloads that are hashed together: as many as there are lanes.
const AT_ONCE: usize = 16;

/// The most bytes that are hashed with what is shown. This bounds what one call does.
const MOST: usize = 4 * 1024 * 1024;

impl Queues {
    /// Hashes what is shown and, if that is faster together, what waits behind it.
    #[cold]
    pub(super) fn hash(&mut self) {
        let shown = self.front.iter().chain(&self.shown).filter_map(Piece::unhashed).count();
        if shown == 0 {
            return;
        }
        let count = shown.max(self.count_together(shown));
        let pieces = self.front.iter().chain(&self.shown).chain(&self.bulk);
        let payloads: Vec<_> = pieces.filter_map(Piece::unhashed).take(count).collect();
        let mut hashes = vec![[0; Hash::LEN]; payloads.len()];
        blake256::hash_many(&payloads, &mut hashes);
        let pieces = self.front.iter_mut().chain(self.shown.iter_mut()).chain(self.bulk.iter_mut());
        for (piece, hash) in pieces.filter(|piece| piece.unhashed().is_some()).zip(hashes) {
            piece.set_hash(hash);
        }
        self.unhashed = self.unhashed.saturating_sub(count);
    }

    /// How many payloads to hash together, the `shown` ones included.
    fn count_together(&self, shown: usize) -> usize {
        if self.unhashed < blake256::worthwhile() {
            return shown;
        }
        let pieces = self.front.iter().chain(&self.shown).chain(&self.bulk);
        let sizes = pieces.filter_map(Piece::unhashed).map(<[u8]>::len);
        let mut total = 0_usize;
        let fits = |len: &usize| {
            total = total.saturating_add(*len);
            total <= MOST
        };
        sizes.take(AT_ONCE).take_while(fits).count()
    }
}
