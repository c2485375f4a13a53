//! Blocks, transactions, inventory and what asks for them.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{any_fields, any_value, text, valid};
use crate::message::{
    Block, BlockHeader, GetBlocks, GetData, GetHeaders, GetInitState, Headers, InitState, InitStateType, Inv,
    Inventory, InventoryKind, MiningState, NotFound, OutPoint, Transaction, TxIn, TxOut, TxType,
};

any_value! {
    BlockHeader: |bytes| Self::from_bytes(&bytes);
    OutPoint: |bytes| Self::from_bytes(&bytes);
}

any_fields! {
    Inventory { kind, hash }
    Inv { inventory }
    GetData { inventory }
    NotFound { inventory }
    GetBlocks { protocol_version, locator, stop }
    GetHeaders { protocol_version, locator, stop }
    Headers { headers }
    MiningState { version, height, block_hashes, vote_hashes }
    GetInitState { types }
    InitState { block_hashes, vote_hashes, tspend_hashes }
}

impl<'a> Arbitrary<'a> for InventoryKind {
    /// Mostly one that the protocol has.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let known: u8 = u.arbitrary()?;
        Ok(Self::new(if known < 240 { u32::from(known % 5) } else { u.arbitrary()? }))
    }
}

impl<'a> Arbitrary<'a> for InitStateType {
    /// One of the three that the protocol has, or another.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=3)? {
            0 => Self::HEAD_BLOCKS,
            1 => Self::HEAD_BLOCK_VOTES,
            2 => Self::TREASURY_SPENDS,
            _ => valid(Self::new(&text(u, Self::MAX_LEN)?))?,
        })
    }
}

impl<'a> Arbitrary<'a> for TxIn<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            prev_out: u.arbitrary()?,
            sequence: u.arbitrary()?,
            value_in: u.arbitrary()?,
            block_height: u.arbitrary()?,
            block_index: u.arbitrary()?,
            signature_script: u.arbitrary()?,
        })
    }
}

impl<'a> Arbitrary<'a> for TxOut<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { value: u.arbitrary()?, version: u.arbitrary()?, pk_script: u.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for TxType {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(u.int_in_range(0..=2)?))
    }
}

impl<'a> Arbitrary<'a> for Transaction {
    /// In any serialization.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let serialization = u.arbitrary()?;
        let (version, lock_time, expiry) = u.arbitrary()?;
        let inputs: Vec<TxIn<'a>> = u.arbitrary()?;
        let outputs: Vec<TxOut<'a>> = u.arbitrary()?;
        let transaction = valid(Self::new(version, &inputs, &outputs, lock_time, expiry))?;
        valid(transaction.reserialize(serialization))
    }
}

impl<'a> Arbitrary<'a> for Block {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let header = u.arbitrary()?;
        let transactions: Vec<Transaction> = u.arbitrary()?;
        let stake_transactions: Vec<Transaction> = u.arbitrary()?;
        Self::new(&header, &transactions, &stake_transactions).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}
