//! Blocks: the `block` message.

use alloc::vec;
use alloc::vec::Vec;
use core::iter::FusedIterator;
use core::{fmt, iter};

use bytes::Bytes;

use super::checksum::KeptChecksum;
use super::{BlockHeader, Transaction, TxType};
use crate::blake256;
use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::message::codec::{Cursor, Payload, narrow, put_var_int, read_whole};
use crate::protocol_version::ProtocolVersion;

/// A block: its bytes on the wire, checked once; parts are read on demand.
///
/// It shares the memory of the payload it came from.
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "MsgBlock")]
pub struct Block {
    bytes: Bytes,
    regular: Tree,
    stake: Tree,
    pub(in crate::message) checksum: KeptChecksum,
}

/// One of a block's two lists of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tree {
    count: u32,
    /// Where the first transaction is, in bytes from the block's start.
    start: u32,
}

impl Block {
    /// A block with these transactions in its regular and its stake tree.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooManyTxs`] above 43,691 in a tree, [`CodecError::PayloadTooLarge`] above 32 MiB.
    #[doc(alias = "NewMsgBlock")]
    pub fn new(
        header: &BlockHeader,
        transactions: &[Transaction],
        stake_transactions: &[Transaction],
    ) -> Result<Self, CodecError> {
        let mut out = header.to_bytes().to_vec();
        for tree in [transactions, stake_transactions] {
            put_var_int(&mut out, tree.len());
            for transaction in tree {
                transaction.encode(&mut out);
            }
        }
        Self::decode(out.into(), ProtocolVersion::LATEST)
    }

    /// Takes a serialized block. The version decides only how many transactions are allowed; the reference
    /// reads stored blocks as of version 0.
    ///
    /// # Errors
    ///
    /// [`CodecError::PayloadTooLarge`] above 32 MiB, what the fields are refused for, then
    /// [`CodecError::TrailingBytes`].
    pub fn decode(bytes: Bytes, version: ProtocolVersion) -> Result<Self, CodecError> {
        read_whole(&bytes, |cursor| <Self as Payload>::decode(cursor, version))
    }

    /// The most transactions in one tree: 33,334 up to version 3, 43,691 from 4 on.
    #[must_use]
    #[doc(alias = "MaxTxPerTxTree")]
    pub const fn max_transactions(version: ProtocolVersion) -> usize {
        if version.has_large_blocks() { 43_691 } else { 33_334 }
    }

    /// The block as it is on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> BlockHeader {
        BlockHeader::from_bytes(self.header_bytes())
    }

    /// The block's hash, which is its header's.
    #[must_use]
    #[doc(alias = "BlockHash")]
    pub fn hash(&self) -> Hash {
        Hash::digest(self.header_bytes())
    }

    /// The transactions of the regular tree. Each is a slice of the block.
    #[must_use]
    pub fn transactions(&self) -> Transactions<'_> {
        Transactions::new(self, self.regular)
    }

    /// The transactions of the stake tree: votes, tickets, revocations and those of the treasury.
    #[must_use]
    #[doc(alias = "STransactions")]
    pub fn stake_transactions(&self) -> Transactions<'_> {
        Transactions::new(self, self.stake)
    }

    fn header_bytes(&self) -> &[u8; BlockHeader::LEN] {
        debug_assert!(self.bytes.len() >= BlockHeader::LEN);
        self.bytes.first_chunk().unwrap_or(&[0; BlockHeader::LEN])
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("header", &self.header())
            .field("transactions", &self.transactions())
            .field("stake_transactions", &self.stake_transactions())
            .finish()
    }
}

impl Payload for Block {
    fn decode(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        cursor.array::<{ BlockHeader::LEN }>()?;
        Ok(Self {
            regular: Tree::walk(cursor, version)?,
            stake: Tree::walk(cursor, version)?,
            bytes: cursor.since(0),
            checksum: KeptChecksum::default(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn check(&self, version: ProtocolVersion) -> Result<(), CodecError> {
        let max = Self::max_transactions(version);
        for tree in [self.regular, self.stake] {
            let count = tree.count as usize;
            if count > max {
                return Err(CodecError::TooManyTxs(Excess::new(count, max)));
            }
        }
        Ok(())
    }
}

impl Tree {
    /// Walks over a count and its transactions.
    fn walk(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        let count = cursor.count(Block::max_transactions(version), CodecError::TooManyTxs)?;
        let start = cursor.position();
        for _ in 0..count {
            Transaction::skip(cursor)?;
        }
        Ok(Self { count: narrow(count), start: narrow(start) })
    }
}

/// The transactions of one of a block's trees, read on demand.
#[derive(Clone)]
pub struct Transactions<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Transactions<'a> {
    fn new(block: &'a Block, tree: Tree) -> Self {
        Self { cursor: Cursor::at(&block.bytes, tree.start as usize), left: tree.count as usize }
    }
}

impl Transactions<'_> {
    /// The ids of the transactions that are left: what [`Transaction::hash`] gives for each, all hashed at once.
    ///
    /// Copies the prefixes, which is a few percent of hashing them.
    #[must_use]
    #[doc(alias = "TxHashes")]
    #[doc(alias = "STxHashes")]
    pub fn hashes(self) -> Vec<Hash> {
        // The prefixes lie in one buffer, so that hashing needs two allocations instead of one for each.
        let (mut prefixes, mut ends) = (Vec::new(), Vec::with_capacity(self.left));
        for transaction in self {
            transaction.emit(TxType::NoWitness, |part| prefixes.extend_from_slice(part));
            ends.push(prefixes.len());
        }
        debug_assert!(ends.is_sorted());
        let starts = iter::once(0).chain(ends.iter().copied());
        let inputs = starts.zip(&ends).map(|(start, end)| prefixes.get(start..*end).unwrap_or_default());
        let inputs: Vec<&[u8]> = inputs.collect();
        let mut digests = vec![[0; Hash::LEN]; inputs.len()];
        blake256::hash_many(&inputs, &mut digests);
        digests.into_iter().map(Hash::from_bytes).collect()
    }
}

impl Iterator for Transactions<'_> {
    type Item = Transaction;

    fn next(&mut self) -> Option<Transaction> {
        self.left = self.left.checked_sub(1)?;
        // The block was walked over when it was decoded.
        let transaction = Transaction::read(&mut self.cursor);
        debug_assert!(transaction.is_ok());
        transaction.ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Transactions<'_> {}
impl FusedIterator for Transactions<'_> {}

impl fmt::Debug for Transactions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
