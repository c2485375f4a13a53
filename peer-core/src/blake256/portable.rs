//! Plain Rust, where no vector code can be chosen.

use super::compress::{Block, Chain, compress};
use super::lanes::{LANES, Row, WORTHWHILE, compress_lanes};

/// The code that hashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel;

impl Kernel {
    /// The best for one message.
    pub(super) const fn for_one() -> Self {
        Self
    }

    /// The best for many.
    pub(super) const fn for_many() -> Self {
        Self
    }

    /// Hashes one block.
    pub(super) fn compress(self, chain: &mut Chain, block: &Block, counter: u64) {
        compress(chain, block, counter);
    }

    /// Hashes one block in each lane.
    pub(super) fn compress_lanes(
        self,
        chains: &mut [Row; 8],
        blocks: &[&Block; LANES],
        counters: &[u64; LANES],
    ) {
        compress_lanes(chains, blocks, counters);
    }

    /// The fewest lanes in use that are faster together than one by one.
    pub(super) const fn worthwhile(self) -> usize {
        WORTHWHILE
    }
}
