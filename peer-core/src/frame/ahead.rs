//! Frames that wait together are hashed together.
//!
//! Lanes hash several small payloads in less time than one by one. So the payload that is read now takes along
//! those of the whole frames behind it, and what they hash to is kept until they are read. Nothing else is: each
//! frame is judged when its turn comes, by the rules that are in force then.

use alloc::vec::Vec;
use core::iter;

use bytes::Bytes;

use super::Header;
use crate::blake256;
use crate::hash::Hash;
use crate::network::Network;

/// A payload and its hash.
#[derive(Clone, Debug)]
pub(super) struct Hashed {
    pub(super) payload: Bytes,
    pub(super) hash: Hash,
}

/// Payloads that were hashed before their turn, the next one last.
///
/// Each is the copy that is handed out in the end. Comparing it with the bytes whose turn it is makes sure that
/// the hash is theirs, even where an owner did more than append, and costs next to nothing.
#[derive(Clone, Debug)]
pub(super) struct Ahead(Vec<Hashed>);

impl Ahead {
    /// Takes the next one, if it is `payload`.
    pub(super) fn next(&mut self, payload: &[u8]) -> Option<Hashed> {
        self.0.pop().filter(|next| next.payload == payload)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The hash of `payload`, whose turn it is, and what was hashed along with it of the frames in `rest` behind it.
///
/// Where that is not worth it, the payload is hashed alone.
pub(super) fn hash(payload: &[u8], rest: &[u8], network: Network) -> (Hash, Option<Ahead>) {
    let least = blake256::worthwhile();
    // Too few bytes for so many frames are seen at once, without looking at any.
    let shortest = least.saturating_sub(1).saturating_mul(Header::LEN);
    let ahead = if payload.len() <= LONGEST && rest.len() >= shortest {
        hash_together(payload, rest, network, least)
    } else {
        None
    };
    match ahead {
        Some((hash, ahead)) => (hash, Some(ahead)),
        None => (Hash::digest(payload), None),
    }
}

/// As [`hash`], if there are `least` payloads.
#[inline(never)]
fn hash_together(payload: &[u8], rest: &[u8], network: Network, least: usize) -> Option<(Hash, Ahead)> {
    let mut payloads = [payload; AT_ONCE];
    let mut count: usize = 1;
    for (place, payload) in payloads.iter_mut().skip(1).zip(small_payloads(rest, network)) {
        *place = payload;
        count = count.saturating_add(1);
    }
    let payloads = payloads.get(..count).filter(|payloads| payloads.len() >= least)?;
    let mut digests = [[0; Hash::LEN]; AT_ONCE];
    blake256::hash_many(payloads, &mut digests);
    let [first, ..] = digests;
    let behind = payloads.iter().zip(digests).skip(1).rev();
    let keep = |(payload, digest): (&&[u8], _)| Hashed {
        payload: Bytes::copy_from_slice(payload),
        hash: Hash::from_bytes(digest),
    };
    Some((Hash::from_bytes(first), Ahead(behind.map(keep).collect())))
}

/// The payloads of the frames at the front of `rest`, up to the first that is not whole, not small or not sane.
fn small_payloads(mut rest: &[u8], network: Network) -> impl Iterator<Item = &[u8]> {
    iter::from_fn(move || {
        let (header, behind) = rest.split_first_chunk()?;
        let header = Header::from_bytes(header);
        let len = header.len as usize;
        if header.network != network || len > LONGEST {
            return None;
        }
        let (payload, behind) = behind.split_at_checked(len)?;
        rest = behind;
        Some(payload)
    })
}

/// How many payloads are hashed together at most: as many as there are lanes, which keeps what a machine holds, and
/// what one call does, small.
const AT_ONCE: usize = 16;

/// The longest payload that is hashed with others, in bytes. Most transactions are shorter; what is longer leaves
/// the other lanes empty.
const LONGEST: usize = 2048;
