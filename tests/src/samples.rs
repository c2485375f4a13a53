//! Small valid messages to talk about.

use peer_core::message::{
    Block, BlockHeader, GetBlocks, GetData, GetHeaders, Headers, Inv, Inventory, List, Locator, NotFound,
    OutPoint, Ping, Transaction, TxIn, TxOut,
};
use peer_core::{Hash, Message};

/// An empty block, one for each nonce.
pub fn block(nonce: u32) -> Block {
    Block::new(&BlockHeader { nonce, ..BlockHeader::default() }, &[], &[]).unwrap()
}

/// A block of more than `len` bytes.
pub fn large_block(len: usize) -> Block {
    let output = TxOut { value: 1, version: 0, pk_script: &vec![7; len] };
    let large = Transaction::new(1, &[], &[output], 0, 0).unwrap();
    Block::new(&BlockHeader::default(), &[large], &[]).unwrap()
}

/// A transaction that moves nothing, one for each lock time.
pub fn tx(lock_time: u32) -> Transaction {
    Transaction::new(1, &[], &[], lock_time, 0).unwrap()
}

/// Names [`block`].
pub fn block_item(nonce: u32) -> Inventory {
    Inventory::block(block(nonce).hash())
}

/// Names [`tx`].
pub fn tx_item(lock_time: u32) -> Inventory {
    Inventory::tx(tx(lock_time).hash())
}

/// Asks for these.
pub fn getdata(items: impl Into<Vec<Inventory>>) -> Message {
    Message::GetData(GetData { inventory: items.into().try_into().unwrap() })
}

/// Does not have these.
pub fn notfound(items: impl Into<Vec<Inventory>>) -> Message {
    Message::NotFound(NotFound { inventory: items.into().try_into().unwrap() })
}

/// Announces these.
pub fn inv(items: impl Into<Vec<Inventory>>) -> Message {
    Message::Inv(Inv { inventory: items.into().try_into().unwrap() })
}

/// A made-up transaction, one for each number.
pub fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::digest(&number.to_le_bytes()))
}

/// Announces so many made-up transactions: a message of the bulk lane, of about 36 bytes for each.
pub fn inv_of(items: u32) -> Message {
    inv((0..items).map(item).collect::<Vec<_>>())
}

/// Asks for a pong.
pub fn ping(nonce: u64) -> Message {
    Message::Ping(Ping { nonce })
}

/// Asks for headers, without a locator.
pub fn getheaders() -> Message {
    Message::GetHeaders(GetHeaders { protocol_version: 0, locator: Locator::new(), stop: Hash::ZERO })
}

/// Asks for blocks, without a locator.
pub fn getblocks() -> Message {
    Message::GetBlocks(GetBlocks { protocol_version: 12, locator: Locator::new(), stop: Hash::ZERO })
}

/// No headers.
pub fn headers() -> Message {
    Message::Headers(Headers { headers: List::new() })
}

/// A transaction of two inputs and two outputs with scripts of the usual sizes: 422 bytes, one for each lock time.
pub fn usual_tx(lock_time: u32) -> Transaction {
    usual_tx_of(2, lock_time)
}

/// The same of so many inputs.
pub fn usual_tx_of(inputs: usize, lock_time: u32) -> Transaction {
    let input = TxIn {
        prev_out: OutPoint { hash: [1; 32].into(), index: 1, tree: 0 },
        sequence: u32::MAX,
        value_in: 100_000_000,
        block_height: 500_000,
        block_index: 3,
        signature_script: &[0x51; 107],
    };
    let output = TxOut { value: 49_990_000, version: 0, pk_script: &[0x52; 25] };
    Transaction::new(1, &vec![input; inputs], &[output; 2], lock_time, 0).unwrap()
}

/// A block of so many of these.
pub fn usual_block(transactions: u32) -> Block {
    let transactions: Vec<_> = (0..transactions).map(usual_tx).collect();
    Block::new(&BlockHeader::default(), &transactions, &[]).unwrap()
}
