//! What a node needs to take part right after its start: the newest blocks and the votes on them, as
//! `getinitstate` and `initstate` from protocol version 8 on, and as `miningstate` before.

use alloc::vec::Vec;
use core::fmt;
use core::str;

use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Payload, bounds, is_strict_ascii, put_var_bytes, var_bytes_len};
use crate::protocol_version::ProtocolVersion;

/// Block hashes in `miningstate` and `initstate`: at most 8.
pub type BlockHashes = List<Hash, bounds::Blocks>;

/// Vote hashes in `miningstate` and `initstate`: at most 40.
pub type VoteHashes = List<Hash, bounds::Votes>;

/// The blocks and votes that could be built upon: the answer to `getminings`. Up to protocol version 7 by
/// custom; the codec knows it at all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgMiningState")]
pub struct MiningState {
    /// Version of the mining state. The reference sends 1.
    pub version: u32,
    /// Height of the blocks.
    pub height: u32,
    /// Up to 8 blocks.
    pub block_hashes: BlockHashes,
    /// Up to 40 votes.
    pub vote_hashes: VoteHashes,
}

/// The name of a kind of initial state: up to 32 bytes of printable ASCII. Unknown names are legal, and
/// ignored.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InitStateType([u8; Self::MAX_LEN]);

impl InitStateType {
    /// The longest, in bytes.
    #[doc(alias = "MaxInitStateTypeLen")]
    pub const MAX_LEN: usize = 32;

    /// The blocks that could be built upon.
    #[doc(alias = "InitStateHeadBlocks")]
    pub const HEAD_BLOCKS: Self = Self::known("headblocks");
    /// The votes on them.
    #[doc(alias = "InitStateHeadBlockVotes")]
    pub const HEAD_BLOCK_VOTES: Self = Self::known("headblockvotes");
    /// Treasury spends that are not in a block yet.
    #[doc(alias = "InitStateTSpends")]
    pub const TREASURY_SPENDS: Self = Self::known("tspends");

    /// The type with this name.
    ///
    /// # Errors
    ///
    /// [`CodecError::InitStateTypeTooLong`] above 32 bytes, [`CodecError::MalformedStrictString`] where a byte
    /// is not printable ASCII (`0x20..=0x7e`).
    pub const fn new(name: &str) -> Result<Self, CodecError> {
        Self::from_bytes(name.as_bytes())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        debug_assert!(is_strict_ascii(self.name()));
        str::from_utf8(self.name()).unwrap_or_default()
    }

    /// The name without the zeros after it, none of which can be part of it.
    const fn name(&self) -> &[u8] {
        let mut name: &[u8] = &self.0;
        while let [head @ .., 0] = name {
            name = head;
        }
        name
    }

    const fn from_bytes(name: &[u8]) -> Result<Self, CodecError> {
        if name.len() > Self::MAX_LEN {
            return Err(CodecError::InitStateTypeTooLong(Excess::new(name.len(), Self::MAX_LEN)));
        }
        if !is_strict_ascii(name) {
            return Err(CodecError::MalformedStrictString);
        }
        let mut field = [0; Self::MAX_LEN];
        let (head, _) = field.split_at_mut(name.len());
        head.copy_from_slice(name);
        Ok(Self(field))
    }

    const fn known(name: &str) -> Self {
        let Ok(known) = Self::new(name) else { panic!("a known type is malformed") };
        known
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let len = cursor.count(Self::MAX_LEN, CodecError::VarStringTooLong)?;
        Self::from_bytes(cursor.slice(len)?)
    }
}

impl fmt::Display for InitStateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for InitStateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Types in `getinitstate`: at most 32.
pub type InitStateTypeList = List<InitStateType, bounds::InitStateTypes>;

/// Asks for parts of the initial state. From protocol version 8 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetInitState")]
pub struct GetInitState {
    /// Up to 32 types.
    pub types: InitStateTypeList,
}

/// Treasury spend hashes in `initstate`: at most 7.
pub type TreasurySpendHashes = List<Hash, bounds::TreasurySpends>;

/// The parts of the initial state that were asked for; the others are empty. From protocol version 8 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgInitState")]
pub struct InitState {
    /// Up to 8 blocks that could be built upon.
    pub block_hashes: BlockHashes,
    /// Up to 40 votes on them.
    pub vote_hashes: VoteHashes,
    /// Up to 7 treasury spends.
    pub tspend_hashes: TreasurySpendHashes,
}

impl Payload for MiningState {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            version: cursor.u32()?,
            height: cursor.u32()?,
            block_hashes: List::decode_hashes(cursor)?,
            vote_hashes: List::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.height.to_le_bytes());
        self.block_hashes.encode_hashes(out);
        self.vote_hashes.encode_hashes(out);
    }

    fn encoded_len(&self) -> usize {
        let lists = self.block_hashes.hashes_len().saturating_add(self.vote_hashes.hashes_len());
        lists.saturating_add(4 + 4)
    }
}

impl Payload for GetInitState {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { types: List::decode(cursor, 1, InitStateType::read)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.types.encode(out, |out, kind| put_var_bytes(out, kind.name()));
    }

    fn encoded_len(&self) -> usize {
        let names = self.types.iter().map(|kind| var_bytes_len(kind.name().len()));
        names.fold(self.types.fixed_len(0), usize::saturating_add)
    }
}

impl Payload for InitState {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            block_hashes: List::decode_hashes(cursor)?,
            vote_hashes: List::decode_hashes(cursor)?,
            tspend_hashes: List::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.block_hashes.encode_hashes(out);
        self.vote_hashes.encode_hashes(out);
        self.tspend_hashes.encode_hashes(out);
    }

    fn encoded_len(&self) -> usize {
        let blocks = self.block_hashes.hashes_len();
        let votes = self.vote_hashes.hashes_len();
        let spends = self.tspend_hashes.hashes_len();
        blocks.saturating_add(votes).saturating_add(spends)
    }
}
