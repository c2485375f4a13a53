//! Frames that wait together are hashed together.
//!
//! Hashing several payloads in lanes takes less time than one by one. So reading a frame also hashes the payloads of the
//! whole frames behind it, and keeps them with their hashes until those frames are read. Each frame is checked when it is
//! read, by the rules in force at that moment.

use alloc::vec::{self, Vec};

use super::{Header, Payload};
use crate::blake256;
use crate::hash::Hash;
use crate::network::Network;

/// Payloads that were hashed before they are read.
///
/// Each is a copy, and its hash is that of the copy. Comparing the copy with the input proves that the hash belongs to the
/// bytes that are read, even if the owner changed them. Then the copy becomes the payload of the frame, so that reading
/// copies each payload once, as it does without looking ahead.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    payloads: vec::IntoIter<(Payload, Hash)>,
}

impl Ahead {
    /// The kept copy of `payload` and its hash, if that is the next payload.
    pub(super) fn next(&mut self, payload: &[u8]) -> Option<(Payload, Hash)> {
        self.payloads.next().filter(|(kept, _)| **kept == *payload)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.payloads.as_slice().is_empty()
    }
}

/// The fewest payloads that are faster together, if hashing `payload` with those in `rest` behind it may pay. The length
/// of `rest` rules out most cases before any header is read.
#[inline]
pub(super) fn worthwhile(payload: &[u8], rest: &[u8]) -> Option<usize> {
    let least = blake256::worthwhile();
    let others = least.saturating_sub(1);
    // Among long payloads the others are long, too.
    let each = if is_long(payload) { LONG } else { 0 }.saturating_add(Header::LEN);
    (rest.len() >= others.saturating_mul(each)).then_some(least)
}

/// Hashes `payload` together with the payloads in `rest` behind it, if that pays: if there are at least `least` in all,
/// and long ones together are at least `least` times as long as the longest.
#[cold]
#[inline(never)]
pub(super) fn hash(payload: &[u8], rest: &[u8], network: Network, least: usize) -> Option<(Hash, Ahead)> {
    let mut payloads = [payload; AT_ONCE];
    let count = collect(&mut payloads, rest, network);
    let payloads = payloads.get(..count).filter(|payloads| payloads.len() >= least)?;
    if is_long(payload) {
        let longest = payloads.iter().map(|payload| payload.len()).max().unwrap_or_default();
        let total = payloads.iter().fold(0_usize, |total, payload| total.saturating_add(payload.len()));
        if total < least.saturating_mul(longest) {
            return None;
        }
    }
    let (first, others) = payloads.split_first()?;
    let unknown = Hash::from_bytes([0; Hash::LEN]);
    let mut kept: Vec<_> =
        others.iter().map(|payload| (Payload::copy_from_slice(payload), unknown)).collect();
    let mut inputs = [*first; AT_ONCE];
    for (input, (copy, _)) in inputs.iter_mut().skip(1).zip(&kept) {
        *input = copy;
    }
    let mut digests = [[0; Hash::LEN]; AT_ONCE];
    blake256::hash_many(inputs.get(..count)?, &mut digests);
    let (first, digests) = digests.split_first()?;
    for ((_, hash), digest) in kept.iter_mut().zip(digests) {
        *hash = Hash::from_bytes(*digest);
    }
    Some((Hash::from_bytes(*first), Ahead { payloads: kept.into_iter() }))
}

/// Puts the payloads in `rest` behind the first of `payloads`, and returns how many there are then. It ends before the
/// first frame that is not whole, of another network, or of the other kind of length, and at the limits.
fn collect<'a>(payloads: &mut [&'a [u8]; AT_ONCE], rest: &'a [u8], network: Network) -> usize {
    let [first, others @ ..] = payloads;
    let (mut count, mut total, mut behind) = (1_usize, first.len(), rest);
    for slot in others {
        let Some((payload, others)) = split(behind, network) else { break };
        total = total.saturating_add(payload.len());
        if is_long(payload) != is_long(first) || total > MOST {
            break;
        }
        (*slot, behind) = (payload, others);
        count = count.saturating_add(1);
    }
    count
}

/// The payload of the frame at the front of `bytes` and what is behind it, if it is whole and sane.
fn split(bytes: &[u8], network: Network) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk()?;
    let header = Header::from_bytes(header);
    if header.network == network { rest.split_at_checked(header.len as usize) } else { None }
}

const fn is_long(payload: &[u8]) -> bool {
    payload.len() >= LONG
}

/// The most payloads that are hashed together: as many as there are lanes.
const AT_ONCE: usize = 16;

/// The most bytes that are hashed together. With [`AT_ONCE`] this bounds what a machine holds and what one call does.
const MOST: usize = 4 * 1024 * 1024;

/// From this length in bytes on a payload is hashed with other long ones only. Most transactions are shorter. Among them,
/// a long one would keep one lane busy after the others have ended.
const LONG: usize = 2049;
