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

/// The most payloads that are hashed together, unless more are shown: as many as there are lanes.
const AT_ONCE: usize = 16;

/// The most bytes that are hashed together, unless more are shown.
const MOST: usize = 4 * 1024 * 1024;

impl Queues {
    /// Hashes what is shown and, if that is faster together, what waits behind it.
    #[cold]
    pub(super) fn hash(&mut self) {
        let shown = self.front.iter().chain(&self.shown).filter_map(Piece::unhashed).count();
        if shown == 0 {
            return;
        }
        let count = shown.max(self.count_together());
        let payloads: Vec<_> = self.unhashed_payloads().take(count).collect();
        let mut hashes = vec![[0; Hash::LEN]; payloads.len()];
        blake256::hash_many(&payloads, &mut hashes);
        let pieces = self.front.iter_mut().chain(self.shown.iter_mut()).chain(self.bulk.iter_mut());
        // The hashes are first, so that no more pieces are looked at than there are hashes.
        for (hash, piece) in hashes.into_iter().zip(pieces.filter(|piece| piece.unhashed().is_some())) {
            piece.set_hash(hash);
        }
        self.unhashed = self.unhashed.saturating_sub(count);
    }

    /// Payloads that are still to be hashed, those of shown frames first. No other lane has any.
    fn unhashed_payloads(&self) -> impl Iterator<Item = &[u8]> {
        let pieces = self.front.iter().chain(&self.shown).chain(&self.bulk);
        pieces.filter_map(Piece::unhashed).take(self.unhashed)
    }

    /// How many of these payloads are hashed together in less time than one by one: 0, or as many as it takes lanes. One
    /// that is much longer than all others would keep one lane busy after they have ended.
    fn count_together(&self) -> usize {
        let least = blake256::worthwhile();
        if self.unhashed < least {
            return 0;
        }
        let (mut count, mut total, mut longest) = (0_usize, 0_usize, 0);
        for payload in self.unhashed_payloads().take(AT_ONCE) {
            let sum = total.saturating_add(payload.len());
            if sum > MOST {
                break;
            }
            (count, total, longest) = (count.saturating_add(1), sum, longest.max(payload.len()));
        }
        if count >= least && total >= least.saturating_mul(longest) { count } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Parts;
    use crate::message::{Block, BlockHeader, Lane, Transaction, TxOut};
    use crate::network::Network;
    use crate::peer::mark::Lanes;
    use crate::peer::piece::Purpose;
    use crate::time::Time;

    /// Queues with blocks of so many bytes and a few more.
    fn queues(sizes: impl IntoIterator<Item = usize>) -> Queues {
        let mut queues = Queues::new(Lanes::default());
        for size in sizes {
            let output = TxOut { value: 1, version: 0, pk_script: &vec![7; size] };
            let transaction = Transaction::new(1, &[], &[output], 0, 0).unwrap();
            let block = Block::new(&BlockHeader::default(), &[transaction], &[]).unwrap();
            let parts = Parts::new(&block.into(), None, Network::SIMNET);
            queues.push(Piece::new(parts, Lane::Bulk, Purpose::Ordinary));
        }
        queues
    }

    /// How many wait to be hashed once the first is shown.
    fn left(sizes: impl IntoIterator<Item = usize>) -> usize {
        let mut queues = queues(sizes);
        queues.offer(Time::ZERO);
        let unhashed = queues.bulk.iter_mut().filter(|piece| piece.unhashed().is_some()).count();
        assert_eq!(queues.unhashed, unhashed);
        unhashed
    }

    #[test]
    fn as_many_blocks_are_hashed_together_as_there_are_lanes() {
        assert_eq!(left([10_000; 16]), 0);
        assert_eq!(left([10_000; 20]), 4);
    }

    #[test]
    fn no_more_bytes_are_hashed_together_than_4_mib() {
        assert_eq!(left([4 * 1024 * 1024 / 12; 16]), 5);
    }

    #[test]
    fn fewer_than_pays_are_hashed_when_each_is_shown() {
        let least = blake256::worthwhile();
        assert_eq!(left(vec![10_000; least]), 0);
        assert_eq!(left(vec![10_000; least - 1]), least - 2);
        // They are enough, and too large together.
        assert_eq!(left([3_000_000; 16]), 15);
    }

    #[test]
    fn a_small_block_does_not_wait_for_the_hash_of_a_large_one() {
        let least = blake256::worthwhile();
        let sizes = [5000].into_iter().chain(vec![5000; least - 1]).chain([3_000_000]);
        assert_eq!(left(sizes), least);
    }

    #[test]
    fn all_blocks_that_are_shown_are_hashed() {
        let mut queues = queues([1_500_000; 5]);
        assert_eq!(queues.offer_many(4_500_000, Time::ZERO).count(), 6);
        assert_eq!(queues.unhashed, 2);
    }
}
