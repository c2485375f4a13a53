//! The `merkleblock` message of the old era.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::message::chain::{Block, BlockHeader};
use crate::message::codec::bounds::MerkleHashes;
use crate::message::codec::{Bound, Cursor, List, Payload, put_var_bytes, var_bytes_len};
use crate::protocol_version::ProtocolVersion;

/// Hashes of one tree in `merkleblock`: at most 43,691.
pub type MerkleHashList = List<Hash, MerkleHashes>;

/// A block's header, and which of its transactions passed the receiver's bloom filter: two partial Merkle
/// trees. Versions 1 to 5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgMerkleBlock")]
pub struct MerkleBlock {
    /// The header.
    pub header: BlockHeader,
    /// Number of transactions in the block's regular tree.
    pub transactions: u32,
    /// Hashes of the regular tree: up to 33,334 at versions 1 to 3, 43,691 at 4 and 5.
    pub hashes: MerkleHashList,
    /// Number of transactions in the block's stake tree.
    #[cfg_attr(feature = "serde", serde(rename = "stransactions"))]
    #[doc(alias = "STransactions")]
    pub stake_transactions: u32,
    /// Hashes of the stake tree, with the same limits.
    #[cfg_attr(feature = "serde", serde(rename = "shashes"))]
    #[doc(alias = "SHashes")]
    pub stake_hashes: MerkleHashList,
    /// How the hashes fit into the trees.
    pub flags: MerkleFlags,
}

/// Bits that tell how the hashes of a [`MerkleBlock`] fit into its trees: up to 5462 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MerkleFlags(Bytes);

impl MerkleFlags {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 5462;

    /// Takes flags as they stand.
    ///
    /// # Errors
    ///
    /// [`CodecError::Legacy`] above 5462 bytes.
    pub fn new(flags: impl Into<Bytes>) -> Result<Self, CodecError> {
        let flags = flags.into();
        if flags.len() > Self::MAX_LEN {
            return Err(too_long(Excess::new(flags.len(), Self::MAX_LEN)));
        }
        Ok(Self(flags))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

const fn too_long(excess: Excess) -> CodecError {
    CodecError::Legacy { what: "flags of a merkleblock too long", excess }
}

impl Payload for MerkleBlock {
    fn decode(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        let max = Block::max_transactions(version);
        let hashes = |cursor: &mut Cursor<'_>| {
            let count = cursor.count(max, MerkleHashes::exceeded)?;
            cursor.hashes(count).and_then(List::try_from)
        };
        Ok(Self {
            header: BlockHeader::from_bytes(cursor.array()?),
            transactions: cursor.u32()?,
            hashes: hashes(cursor)?,
            stake_transactions: cursor.u32()?,
            stake_hashes: hashes(cursor)?,
            flags: {
                let len = cursor.count(MerkleFlags::MAX_LEN, too_long)?;
                MerkleFlags(cursor.bytes(len)?)
            },
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header.to_bytes());
        out.extend_from_slice(&self.transactions.to_le_bytes());
        self.hashes.encode_hashes(out);
        out.extend_from_slice(&self.stake_transactions.to_le_bytes());
        self.stake_hashes.encode_hashes(out);
        put_var_bytes(out, &self.flags.0);
    }

    fn encoded_len(&self) -> usize {
        const FIXED: usize = BlockHeader::LEN + 4 + 4;
        [self.hashes.hashes_len(), self.stake_hashes.hashes_len(), var_bytes_len(self.flags.0.len())]
            .into_iter()
            .fold(FIXED, usize::saturating_add)
    }

    fn check(&self, version: ProtocolVersion) -> Result<(), CodecError> {
        let max = Block::max_transactions(version);
        for hashes in [&self.hashes, &self.stake_hashes] {
            if hashes.len() > max {
                return Err(MerkleHashes::exceeded(Excess::new(hashes.len(), max)));
            }
        }
        Ok(())
    }
}
