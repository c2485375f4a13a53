//! What all nodes have, and what an honest node says to a request.

use std::collections::BTreeMap;

use peer_core::message::{BlockHeader, Inventory};
use peer_core::{Hash, Message, Network};

use crate::requests::{chain, filter, filters_of, headers_of};
use crate::samples;

/// Bytes of the large block.
const LARGE: usize = 60_000;

/// Headers of the chain.
const HEIGHT: usize = 60;

#[derive(Debug)]
pub(super) struct Library {
    /// The chain behind the genesis block.
    headers: Vec<BlockHeader>,
    hashes: Vec<Hash>,
    store: BTreeMap<Inventory, Message>,
    /// What can be asked for. Not all of it exists.
    items: Vec<Inventory>,
}

impl Library {
    pub(super) fn new() -> Self {
        let headers = chain(Network::SIMNET.genesis_hash().unwrap(), HEIGHT);
        let hashes = headers.iter().map(BlockHeader::hash).collect();
        let mut store: BTreeMap<_, _> = (0..6)
            .flat_map(|number| {
                let (tx, block) = (samples::tx(number), samples::block(number));
                [
                    (samples::tx_item(number), Message::Tx(tx)),
                    (samples::block_item(number), Message::Block(block)),
                ]
            })
            .collect();
        let large = samples::large_block(LARGE);
        store.insert(Inventory::block(large.hash()), Message::Block(large));
        let missing = (6..9).flat_map(|number| [samples::tx_item(number), samples::block_item(number)]);
        let items = store.keys().copied().chain(missing).collect();
        Self { headers, hashes, store, items }
    }

    pub(super) fn items(&self) -> &[Inventory] {
        &self.items
    }

    /// Blocks of the chain, oldest first.
    pub(super) fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// A transaction that exists.
    pub(super) fn transaction(&self, number: u32) -> Message {
        Message::Tx(samples::tx(number % 6))
    }

    /// An item, or its absence.
    pub(super) fn item(&self, item: Inventory) -> Message {
        self.store.get(&item).cloned().unwrap_or_else(|| samples::notfound([item]))
    }

    /// The response to everything but `getdata` and `getaddr`, if there is one.
    pub(super) fn response(&self, request: &Message) -> Option<Message> {
        match request {
            Message::GetHeaders(request) => {
                let known = request.locator.iter().find_map(|hash| self.height(hash));
                let behind = known.map_or(0, |height| height + 1);
                Some(headers_of(self.headers.get(behind..).unwrap_or_default()))
            }
            Message::GetCfsV2(request) => {
                let (first, last) = (self.height(&request.start_hash)?, self.height(&request.end_hash)?);
                Some(filters_of(self.hashes.get(first..=last)?))
            }
            Message::GetCFilterV2(request) => {
                self.height(&request.block_hash)?;
                Some(Message::CFilterV2(filter(request.block_hash).into()))
            }
            _ => None,
        }
    }

    fn height(&self, hash: &Hash) -> Option<usize> {
        self.hashes.iter().position(|known| known == hash)
    }
}
