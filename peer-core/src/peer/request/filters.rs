//! Requests for version 2 filters.

use alloc::vec::Vec;

use super::types::BlockRange;
use crate::hash::Hash;
use crate::message::{CFiltersV2, Inventory};

/// What was requested.
#[derive(Clone, Debug)]
pub(super) enum WantedFilters {
    /// One message has the filters of all these blocks, in this order.
    Batch(BlockRange),
    /// One message for each of these blocks, in any order.
    Each(Vec<Hash>),
}

impl WantedFilters {
    /// Missing filters.
    pub(super) fn remaining(&self) -> usize {
        self.blocks().len()
    }

    /// Expected messages.
    pub(super) fn messages(&self) -> usize {
        match self {
            Self::Batch(_) => 1,
            Self::Each(blocks) => blocks.len(),
        }
    }

    pub(super) fn missing(&self) -> Vec<Inventory> {
        self.blocks().iter().copied().map(Inventory::block).collect()
    }

    const fn is_batch(&self) -> bool {
        matches!(self, Self::Batch(_))
    }

    /// Whether responses to this request and to `other` have the same form.
    pub(super) const fn shares_kind(&self, of_batch: bool) -> bool {
        self.is_batch() == of_batch
    }

    /// The command of the response.
    pub(super) const fn command(&self) -> &'static str {
        if self.is_batch() { "cfiltersv2" } else { "cfilterv2" }
    }

    /// Removes what this message brings. Returns whether it responds to the request.
    pub(super) fn take_batch(&mut self, filters: &CFiltersV2) -> bool {
        let Self::Batch(blocks) = self else { return false };
        let is_it = blocks.iter().eq(filters.cfilters.iter().map(|filter| &filter.block_hash));
        if is_it {
            *self = Self::Each(Vec::new());
        }
        is_it
    }

    /// The same for the filter of one block.
    pub(super) fn take_one(&mut self, block: &Hash) -> bool {
        let Self::Each(blocks) = self else { return false };
        let place = blocks.iter().position(|wanted| wanted == block);
        place.map(|place| blocks.remove(place)).is_some()
    }

    fn blocks(&self) -> &[Hash] {
        match self {
            Self::Batch(blocks) => blocks,
            Self::Each(blocks) => blocks,
        }
    }
}
