//! Version 1 committed filters: `getcfilter`, `cfilter`, `getcfheaders`, `cfheaders` and `cftypes`.
//!
//! Today's network answers none of the requests; version 2 filters have taken their place.

use alloc::vec::Vec;
use core::ops::Deref;

use bytes::Bytes;

use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::message::chain::Locator;
use crate::message::codec::{Cursor, List, Payload, bounds, put_var_bytes, var_bytes_len};
use crate::protocol_version::ProtocolVersion;

/// What a version 1 filter was made of. Every number is legal on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FilterType(u8);

impl FilterType {
    /// 0: what a wallet looks for.
    #[doc(alias = "GCSFilterRegular")]
    pub const REGULAR: Self = Self(0);
    /// 1: the hashes of transactions and the data of their inputs.
    #[doc(alias = "GCSFilterExtended")]
    pub const EXTENDED: Self = Self(1);

    /// The type with this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A serialized filter of either version: up to 262,144 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FilterData(Bytes);

impl FilterData {
    /// The largest filter, in bytes.
    #[doc(alias = "MaxCFilterDataSize")]
    pub const MAX_LEN: usize = 262_144;

    /// Takes a filter as it stands.
    ///
    /// # Errors
    ///
    /// [`CodecError::FilterTooLarge`] above 262,144 bytes.
    pub fn new(data: impl Into<Bytes>) -> Result<Self, CodecError> {
        let data = data.into();
        if data.len() > Self::MAX_LEN {
            return Err(CodecError::FilterTooLarge(Excess::new(data.len(), Self::MAX_LEN)));
        }
        Ok(Self(data))
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        cursor.var_bytes(Self::MAX_LEN).map(Self)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, &self.0);
    }

    pub(super) const fn encoded_len(&self) -> usize {
        var_bytes_len(self.0.len())
    }
}

impl Deref for FilterData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Asks for the filter of a block. From protocol version 6 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetCFilter")]
pub struct GetCFilter {
    /// The block.
    pub block_hash: Hash,
    /// Which of its filters.
    pub filter_type: FilterType,
}

/// The filter of a block. From protocol version 6 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgCFilter")]
pub struct CFilter {
    /// The block.
    pub block_hash: Hash,
    /// Which of its filters.
    pub filter_type: FilterType,
    /// The filter.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub data: FilterData,
}

/// Asks for the filter headers of the blocks after the first locator entry that the remote knows. From
/// protocol version 6 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetCFHeaders")]
pub struct GetCfHeaders {
    /// Known blocks, newest first.
    #[cfg_attr(feature = "serde", serde(rename = "locator_hashes"))]
    pub locator: Locator,
    /// The last block wanted; all zero for as many as possible.
    #[cfg_attr(feature = "serde", serde(rename = "hash_stop"))]
    pub stop: Hash,
    /// Which filters.
    pub filter_type: FilterType,
}

/// Filter header hashes in `cfheaders`: at most 2000.
pub type FilterHeaderHashes = List<Hash, bounds::FilterHeaders>;

/// Filter headers: each commits to its block's filter and to the header before. From protocol version 6 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgCFHeaders")]
pub struct CfHeaders {
    /// The block of the last header.
    #[cfg_attr(feature = "serde", serde(rename = "stop_hash"))]
    pub stop: Hash,
    /// Which filters.
    pub filter_type: FilterType,
    /// Up to 2000 headers, in the order of the chain.
    pub header_hashes: FilterHeaderHashes,
}

/// Filter types in `cftypes`: at most 256.
pub type FilterTypeList = List<FilterType, bounds::FilterTypes>;

/// The types of version 1 filters that the sender has. From protocol version 6 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgCFTypes")]
pub struct CfTypes {
    /// Up to 256 types.
    pub supported_filters: FilterTypeList,
}

impl Payload for GetCFilter {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { block_hash: cursor.hash()?, filter_type: FilterType(cursor.u8()?) })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.block_hash.as_bytes());
        out.push(self.filter_type.0);
    }

    fn encoded_len(&self) -> usize {
        Hash::LEN + 1
    }
}

impl Payload for CFilter {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            block_hash: cursor.hash()?,
            filter_type: FilterType(cursor.u8()?),
            data: FilterData::read(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.block_hash.as_bytes());
        out.push(self.filter_type.0);
        self.data.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.data.encoded_len().saturating_add(Hash::LEN + 1)
    }
}

impl Payload for GetCfHeaders {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            locator: List::decode_hashes(cursor)?,
            stop: cursor.hash()?,
            filter_type: FilterType(cursor.u8()?),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.locator.encode_hashes(out);
        out.extend_from_slice(self.stop.as_bytes());
        out.push(self.filter_type.0);
    }

    fn encoded_len(&self) -> usize {
        self.locator.hashes_len().saturating_add(Hash::LEN + 1)
    }
}

impl Payload for CfHeaders {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            stop: cursor.hash()?,
            filter_type: FilterType(cursor.u8()?),
            header_hashes: List::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.stop.as_bytes());
        out.push(self.filter_type.0);
        self.header_hashes.encode_hashes(out);
    }

    fn encoded_len(&self) -> usize {
        self.header_hashes.hashes_len().saturating_add(Hash::LEN + 1)
    }
}

impl Payload for CfTypes {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let supported_filters = List::decode_fixed(cursor, |[number]| FilterType(*number))?;
        Ok(Self { supported_filters })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.supported_filters.encode(out, |out, kind| out.push(kind.0));
    }

    fn encoded_len(&self) -> usize {
        self.supported_filters.fixed_len(1)
    }
}
