//! Inventory: naming objects, asking for them, not having them (`inv`, `getdata`, `notfound`).

use alloc::vec::Vec;
use core::fmt;

use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Payload, bounds};
use crate::protocol_version::ProtocolVersion;

/// What kind of object an inventory vector names. Every number is legal on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "InvType")]
pub struct InventoryKind(u32);

impl InventoryKind {
    /// 0: no object.
    #[doc(alias = "InvTypeError")]
    pub const ERROR: Self = Self(0);
    /// 1: a transaction, by the hash of its prefix.
    #[doc(alias = "InvTypeTx")]
    pub const TX: Self = Self(1);
    /// 2: a block.
    #[doc(alias = "InvTypeBlock")]
    pub const BLOCK: Self = Self(2);
    /// 3: a block to be answered by `merkleblock`, in the old era.
    #[doc(alias = "InvTypeFilteredBlock")]
    pub const FILTERED_BLOCK: Self = Self(3);
    /// 4: a mixing message.
    #[doc(alias = "InvTypeMix")]
    pub const MIX: Self = Self(4);

    /// The kind with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for InventoryKind {
    /// The reference's name: `MSG_TX`, …, or `Unknown InvType (N)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ERROR => f.write_str("ERROR"),
            Self::TX => f.write_str("MSG_TX"),
            Self::BLOCK => f.write_str("MSG_BLOCK"),
            Self::FILTERED_BLOCK => f.write_str("MSG_FILTERED_BLOCK"),
            Self::MIX => f.write_str("MSG_MIX"),
            Self(number) => write!(f, "Unknown InvType ({number})"),
        }
    }
}

impl fmt::Debug for InventoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of one object: its kind and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "InvVect")]
pub struct Inventory {
    /// What the hash names.
    pub kind: InventoryKind,
    /// The object's hash.
    pub hash: Hash,
}

impl Inventory {
    /// Size on the wire in bytes.
    pub const LEN: usize = 36;

    /// A transaction, by the hash of its prefix.
    #[must_use]
    pub const fn tx(hash: Hash) -> Self {
        Self { kind: InventoryKind::TX, hash }
    }

    /// A block.
    #[must_use]
    pub const fn block(hash: Hash) -> Self {
        Self { kind: InventoryKind::BLOCK, hash }
    }

    /// A mixing message.
    #[must_use]
    pub const fn mix(hash: Hash) -> Self {
        Self { kind: InventoryKind::MIX, hash }
    }

    #[inline]
    fn from_wire(bytes: &[u8; Self::LEN]) -> Self {
        let (kind, hash) = bytes.split_at(4);
        Self {
            kind: InventoryKind(u32::from_le_bytes(kind.try_into().unwrap_or_default())),
            hash: Hash::from_bytes(hash.try_into().unwrap_or_default()),
        }
    }

    pub(crate) fn to_wire(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (kind, hash) = bytes.split_at_mut(4);
        kind.copy_from_slice(&self.kind.0.to_le_bytes());
        hash.copy_from_slice(self.hash.as_bytes());
        bytes
    }
}

/// Up to 50,000 inventory vectors.
pub type InventoryList = List<Inventory, bounds::Vectors>;

/// Announces objects, unasked or in answer to `getblocks` (at most 500 blocks) and `mempool`. At all versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgInv")]
pub struct Inv {
    /// Up to 50,000 objects.
    pub inventory: InventoryList,
}

/// Asks for objects. Each comes in a message of its own: `tx`, `block`, a mixing message; those that are missing are
/// named by [`NotFound`]. At all versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgGetData")]
pub struct GetData {
    /// Up to 50,000 objects. Nodes take an empty list for misbehaviour.
    pub inventory: InventoryList,
}

/// Names the objects of a [`GetData`] that the sender does not have. At all versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgNotFound")]
pub struct NotFound {
    /// Up to 50,000 objects.
    pub inventory: InventoryList,
}

fn decode(cursor: &mut Cursor<'_>) -> Result<InventoryList, CodecError> {
    List::decode_fixed(cursor, Inventory::from_wire)
}

fn encode(list: &InventoryList, out: &mut Vec<u8>) {
    list.encode(out, |out, item| out.extend_from_slice(&item.to_wire()));
}

impl Payload for Inv {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { inventory: decode(cursor)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode(&self.inventory, out);
    }

    fn encoded_len(&self) -> usize {
        self.inventory.fixed_len(Inventory::LEN)
    }
}

impl Payload for GetData {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { inventory: decode(cursor)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode(&self.inventory, out);
    }

    fn encoded_len(&self) -> usize {
        self.inventory.fixed_len(Inventory::LEN)
    }
}

impl Payload for NotFound {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { inventory: decode(cursor)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode(&self.inventory, out);
    }

    fn encoded_len(&self) -> usize {
        self.inventory.fixed_len(Inventory::LEN)
    }
}
