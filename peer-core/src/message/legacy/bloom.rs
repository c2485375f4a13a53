//! Bloom filters of the old era: `filterload` and `filteradd`. (`filterclear` has no payload.)

use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::{CodecError, Excess};
use crate::message::codec::{Cursor, Payload, put_var_bytes, var_bytes_len};
use crate::protocol_version::ProtocolVersion;

/// Which outputs that match a bloom filter the remote adds to it. Every number is legal on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "BloomUpdateType")]
pub struct BloomUpdate(u8);

impl BloomUpdate {
    /// 0: none.
    #[doc(alias = "BloomUpdateNone")]
    pub const NONE: Self = Self(0);
    /// 1: all.
    #[doc(alias = "BloomUpdateAll")]
    pub const ALL: Self = Self(1);
    /// 2: those that pay to public keys, alone or several.
    #[doc(alias = "BloomUpdateP2PubkeyOnly")]
    pub const PUBKEY_ONLY: Self = Self(2);

    /// The rule with this number.
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

/// Adds one piece of data to the bloom filter in force. Protocol versions 1 to 5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgFilterAdd")]
pub struct FilterAdd {
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::message::codec::hex::serialize"))]
    data: Bytes,
}

impl FilterAdd {
    /// The most data, in bytes.
    #[doc(alias = "MaxFilterAddDataSize")]
    pub const MAX_LEN: usize = 520;

    /// Adds `data`.
    ///
    /// # Errors
    ///
    /// [`CodecError::VarBytesTooLong`] above 520 bytes.
    pub fn new(data: impl Into<Bytes>) -> Result<Self, CodecError> {
        let data = limited(data.into(), Self::MAX_LEN)?;
        Ok(Self { data })
    }

    /// The data, up to 520 bytes.
    #[must_use]
    pub const fn data(&self) -> &Bytes {
        &self.data
    }
}

/// Sets the bloom filter that announced transactions have to match. Protocol versions 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgFilterLoad")]
pub struct FilterLoad {
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::message::codec::hex::serialize"))]
    filter: Bytes,
    hash_funcs: u32,
    tweak: u32,
    flags: BloomUpdate,
}

impl FilterLoad {
    /// The largest filter, in bytes.
    #[doc(alias = "MaxFilterLoadFilterSize")]
    pub const MAX_LEN: usize = 36_000;
    /// The most hash functions.
    #[doc(alias = "MaxFilterLoadHashFuncs")]
    pub const MAX_HASH_FUNCS: u32 = 50;

    /// A filter with its number of hash functions, their common seed, and what matches add to it.
    ///
    /// # Errors
    ///
    /// [`CodecError::VarBytesTooLong`] for a filter above 36,000 bytes, [`CodecError::Legacy`] above 50 hash
    /// functions.
    pub fn new(
        filter: impl Into<Bytes>,
        hash_funcs: u32,
        tweak: u32,
        flags: BloomUpdate,
    ) -> Result<Self, CodecError> {
        let filter = limited(filter.into(), Self::MAX_LEN)?;
        if hash_funcs > Self::MAX_HASH_FUNCS {
            return Err(CodecError::Legacy {
                what: "too many hash functions of a bloom filter",
                excess: Excess { got: hash_funcs.into(), max: Self::MAX_HASH_FUNCS.into() },
            });
        }
        Ok(Self { filter, hash_funcs, tweak, flags })
    }

    /// The filter, up to 36,000 bytes.
    #[must_use]
    pub const fn filter(&self) -> &Bytes {
        &self.filter
    }

    /// How many hash functions it has, up to 50.
    #[must_use]
    pub const fn hash_funcs(&self) -> u32 {
        self.hash_funcs
    }

    /// The seed of the hash functions.
    #[must_use]
    pub const fn tweak(&self) -> u32 {
        self.tweak
    }

    /// What matches add to the filter.
    #[must_use]
    pub const fn flags(&self) -> BloomUpdate {
        self.flags
    }
}

fn limited(bytes: Bytes, max: usize) -> Result<Bytes, CodecError> {
    if bytes.len() > max {
        return Err(CodecError::VarBytesTooLong(Excess::new(bytes.len(), max)));
    }
    Ok(bytes)
}

impl Payload for FilterAdd {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { data: cursor.var_bytes(Self::MAX_LEN)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, &self.data);
    }

    fn encoded_len(&self) -> usize {
        var_bytes_len(self.data.len())
    }
}

impl Payload for FilterLoad {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let filter = cursor.var_bytes(Self::MAX_LEN)?;
        let hash_funcs = cursor.u32()?;
        let tweak = cursor.u32()?;
        let flags = BloomUpdate(cursor.u8()?);
        Self::new(filter, hash_funcs, tweak, flags)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, &self.filter);
        out.extend_from_slice(&self.hash_funcs.to_le_bytes());
        out.extend_from_slice(&self.tweak.to_le_bytes());
        out.push(self.flags.0);
    }

    fn encoded_len(&self) -> usize {
        var_bytes_len(self.filter.len()).saturating_add(4 + 4 + 1)
    }
}
