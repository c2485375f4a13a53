//! Frames that wait together are hashed together.
//!
//! Hashing several small payloads in lanes takes less time than one by one. So reading a small frame also hashes the
//! payloads of the whole frames behind it, and keeps the hashes until those frames are read. Only hashes are kept: each
//! frame is checked when it is read, by the rules in force at that moment.

use alloc::vec::{self, Vec};

use super::Header;
use crate::blake256;
use crate::hash::Hash;
use crate::network::Network;

/// Frames whose payloads were hashed before they are read.
///
/// A copy of the frames is kept beside the hashes. Comparing it with the input proves that a hash belongs to the bytes
/// that are read, even if the owner changed them, and costs a hundredth of hashing.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    frames: Vec<u8>,
    /// Start of the next frame in `frames`.
    start: usize,
    hashes: vec::IntoIter<[u8; Hash::LEN]>,
}

impl Ahead {
    /// The hash of `payload`, if that is the payload of the next frame.
    pub(super) fn next(&mut self, payload: &[u8]) -> Option<Hash> {
        let (header, rest) = self.frames.get(self.start..)?.split_first_chunk()?;
        let frame_len = Header::from_bytes(header).wire_len();
        self.start = self.start.saturating_add(frame_len);
        debug_assert!(self.start <= self.frames.len());
        let hash = self.hashes.next()?;
        let kept = rest.get(..frame_len.saturating_sub(Header::LEN));
        (kept == Some(payload)).then_some(Hash::from_bytes(hash))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.as_slice().is_empty()
    }
}

/// The fewest payloads that are faster together, if hashing `payload` with those in `rest` behind it may pay. The length
/// of `rest` rules out most cases before any header is read.
#[inline]
pub(super) fn worthwhile(payload: &[u8], rest: &[u8]) -> Option<usize> {
    let least = blake256::worthwhile();
    let shortest = least.saturating_sub(1).saturating_mul(Header::LEN);
    (rest.len() >= shortest && payload.len() <= LONGEST).then_some(least)
}

/// Hashes `payload` together with the payloads in `rest` behind it, if there are at least `least` in all.
#[cold]
#[inline(never)]
pub(super) fn hash(payload: &[u8], rest: &[u8], network: Network, least: usize) -> Option<(Hash, Ahead)> {
    // Collects payloads up to the first frame that is not whole, not small or of another network.
    let mut payloads = [payload; AT_ONCE];
    let (mut count, mut behind): (usize, _) = (1, rest);
    for slot in payloads.iter_mut().skip(1) {
        let Some((payload, others)) = split_small(behind, network) else { break };
        (*slot, behind) = (payload, others);
        count = count.saturating_add(1);
    }
    let payloads = payloads.get(..count).filter(|payloads| payloads.len() >= least)?;
    let mut digests = [[0; Hash::LEN]; AT_ONCE];
    blake256::hash_many(payloads, &mut digests);
    let (first, digests) = digests.get(..count)?.split_first()?;
    debug_assert!(behind.len() <= rest.len());
    let (frames, _) = rest.split_at_checked(rest.len().saturating_sub(behind.len()))?;
    let ahead = Ahead { frames: frames.to_vec(), start: 0, hashes: Vec::from(digests).into_iter() };
    Some((Hash::from_bytes(*first), ahead))
}

/// The payload of the frame at the front of `bytes` and what is behind it, if it is whole, small and sane.
fn split_small(bytes: &[u8], network: Network) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk()?;
    let header = Header::from_bytes(header);
    let len = header.len as usize;
    if header.network == network && len <= LONGEST { rest.split_at_checked(len) } else { None }
}

/// The most payloads that are hashed together: as many as there are lanes. This bounds what a machine holds and what one
/// call does.
const AT_ONCE: usize = 16;

/// The longest payload that is hashed with others, in bytes. Most transactions are shorter. A longer one would keep one
/// lane busy after the others have ended.
const LONGEST: usize = 2048;
