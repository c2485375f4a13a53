//! The same things in both protocols: equal counts, and scripts of equal sizes.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message_blockdata::Inventory as TheirInventory;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint as TheirOutPoint, ScriptBuf, Sequence, TxMerkleNode,
    TxOut as TheirTxOut, Txid, Witness, block, transaction,
};
use peer_core::message::{
    Block, BlockHeader, Headers, Inv, Inventory, OutPoint, Ping, Transaction, TxIn, TxOut,
};
use peer_core::{Hash, Message};

/// A large block: as many transactions, inputs and outputs as in a real one of 387 kB.
pub const TRANSACTIONS: usize = 708;
const INPUTS: usize = 1573;
const OUTPUTS: usize = 1952;
/// Sizes of usual scripts in bytes.
const SIGNATURE_SCRIPT: [u8; 107] = [0x51; 107];
const PK_SCRIPT: [u8; 25] = [0x52; 25];

/// Numbers of inputs and outputs of each transaction of the large block.
fn shape() -> impl Iterator<Item = (usize, usize)> {
    let part = |whole: usize, i: usize| whole * (i + 1) / TRANSACTIONS - whole * i / TRANSACTIONS;
    (0..TRANSACTIONS).map(move |i| (part(INPUTS, i), part(OUTPUTS, i)))
}

fn bytes(i: usize) -> [u8; 32] {
    let mut bytes = [i.to_le_bytes()[1]; 32];
    bytes[0] = i.to_le_bytes()[0];
    bytes
}

pub fn transaction(inputs: usize, outputs: usize) -> Transaction {
    let input = |i: usize| TxIn {
        prev_out: OutPoint { hash: bytes(i).into(), index: 1, tree: 0 },
        sequence: u32::MAX,
        value_in: 100_000_000,
        block_height: 500_000,
        block_index: 3,
        signature_script: &SIGNATURE_SCRIPT,
    };
    let inputs: Vec<_> = (0..inputs).map(input).collect();
    let outputs = vec![TxOut { value: 49_990_000, version: 0, pk_script: &PK_SCRIPT }; outputs];
    Transaction::new(1, &inputs, &outputs, 0, 0).expect("it is small")
}

pub fn their_transaction(inputs: usize, outputs: usize) -> bitcoin::Transaction {
    let input = |i: usize| bitcoin::TxIn {
        previous_output: TheirOutPoint { txid: Txid::from_byte_array(bytes(i)), vout: 1 },
        script_sig: ScriptBuf::from_bytes(SIGNATURE_SCRIPT.to_vec()),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let script_pubkey = ScriptBuf::from_bytes(PK_SCRIPT.to_vec());
    bitcoin::Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: (0..inputs).map(input).collect(),
        output: vec![TheirTxOut { value: Amount::from_sat(49_990_000), script_pubkey }; outputs],
    }
}

pub fn block() -> Block {
    let transactions: Vec<_> = shape().map(|(inputs, outputs)| transaction(inputs, outputs)).collect();
    Block::new(&BlockHeader::default(), &transactions, &[]).expect("it is small enough")
}

pub fn their_block() -> bitcoin::Block {
    let txdata = shape().map(|(inputs, outputs)| their_transaction(inputs, outputs)).collect();
    bitcoin::Block { header: their_header(0), txdata }
}

pub fn header(nonce: u32) -> BlockHeader {
    BlockHeader { nonce, merkle_root: bytes(nonce as usize).into(), ..BlockHeader::default() }
}

pub fn their_header(nonce: u32) -> block::Header {
    block::Header {
        version: block::Version::ONE,
        prev_blockhash: BlockHash::from_byte_array(bytes(1)),
        merkle_root: TxMerkleNode::from_byte_array(bytes(nonce as usize)),
        time: 1_700_000_000,
        bits: CompactTarget::from_consensus(0x1d00_ffff),
        nonce,
    }
}

pub fn headers(count: u32) -> Headers {
    let headers: Vec<_> = (0..count).map(header).collect();
    Headers { headers: headers.try_into().expect("at most 2000") }
}

pub fn their_headers(count: u32) -> Vec<block::Header> {
    (0..count).map(their_header).collect()
}

pub fn item(i: usize) -> Inventory {
    Inventory::tx(Hash::from_bytes(bytes(i)))
}

pub fn inv(count: usize) -> Inv {
    let items: Vec<_> = (0..count).map(item).collect();
    Inv { inventory: items.try_into().expect("at most 50,000") }
}

pub fn their_inv(count: usize) -> Vec<TheirInventory> {
    (0..count).map(|i| TheirInventory::Transaction(Txid::from_byte_array(bytes(i)))).collect()
}

pub fn ping() -> Message {
    Message::Ping(Ping { nonce: 0x0123_4567_89ab_cdef })
}
