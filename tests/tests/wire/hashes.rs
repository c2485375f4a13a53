//! Hashes of many things at once are those of each.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::Hash;
use peer_core::message::{Block, BlockHeader, OutPoint, Transaction, TxIn, TxOut, TxType};

#[test]
fn the_ids_of_a_blocks_transactions_are_those_of_each() {
    for count in [0, 1, 9, 40] {
        let regular: Vec<Transaction> = (0..count).map(|i| transaction(i, i % 7)).collect();
        let stake: Vec<Transaction> = (0..count).map(|i| transaction(i, 30 - i % 30)).collect();
        let block = Block::new(&BlockHeader::default(), &regular, &stake).unwrap();

        let ids =
            |transactions: &[Transaction]| transactions.iter().map(Transaction::hash).collect::<Vec<_>>();
        assert_eq!(block.transactions().hashes(), ids(&regular));
        assert_eq!(block.stake_transactions().hashes(), ids(&stake));
    }
}

#[test]
fn the_ids_of_transactions_without_all_their_parts_are_those_of_each() {
    let full = transaction(5, 3);
    let parts = [TxType::Full, TxType::NoWitness, TxType::OnlyWitness];
    let transactions = parts.map(|parts| full.reserialize(parts).unwrap());
    let block = Block::new(&BlockHeader::default(), &transactions, &[]).unwrap();
    assert_eq!(block.transactions().hashes(), transactions.each_ref().map(Transaction::hash));
}

#[test]
fn ids_begin_where_the_iterator_stands() {
    let transactions = [transaction(1, 1), transaction(2, 2), transaction(3, 3)];
    let block = Block::new(&BlockHeader::default(), &transactions, &[]).unwrap();
    let mut rest = block.transactions();
    rest.next();
    assert_eq!(rest.hashes(), [transactions[1].hash(), transactions[2].hash()]);
}

#[test]
fn the_hashes_of_headers_are_those_of_each() {
    let headers: Vec<_> = (0..2000).map(|nonce| BlockHeader { nonce, ..BlockHeader::default() }).collect();
    let each: Vec<Hash> = headers.iter().map(BlockHeader::hash).collect();
    for count in (0..70).chain([2000]) {
        assert_eq!(BlockHeader::hash_many(&headers[..count]), each[..count], "{count} headers");
    }
}

/// A transaction with this lock time, as many inputs, and scripts of different lengths.
fn transaction(lock_time: u32, inputs: u32) -> Transaction {
    let script = [0x51; 200];
    let input = |index: u32| TxIn {
        prev_out: OutPoint { hash: Hash::ZERO, index, tree: 0 },
        sequence: index,
        value_in: 1,
        block_height: 2,
        block_index: 3,
        signature_script: &script[..index as usize],
    };
    let inputs: Vec<_> = (0..inputs).map(input).collect();
    let output = TxOut { value: 1, version: 0, pk_script: &script[..lock_time as usize] };
    Transaction::new(1, &inputs, &[output], lock_time, 0).unwrap()
}
