//! Version 2 committed filters, to which blocks commit: one at a time (`getcfilterv2`, `cfilterv2`) and by
//! the batch (`getcfsv2`, `cfiltersv2`).

use alloc::vec::Vec;

use super::cfilter::FilterData;
use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Payload, bounds};
use crate::protocol_version::ProtocolVersion;

/// Asks for the filter of a block. Unknown blocks are not answered. From protocol version 7 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetCFilterV2")]
pub struct GetCFilterV2 {
    /// The block.
    pub block_hash: Hash,
}

/// Proof hashes in `cfilterv2`: at most 32.
pub type ProofHashes = List<Hash, bounds::Proofs>;

/// The filter of a block, with the proof that its header commits to it. From protocol version 7 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgCFilterV2")]
pub struct CFilterV2 {
    /// The block.
    pub block_hash: Hash,
    /// The filter.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub data: FilterData,
    /// Which of the header's commitments the filter is; 0 today.
    pub proof_index: u32,
    /// Up to 32 hashes that lead from the filter's to the header's commitment root.
    pub proof_hashes: ProofHashes,
}

/// Asks for the filters of up to 100 blocks in a row. From protocol version 11 on.
///
/// A range that is longer, or whose start is not an ancestor of its end, is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetCFsV2")]
pub struct GetCfsV2 {
    /// The first block.
    pub start_hash: Hash,
    /// The last block.
    pub end_hash: Hash,
}

/// Filters in `cfiltersv2`: at most 100.
pub type CFilterV2List = List<CFilterV2, bounds::Filters>;

/// The filters of blocks in a row. From protocol version 11 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgCFiltersV2")]
pub struct CFiltersV2 {
    /// Up to 100 filters, in the order of the chain.
    pub cfilters: CFilterV2List,
}

impl CFilterV2 {
    /// Size in bytes of one with an empty filter and no proof.
    const MIN_LEN: usize = Hash::LEN + 1 + 4 + 1;
}

impl Payload for GetCFilterV2 {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { block_hash: cursor.hash()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.block_hash.as_bytes());
    }

    fn encoded_len(&self) -> usize {
        Hash::LEN
    }
}

impl Payload for CFilterV2 {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            block_hash: cursor.hash()?,
            data: FilterData::read(cursor)?,
            proof_index: cursor.u32()?,
            proof_hashes: List::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.block_hash.as_bytes());
        self.data.write(out);
        out.extend_from_slice(&self.proof_index.to_le_bytes());
        self.proof_hashes.encode_hashes(out);
    }

    fn encoded_len(&self) -> usize {
        let lists = self.data.encoded_len().saturating_add(self.proof_hashes.hashes_len());
        lists.saturating_add(Hash::LEN + 4)
    }
}

impl Payload for GetCfsV2 {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { start_hash: cursor.hash()?, end_hash: cursor.hash()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.start_hash.as_bytes());
        out.extend_from_slice(self.end_hash.as_bytes());
    }

    fn encoded_len(&self) -> usize {
        2 * Hash::LEN
    }
}

impl Payload for CFiltersV2 {
    fn decode(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        let cfilters = List::decode(cursor, CFilterV2::MIN_LEN, |cursor| CFilterV2::decode(cursor, version))?;
        Ok(Self { cfilters })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.cfilters.encode(out, |out, filter| filter.encode(out));
    }

    fn encoded_len(&self) -> usize {
        let filters = self.cfilters.iter().map(Payload::encoded_len);
        filters.fold(self.cfilters.fixed_len(0), usize::saturating_add)
    }
}
