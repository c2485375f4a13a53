//! A made-up chain. Its blocks are linked, but prove no work that counts, and its filters are empty: real nodes and wallets
//! do not follow it. Put your own here.

use std::collections::HashMap;

use peer_core::message::{
    Block, BlockHeader, CFilterV2, CFiltersV2, FilterData, GetCfsV2, Headers, Inv, Inventory, InventoryKind,
    List, Locator, Transaction,
};
use peer_core::{CodecError, Hash, Message, Network};
use tokio::sync::broadcast::{Receiver, Sender};

/// Blocks at the start, and at most.
const START: usize = 250;
const MAX: usize = 1000;
/// The target of simnet, which every second hash meets.
const EASY: u32 = 0x207f_ffff;

pub(crate) struct Chain {
    /// From height 1 on.
    blocks: Vec<Block>,
    /// From height 0 on.
    hashes: Vec<Hash>,
    heights: HashMap<Hash, usize>,
    transactions: HashMap<Hash, Transaction>,
    added: Sender<Block>,
}

impl Chain {
    pub(crate) fn new(network: Network) -> Result<Self, CodecError> {
        let hashes: Vec<_> = network.genesis_hash().into_iter().collect();
        let heights = hashes.iter().map(|hash| (*hash, 0)).collect();
        let (blocks, transactions, added) = (Vec::new(), HashMap::new(), Sender::new(MAX));
        let mut chain = Self { blocks, hashes, heights, transactions, added };
        (0..START).try_for_each(|_| chain.extend(&[]))?;
        Ok(chain)
    }

    /// Adds a block with these transactions.
    pub(crate) fn extend(&mut self, transactions: &[Transaction]) -> Result<(), CodecError> {
        if self.blocks.len() < MAX {
            let height = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
            let prev_block = self.hashes.last().copied().unwrap_or(Hash::ZERO);
            let template = BlockHeader { height, prev_block, bits: EASY, ..BlockHeader::default() };
            let tries = (0..u32::MAX).map(|nonce| BlockHeader { nonce, ..template });
            let is_below_target = |header: &BlockHeader| header.hash().as_bytes().last() < Some(&0x7f);
            let header = tries.into_iter().find(is_below_target).unwrap_or(template);
            let block = Block::new(&header, transactions, &[])?;
            self.heights.insert(block.hash(), self.hashes.len());
            self.hashes.push(block.hash());
            self.transactions.extend(transactions.iter().map(|tx| (tx.hash(), tx.clone())));
            self.blocks.push(block.clone());
            self.added.send(block).ok();
        }
        Ok(())
    }

    /// The blocks that are added from now on.
    pub(crate) fn subscribe(&self) -> Receiver<Block> {
        self.added.subscribe()
    }

    pub(crate) fn height(&self) -> i32 {
        i32::try_from(self.blocks.len()).unwrap_or(i32::MAX)
    }

    /// The `items` that are transactions and in no block.
    pub(crate) fn unknown(&self, mut items: Vec<Inventory>) -> Vec<Inventory> {
        items.retain(|item| item.kind == InventoryKind::TX && self.item(*item).is_none());
        items
    }

    pub(crate) fn item(&self, item: Inventory) -> Option<Message> {
        let block = || self.blocks.get(self.find(item.hash)?.checked_sub(1)?);
        match item.kind {
            InventoryKind::BLOCK => block().cloned().map(Message::Block),
            InventoryKind::TX => self.transactions.get(&item.hash).cloned().map(Message::Tx),
            _ => None,
        }
    }

    /// The answer to a request, if a node gives one. Unknown hashes and too large ranges get no answer.
    pub(crate) fn answer(&self, request: &Message) -> Option<Message> {
        match request {
            Message::GetHeaders(request) => {
                let headers: Vec<_> =
                    self.after(&request.locator, request.stop).take(2000).map(Block::header).collect();
                Some(Headers { headers: headers.try_into().ok()? }.into())
            }
            Message::GetBlocks(request) => {
                let blocks = self.after(&request.locator, request.stop).take(500);
                let inventory: Vec<_> = blocks.map(|block| Inventory::block(block.hash())).collect();
                // An empty `inv` is a ban.
                (!inventory.is_empty()).then_some(Inv { inventory: inventory.try_into().ok()? }.into())
            }
            Message::GetCFilterV2(request) => {
                self.find(request.block_hash).map(|_| filter(request.block_hash).into())
            }
            Message::GetCfsV2(request) => self.filters(request),
            _ => None,
        }
    }

    /// The blocks after the first known hash of the locator, or from height 1 on, up to `stop` if that is one of them.
    fn after(&self, locator: &Locator, stop: Hash) -> impl Iterator<Item = &Block> {
        let stop = self.find(stop);
        let start = match &locator[..] {
            // The block of the stop hash alone.
            [] => stop.map_or(usize::MAX, |stop| stop.saturating_sub(1)),
            locator => locator.iter().find_map(|hash| self.find(*hash)).unwrap_or(0),
        };
        let end = stop.filter(|stop| *stop > start).unwrap_or(usize::MAX);
        self.blocks.iter().take(end).skip(start)
    }

    /// The filters from the first to the last block: a list has room for 100.
    fn filters(&self, request: &GetCfsV2) -> Option<Message> {
        let hashes = self.hashes.get(self.find(request.start_hash)?..=self.find(request.end_hash)?)?;
        let filters: Vec<_> = hashes.iter().map(|hash| filter(*hash)).collect();
        (!filters.is_empty()).then_some(CFiltersV2 { cfilters: filters.try_into().ok()? }.into())
    }

    /// The height of a block.
    fn find(&self, hash: Hash) -> Option<usize> {
        self.heights.get(&hash).copied()
    }
}

fn filter(block_hash: Hash) -> CFilterV2 {
    CFilterV2 { block_hash, data: FilterData::default(), proof_index: 0, proof_hashes: List::new() }
}
