//! Writing payloads: what bytes are appended to, and the encodings that messages share.

use alloc::vec::Vec;

use super::var_int;
use crate::blake256::Blake256;
use crate::hash::Hash;

/// Where encoded bytes go: into a payload, or straight into a hash.
#[expect(unnameable_types, reason = "part of the trait that seals `MixMessage`")]
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for Blake256 {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Size of `value` as a variable length integer, in bytes.
pub(crate) const fn var_int_len(value: usize) -> usize {
    var_int::len(value as u64)
}

/// Size of a byte string with its length in front, in bytes.
pub(crate) const fn var_bytes_len(len: usize) -> usize {
    var_int_len(len).saturating_add(len)
}

/// Appends `value` as a variable length integer.
pub(crate) fn put_var_int(out: &mut (impl Sink + ?Sized), value: usize) {
    let (bytes, len) = var_int::encode(value as u64);
    debug_assert!(len <= bytes.len());
    out.put(bytes.get(..len).unwrap_or_default());
}

/// Appends a byte string with its length in front.
pub(crate) fn put_var_bytes(out: &mut (impl Sink + ?Sized), bytes: &[u8]) {
    put_var_int(out, bytes.len());
    out.put(bytes);
}

/// Appends hashes, without a count.
pub(crate) fn put_hashes(out: &mut (impl Sink + ?Sized), hashes: &[Hash]) {
    for hash in hashes {
        out.put(hash.as_bytes());
    }
}
