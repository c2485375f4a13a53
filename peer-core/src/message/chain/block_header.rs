//! Block headers and the `headers` message.

use alloc::vec::Vec;

use crate::blake256;
use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Payload, bounds};
use crate::protocol_version::ProtocolVersion;

/// A block header: 180 bytes on the wire. Any value of any field is legal there.
// In memory the fields are in the order of the wire, where each is aligned. So the compiler moves neighbours together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
#[doc(alias = "wire.BlockHeader")]
pub struct BlockHeader {
    /// Block version.
    pub version: i32,
    /// Hash of the block before.
    pub prev_block: Hash,
    /// Root of the regular tree's transactions.
    pub merkle_root: Hash,
    /// Root of the stake tree's transactions; later of the header commitments.
    pub stake_root: Hash,
    /// What the votes in this block say.
    pub vote_bits: u16,
    /// State of the ticket lottery.
    pub final_state: [u8; 6],
    /// Number of votes in this block.
    pub voters: u16,
    /// Number of tickets bought in this block.
    pub fresh_stake: u8,
    /// Number of revocations in this block.
    pub revocations: u8,
    /// Size of the live ticket pool.
    pub pool_size: u32,
    /// Target difficulty in compact form.
    pub bits: u32,
    /// Ticket price in atoms.
    pub sbits: i64,
    /// Height of the block.
    pub height: u32,
    /// Size of the serialized block in bytes.
    pub size: u32,
    /// Seconds since 1970.
    pub timestamp: u32,
    /// Varied by miners.
    pub nonce: u32,
    /// Free for miners.
    pub extra_data: [u8; 32],
    /// Version of the stake rules.
    pub stake_version: u32,
}

impl BlockHeader {
    /// Size on the wire in bytes.
    pub const LEN: usize = 180;

    /// Reads a header.
    #[inline]
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut rest = bytes.as_slice();
        Self {
            version: i32::from_le_bytes(take(&mut rest)),
            prev_block: Hash::from_bytes(take(&mut rest)),
            merkle_root: Hash::from_bytes(take(&mut rest)),
            stake_root: Hash::from_bytes(take(&mut rest)),
            vote_bits: u16::from_le_bytes(take(&mut rest)),
            final_state: take(&mut rest),
            voters: u16::from_le_bytes(take(&mut rest)),
            fresh_stake: u8::from_le_bytes(take(&mut rest)),
            revocations: u8::from_le_bytes(take(&mut rest)),
            pool_size: u32::from_le_bytes(take(&mut rest)),
            bits: u32::from_le_bytes(take(&mut rest)),
            sbits: i64::from_le_bytes(take(&mut rest)),
            height: u32::from_le_bytes(take(&mut rest)),
            size: u32::from_le_bytes(take(&mut rest)),
            timestamp: u32::from_le_bytes(take(&mut rest)),
            nonce: u32::from_le_bytes(take(&mut rest)),
            extra_data: take(&mut rest),
            stake_version: u32::from_le_bytes(take(&mut rest)),
        }
    }

    /// The header as it is on the wire.
    #[inline]
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut rest = bytes.as_mut_slice();
        put(&mut rest, &self.version.to_le_bytes());
        put(&mut rest, self.prev_block.as_bytes());
        put(&mut rest, self.merkle_root.as_bytes());
        put(&mut rest, self.stake_root.as_bytes());
        put(&mut rest, &self.vote_bits.to_le_bytes());
        put(&mut rest, &self.final_state);
        put(&mut rest, &self.voters.to_le_bytes());
        put(&mut rest, &[self.fresh_stake, self.revocations]);
        put(&mut rest, &self.pool_size.to_le_bytes());
        put(&mut rest, &self.bits.to_le_bytes());
        put(&mut rest, &self.sbits.to_le_bytes());
        put(&mut rest, &self.height.to_le_bytes());
        put(&mut rest, &self.size.to_le_bytes());
        put(&mut rest, &self.timestamp.to_le_bytes());
        put(&mut rest, &self.nonce.to_le_bytes());
        put(&mut rest, &self.extra_data);
        put(&mut rest, &self.stake_version.to_le_bytes());
        bytes
    }

    /// The block's hash: BLAKE-256 of the 180 bytes. It is the proof-of-work hash of version 1 as well.
    #[must_use]
    #[doc(alias = "BlockHash")]
    #[doc(alias = "PowHashV1")]
    pub fn hash(&self) -> Hash {
        Hash::digest(&self.to_bytes())
    }

    /// What [`hash`](Self::hash) gives for each of `headers`, hashed many at once.
    #[must_use]
    pub fn hash_many(headers: &[Self]) -> Vec<Hash> {
        let mut hashes = Vec::with_capacity(headers.len());
        for some in headers.chunks(AT_ONCE) {
            let mut bytes = [[0; Self::LEN]; AT_ONCE];
            for (bytes, header) in bytes.iter_mut().zip(some) {
                *bytes = header.to_bytes();
            }
            let mut digests = [[0; Hash::LEN]; AT_ONCE];
            debug_assert!(some.len() <= AT_ONCE);
            let inputs = bytes.each_ref().map(<[u8; Self::LEN]>::as_slice);
            blake256::hash_many(inputs.get(..some.len()).unwrap_or_default(), &mut digests);
            hashes.extend(digests.into_iter().take(some.len()).map(Hash::from_bytes));
        }
        hashes
    }
}

/// Headers that are serialized before they are hashed. They fill the lanes twice and end together, so more would not be
/// faster.
const AT_ONCE: usize = 32;

/// Takes `N` bytes off the front. The fields that it reads add up to the length of their array.
#[inline]
pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    debug_assert!(rest.len() >= N);
    let (head, tail) = rest.split_first_chunk().unwrap_or((&[0; N], &[]));
    *rest = tail;
    *head
}

/// Writes `bytes` at the front of `rest` and moves on. The fields above add up to the length of their array.
#[inline]
fn put(rest: &mut &mut [u8], bytes: &[u8]) {
    debug_assert!(rest.len() >= bytes.len());
    if let Some((head, tail)) = core::mem::take(rest).split_at_mut_checked(bytes.len()) {
        head.copy_from_slice(bytes);
        *rest = tail;
    }
}

/// Headers in a message: at most 2000.
pub type HeaderList = List<BlockHeader, bounds::BlockHeaders>;

/// Block headers: the answer to `getheaders`, or an announcement after `sendheaders`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgHeaders")]
pub struct Headers {
    /// Up to 2000 headers, in the order of the chain.
    pub headers: HeaderList,
}

/// A header with the count of transactions behind it, which is always 0.
const ENTRY: usize = BlockHeader::LEN + 1;

impl Payload for Headers {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        // Reads entries of fixed size and looks at all counts at once. If one is not 0, or bytes are missing, the slow
        // path below finds the first error in the order of the wire.
        let mut again = cursor.clone();
        let mut counts = 0;
        let headers = List::decode_fixed(cursor, |entry: &[u8; ENTRY]| {
            counts |= entry[ENTRY - 1];
            BlockHeader::from_bytes(entry.first_chunk().unwrap_or(&[0; BlockHeader::LEN]))
        });
        match headers {
            Ok(headers) if counts == 0 => Ok(Self { headers }),
            _ => Self::decode_one_by_one(&mut again),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.headers.encode(out, |out, header| {
            out.extend_from_slice(&header.to_bytes());
            out.push(0);
        });
    }

    fn encoded_len(&self) -> usize {
        self.headers.fixed_len(ENTRY)
    }
}

impl Headers {
    /// Finds what exactly is wrong.
    #[cold]
    fn decode_one_by_one(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let headers = List::decode(cursor, ENTRY, |cursor| {
            let header = BlockHeader::from_bytes(cursor.array()?);
            match cursor.var_int()? {
                0 => Ok(header),
                count => Err(CodecError::HeaderContainsTxs(count)),
            }
        })?;
        Ok(Self { headers })
    }
}
