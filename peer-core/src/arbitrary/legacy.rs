//! What the protocol has dropped.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{any_fields, any_value, bytes, text, valid};
use crate::message::{
    Alert, AlertPayload, BloomUpdate, FilterAdd, FilterLoad, MerkleBlock, MerkleFlags, Reject, RejectCode,
    SubVersions,
};

any_value! {
    BloomUpdate: Self::new;
    RejectCode: Self::new;
}

any_fields! {
    MerkleBlock { header, transactions, hashes, stake_transactions, stake_hashes, flags }
}

impl<'a> Arbitrary<'a> for SubVersions {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let texts: Result<Vec<&[u8]>> = u.arbitrary_iter()?.take(Self::MAX).collect();
        valid(Self::new(texts?))
    }
}

impl<'a> Arbitrary<'a> for AlertPayload {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            version: u.arbitrary()?,
            relay_until: u.arbitrary()?,
            expiration: u.arbitrary()?,
            id: u.arbitrary()?,
            cancel: u.arbitrary()?,
            set_cancel: u.arbitrary()?,
            min_ver: u.arbitrary()?,
            max_ver: u.arbitrary()?,
            set_sub_ver: u.arbitrary()?,
            priority: u.arbitrary()?,
            comment: bytes(u, usize::MAX)?,
            status_bar: bytes(u, usize::MAX)?,
            reserved: bytes(u, usize::MAX)?,
        })
    }
}

impl<'a> Arbitrary<'a> for Alert {
    /// One that can be read.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(u.arbitrary()?, bytes(u, usize::MAX)?))
    }
}

impl<'a> Arbitrary<'a> for FilterAdd {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(bytes(u, Self::MAX_LEN)?))
    }
}

impl<'a> Arbitrary<'a> for FilterLoad {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let hash_funcs = u.int_in_range(0..=Self::MAX_HASH_FUNCS)?;
        let (tweak, flags) = u.arbitrary()?;
        valid(Self::new(bytes(u, Self::MAX_LEN)?, hash_funcs, tweak, flags))
    }
}

impl<'a> Arbitrary<'a> for MerkleFlags {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(bytes(u, Self::MAX_LEN)?))
    }
}

impl<'a> Arbitrary<'a> for Reject {
    /// Of a block or a transaction, with its hash, or of another command.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let command = match u.int_in_range(0..=2)? {
            0 => "block".into(),
            1 => "tx".into(),
            _ => text(u, usize::MAX)?,
        };
        let (code, hash) = u.arbitrary()?;
        valid(Self::new(command, code, text(u, usize::MAX)?, Some(hash)))
    }
}
