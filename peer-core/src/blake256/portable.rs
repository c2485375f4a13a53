//! Plain Rust, where no vector code can be chosen.

use super::compress::{Block, Chain, compress};
use super::lanes::{LANES, Lanes, Row, WORTHWHILE, compress_lanes};

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

    /// Hashes `count` blocks in each lane; there is one width of lanes.
    pub(super) fn compress_lanes(self, chains: &mut [Row; 8], lanes: &Lanes<'_>, count: usize, _: usize) {
        compress_lanes(chains, lanes, count);
    }

    /// The fewest messages that are faster together than one by one.
    pub(super) const fn worthwhile(self) -> usize {
        WORTHWHILE
    }

    /// How many lanes to use for so many messages. `None` if one by one is faster.
    pub(super) const fn width(self, messages: usize) -> Option<usize> {
        if messages < self.worthwhile() { None } else { Some(LANES) }
    }
}
