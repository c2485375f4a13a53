//! A small chain of blocks: headers that link, bodies and filters where they are known.

use std::collections::BTreeMap;

use bytes::Bytes;
use peer_core::message::{
    Block, BlockHeader, CFilterV2, FilterData, Inventory, List, Locator, OutPoint, Transaction, TxIn, TxOut,
};
use peer_core::{Hash, Network};

use super::rules;

/// Known headers, the best of them in order, and how far their blocks are there.
#[derive(Clone, Debug)]
pub struct Chain {
    headers: BTreeMap<Hash, BlockHeader>,
    blocks: BTreeMap<Hash, Block>,
    filters: BTreeMap<Hash, CFilterV2>,
    /// Hashes of the best headers by height, the genesis block first.
    best: Vec<Hash>,
    /// Height of the last block whose ancestors are all there.
    connected: usize,
}

impl Chain {
    /// A chain of the genesis block alone.
    pub fn genesis(network: Network) -> Self {
        let genesis = network.genesis_hash().unwrap();
        let headers = BTreeMap::from([(genesis, BlockHeader::default())]);
        let filters = BTreeMap::from([(genesis, filter(genesis))]);
        Self { headers, blocks: BTreeMap::new(), filters, best: vec![genesis], connected: 0 }
    }

    /// The genesis block and `blocks` made-up ones, five minutes apart, the last one at this time.
    pub fn made_up(network: Network, blocks: u32, tip_time: u32) -> Self {
        let mut chain = Self::genesis(network);
        for height in 1..=blocks {
            let timestamp = tip_time - (blocks - height) * SPACING;
            chain.mine(timestamp);
        }
        chain
    }

    /// Adds a made-up block behind the tip and returns its header.
    pub fn mine(&mut self, timestamp: u32) -> BlockHeader {
        let block = made_up(self.tip(), self.height() + 1, timestamp);
        let header = block.header();
        assert!(self.add_header(&header) && self.add_block(block), "a mined block is right");
        header
    }

    /// Takes a header whose parent is known. False where the header is invalid.
    pub fn add_header(&mut self, header: &BlockHeader) -> bool {
        let hash = header.hash();
        if self.headers.contains_key(&hash) {
            return true;
        }
        let Some(parent) = self.headers.get(&header.prev_block) else { return false };
        if header.height != parent.height + 1 || !meets_target(&hash, header.bits) {
            return false;
        }
        self.headers.insert(hash, *header);
        if header.height as usize == self.best.len() && self.best.last() == Some(&header.prev_block) {
            self.best.push(hash);
        } else if header.height as usize >= self.best.len() {
            self.reorganize(hash);
        }
        true
    }

    /// Takes a header and what the recordings lack: a stand-in for its block, whose size the header tells, and a filter.
    pub fn add_stand_in(&mut self, header: &BlockHeader) {
        self.headers.insert(header.hash(), *header);
        self.best.push(header.hash());
        let block = padded(header);
        assert!(self.add_block(block), "the headers of a recording link");
    }

    /// Puts a recorded block into the place of its stand-in.
    pub fn replace_block(&mut self, block: Block) {
        if self.headers.contains_key(&block.hash()) {
            self.blocks.insert(block.hash(), block);
        }
    }

    /// Puts a recorded filter into the place of a made-up one.
    pub fn replace_filter(&mut self, filter: CFilterV2) {
        if self.headers.contains_key(&filter.block_hash) {
            self.filters.insert(filter.block_hash, filter);
        }
    }

    /// Takes a block whose header is known. False where it is not.
    pub fn add_block(&mut self, block: Block) -> bool {
        let hash = block.hash();
        if !self.headers.contains_key(&hash) {
            return false;
        }
        self.blocks.insert(hash, block);
        self.filters.entry(hash).or_insert_with(|| filter(hash));
        while self.best.get(self.connected + 1).is_some_and(|next| self.blocks.contains_key(next)) {
            self.connected += 1;
        }
        true
    }

    /// Height of the best block.
    pub fn height(&self) -> u32 {
        u32::try_from(self.connected).unwrap()
    }

    /// Height of the best header.
    pub fn header_height(&self) -> u32 {
        u32::try_from(self.best.len() - 1).unwrap()
    }

    /// The best block.
    pub fn tip(&self) -> Hash {
        self.best[self.connected]
    }

    /// When the best block was made, in seconds since 1970.
    pub fn tip_time(&self) -> u32 {
        self.headers[&self.tip()].timestamp
    }

    /// Whether every block of the best headers is there.
    pub fn is_whole(&self) -> bool {
        self.connected + 1 == self.best.len()
    }

    /// The hash at this height of the best headers.
    pub fn at(&self, height: u32) -> Option<Hash> {
        self.best.get(height as usize).copied()
    }

    /// Whether there is a header with this hash.
    pub fn has_header(&self, hash: &Hash) -> bool {
        self.headers.contains_key(hash)
    }

    /// The header with this hash, the genesis block's left out.
    pub fn header(&self, hash: &Hash) -> Option<&BlockHeader> {
        self.headers.get(hash).filter(|header| header.height > 0)
    }

    /// The block with this hash.
    pub fn block(&self, hash: &Hash) -> Option<&Block> {
        self.blocks.get(hash)
    }

    /// The filter of the block with this hash.
    pub fn filter(&self, hash: &Hash) -> Option<&CFilterV2> {
        self.filters.get(hash)
    }

    /// The filters from one block to another, oldest first; none where the range is refused.
    pub fn filters(&self, start: &Hash, end: &Hash) -> Option<Vec<CFilterV2>> {
        let (first, last) = (self.height_of(start)?, self.height_of(end)?);
        let range = self.best.get(first..=last)?;
        if range.is_empty() || range.len() > rules::FILTERS {
            return None;
        }
        range.iter().map(|hash| self.filters.get(hash).cloned()).collect()
    }

    /// Blocks after the first locator entry of the best chain up to `stop`, at most `most`. An empty locator asks for the
    /// stop block alone.
    pub fn after(&self, locator: &[Hash], stop: &Hash, most: usize) -> Vec<Hash> {
        if locator.is_empty() {
            return self.headers.get_key_value(stop).map(|(hash, _)| *hash).into_iter().collect();
        }
        let start = locator.iter().find_map(|hash| self.height_of(hash)).unwrap_or(0) + 1;
        let stop = self.height_of(stop).filter(|stop| *stop + 1 >= start).unwrap_or(self.connected);
        self.best.iter().take(stop + 1).skip(start).take(most).copied().collect()
    }

    /// Hashes from the best header's ancestor `below` it on, ever sparser towards the genesis block.
    pub fn locator(&self, below: usize) -> Locator {
        let mut locator = Locator::new();
        let (mut height, mut step) = ((self.best.len() - 1).saturating_sub(below), 1);
        loop {
            locator.push(self.best[height]).unwrap();
            if height == 0 {
                return locator;
            }
            height = height.saturating_sub(step);
            if locator.len() > 10 {
                step *= 2;
            }
        }
    }

    /// Names of blocks to download next: the first of the best headers whose blocks are not there.
    pub fn missing(&self) -> impl Iterator<Item = Inventory> {
        let after = self.best.iter().skip(self.connected + 1);
        after.filter(|hash| !self.blocks.contains_key(hash)).map(|hash| Inventory::block(*hash))
    }

    /// The height of a block of the best chain.
    fn height_of(&self, hash: &Hash) -> Option<usize> {
        let height = self.headers.get(hash)?.height as usize;
        (height <= self.connected && self.best[height] == *hash).then_some(height)
    }

    /// Makes the branch that ends here the best one.
    fn reorganize(&mut self, tip: Hash) {
        let mut branch = vec![tip];
        loop {
            let last = self.headers[&branch[branch.len() - 1]];
            if self.best.get(last.height as usize - 1) == Some(&last.prev_block) {
                self.best.truncate(last.height as usize);
                self.connected = self.connected.min(self.best.len() - 1);
                break;
            }
            branch.push(last.prev_block);
        }
        self.best.extend(branch.into_iter().rev());
    }
}

/// Whether the hash is proof of work for this target, by the rule of version 1.
fn meets_target(hash: &Hash, bits: u32) -> bool {
    let [mantissa @ .., exponent] = bits.to_le_bytes();
    let mut target = [0; Hash::LEN];
    let start = usize::from(exponent).saturating_sub(mantissa.len());
    if mantissa[2] & 0x80 != 0 || start > Hash::LEN - mantissa.len() {
        return false;
    }
    target[start..start + mantissa.len()].copy_from_slice(&mantissa);
    hash.as_bytes().iter().rev().le(target.iter().rev())
}

/// A block of one transaction, with the easiest proof of work.
fn made_up(parent: Hash, height: u32, timestamp: u32) -> Block {
    let coinbase = coinbase(height, 25);
    let mut header = BlockHeader {
        version: 10,
        prev_block: parent,
        merkle_root: coinbase.full_hash(),
        bits: EASIEST,
        height,
        timestamp,
        ..BlockHeader::default()
    };
    while !meets_target(&header.hash(), header.bits) {
        header.nonce += 1;
    }
    Block::new(&header, &[coinbase], &[]).unwrap()
}

/// A block of one transaction that is as large as the header says.
fn padded(header: &BlockHeader) -> Block {
    let empty = Block::new(header, &[coinbase(header.height, 0)], &[]).unwrap().as_bytes().len();
    // The length of a script takes two more bytes from 253 on.
    let script = (header.size as usize).saturating_sub(empty + 2);
    Block::new(header, &[coinbase(header.height, script)], &[]).unwrap()
}

fn coinbase(height: u32, script: usize) -> Transaction {
    let prev_out = OutPoint { hash: Hash::ZERO, index: u32::MAX, tree: 0 };
    let signature_script = height.to_le_bytes();
    let input = TxIn {
        prev_out,
        sequence: u32::MAX,
        value_in: 0,
        block_height: 0,
        block_index: u32::MAX,
        signature_script: &signature_script,
    };
    let output = TxOut { value: 1, version: 0, pk_script: &vec![0x51; script] };
    Transaction::new(1, &[input], &[output], 0, 0).unwrap()
}

/// A filter that is made up, of a length that depends on the block.
fn filter(block_hash: Hash) -> CFilterV2 {
    let [len, data @ ..] = block_hash.to_bytes();
    let data = Bytes::copy_from_slice(&data[..usize::from(len % 24)]);
    CFilterV2 { block_hash, data: FilterData::new(data).unwrap(), proof_index: 0, proof_hashes: List::new() }
}

/// Between made-up blocks, in seconds.
const SPACING: u32 = 300;
/// The lowest difficulty of simnet.
const EASIEST: u32 = 0x207f_ffff;
