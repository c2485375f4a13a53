//! Frames that wait together are hashed together.
//!
//! Lanes hash several small payloads in less time than one by one. So the payload that is read now takes along
//! those of the whole frames behind it, and what they hash to is kept until they are read. Nothing else is: each
//! frame is judged when its turn comes, by the rules that are in force then.

use alloc::vec::{self, Vec};

use super::Header;
use crate::blake256;
use crate::hash::Hash;
use crate::network::Network;

/// Frames whose payloads are hashed before their turn.
///
/// They are kept beside their hashes. Comparing makes sure that a hash is that of the bytes whose turn it is, even
/// where an owner did more than append, and costs a hundredth of hashing.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    frames: Vec<u8>,
    /// Where in `frames` the next one begins.
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

/// How many payloads it takes, if it may pay to hash `payload`, whose turn it is, with those of the frames in `rest`
/// behind it. That there are too few bytes for so many frames is seen without looking at any.
#[inline]
pub(super) fn worthwhile(payload: &[u8], rest: &[u8]) -> Option<usize> {
    let least = blake256::worthwhile();
    let shortest = least.saturating_sub(1).saturating_mul(Header::LEN);
    (rest.len() >= shortest && payload.len() <= LONGEST).then_some(least)
}

/// The hash of `payload`, and those of the payloads in `rest` behind it that were hashed along with it, if there are
/// `least` together.
#[cold]
#[inline(never)]
pub(super) fn hash(payload: &[u8], rest: &[u8], network: Network, least: usize) -> Option<(Hash, Ahead)> {
    let mut payloads = [payload; AT_ONCE];
    let (mut count, mut behind): (usize, _) = (1, rest);
    for place in payloads.iter_mut().skip(1) {
        let Some((payload, others)) = split_small(behind, network) else { break };
        (*place, behind) = (payload, others);
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

/// How many payloads are hashed together at most: as many as there are lanes, which keeps what a machine holds, and
/// what one call does, small.
const AT_ONCE: usize = 16;

/// The longest payload that is hashed with others, in bytes. Most transactions are shorter; what is longer leaves
/// the other lanes empty.
const LONGEST: usize = 2048;
