//! Asking for what follows a known point of the chain: `getblocks` and `getheaders`.

use alloc::vec::Vec;

use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Payload, bounds};
use crate::protocol_version::ProtocolVersion;

/// A block locator: up to 500 hashes of known blocks, newest first, ever sparser towards the genesis block.
#[doc(alias = "BlockLocator")]
pub type Locator = List<Hash, bounds::Locators>;

/// Asks for the hashes of up to 500 blocks after the first locator entry that the remote knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetBlocks")]
pub struct GetBlocks {
    /// Informative only. The reference writes its newest version here.
    pub protocol_version: u32,
    /// Known blocks, newest first.
    #[cfg_attr(feature = "serde", serde(rename = "locator_hashes"))]
    pub locator: Locator,
    /// The last block wanted; all zero for as many as possible.
    #[cfg_attr(feature = "serde", serde(rename = "hash_stop"))]
    pub stop: Hash,
}

/// Asks for up to 2000 headers after the first locator entry that the remote knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetHeaders")]
pub struct GetHeaders {
    /// Informative only. The reference writes 0 here.
    pub protocol_version: u32,
    /// Known blocks, newest first.
    #[cfg_attr(feature = "serde", serde(rename = "locator_hashes"))]
    pub locator: Locator,
    /// The last header wanted; all zero for as many as possible.
    #[cfg_attr(feature = "serde", serde(rename = "hash_stop"))]
    pub stop: Hash,
}

fn encode(out: &mut Vec<u8>, protocol_version: u32, locator: &Locator, stop: &Hash) {
    out.extend_from_slice(&protocol_version.to_le_bytes());
    locator.encode_hashes(out);
    out.extend_from_slice(stop.as_bytes());
}

const fn encoded_len(locator: &Locator) -> usize {
    locator.hashes_len().saturating_add(4 + Hash::LEN)
}

impl Payload for GetBlocks {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            protocol_version: cursor.u32()?,
            locator: List::decode_hashes(cursor)?,
            stop: cursor.hash()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode(out, self.protocol_version, &self.locator, &self.stop);
    }

    fn encoded_len(&self) -> usize {
        encoded_len(&self.locator)
    }
}

impl Payload for GetHeaders {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            protocol_version: cursor.u32()?,
            locator: List::decode_hashes(cursor)?,
            stop: cursor.hash()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode(out, self.protocol_version, &self.locator, &self.stop);
    }

    fn encoded_len(&self) -> usize {
        encoded_len(&self.locator)
    }
}
