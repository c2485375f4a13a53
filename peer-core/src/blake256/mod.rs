//! BLAKE-256, the hash of the protocol: the checksum of every frame, the id of every block and transaction.
//!
//! This is the SHA-3 finalist with 14 rounds and without a salt, not BLAKE2 or BLAKE3. Nearly all time spent
//! on receiving is spent here, so there is one way in for each situation:
//!
//! * [`hash`] for bytes that lie in one piece, and [`checksum`] for the four bytes of a frame's header;
//! * [`Blake256`] for bytes that arrive in parts;
//! * [`hash_many`] for many independent inputs, which together take two thirds of the time, or down to an eighth.
//!
//! With the feature `simd` each of them looks for the widest vectors of the CPU and uses the code made for
//! these; the digests are the same.
//!
//! Nothing here allocates or panics, and time is linear in the number of bytes: one compression for every 64
//! bytes, rounded up, of the input and at least nine bytes of padding.

mod compress;
mod lanes;
mod many;
#[cfg(not(all(feature = "simd", target_arch = "x86_64", not(target_os = "none"))))]
mod portable;
#[cfg(all(feature = "simd", target_arch = "x86_64", not(target_os = "none")))]
mod simd;

use core::fmt;

use compress::{Block, Chain, IV};
#[cfg(not(all(feature = "simd", target_arch = "x86_64", not(target_os = "none"))))]
use portable::Kernel;
#[cfg(all(feature = "simd", target_arch = "x86_64", not(target_os = "none")))]
use simd::Kernel;

/// Hashes `data` at once.
///
/// Up to 55 bytes cost exactly one compression. Does not panic.
///
/// ```
/// use peer_core::blake256;
///
/// let digest = blake256::hash(b"abc");
/// assert_eq!(digest[..4], [0x18, 0x33, 0xa9, 0xfa]);
/// assert_eq!(digest[..4], blake256::checksum(b"abc"));
///
/// let mut parts = blake256::Blake256::new();
/// parts.update(b"a");
/// parts.update(b"bc");
/// assert_eq!(parts.finalize(), digest);
/// ```
#[doc(alias = "HashB")]
#[doc(alias = "HashH")]
#[doc(alias = "Sum256")]
#[must_use]
pub fn hash(data: &[u8]) -> [u8; 32] {
    let (kernel, mut chain) = (Kernel::for_one(), IV);
    let (blocks, rest) = data.as_chunks();
    let bits = absorb(kernel, &mut chain, blocks, 0);
    finish(kernel, chain, Tail::new(rest, bits))
}

/// The checksum of a frame with the payload `data`: the first four bytes of its [`hash`].
///
/// Costs as much as the whole hash. Does not panic.
///
/// A payload that arrives in parts goes through [`Blake256`]; the first four bytes of its digest are the same.
#[must_use]
pub fn checksum(data: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = hash(data);
    [a, b, c, d]
}

/// Hashes each of `inputs` into the digest at the same position of `digests`.
///
/// Gives what [`hash`] gives for each, in less time: with sixteen inputs in two thirds of it, with the feature `simd`
/// in a third (vectors of 256 bits) or an eighth (512 bits), and there from three inputs on. Fewer inputs, or the ends
/// of a few long ones, take the time that they take one by one. Needs no sorting and no allocation, and uses about
/// 6 KiB of stack.
///
/// The slices should be equally long: what one of them has beyond the length of the other is left alone. Does
/// not panic.
pub fn hash_many(inputs: &[&[u8]], digests: &mut [[u8; 32]]) {
    many::hash_many((Kernel::for_many(), Kernel::for_one()), inputs, digests);
}

/// How many inputs of like length it takes for [`hash_many`] to be faster than one by one, on this CPU.
pub(crate) fn worthwhile() -> usize {
    Kernel::for_many().worthwhile()
}

/// A hash in progress, for bytes that arrive in parts.
///
/// How the bytes are cut does not matter to the digest, and hardly to the time: whole blocks are hashed where
/// they lie, and at most 63 bytes are kept in the state. The state takes 112 bytes.
///
/// The length is counted in bits modulo 2<sup>64</sup>, which is far beyond any input.
#[doc(alias = "Hasher256")]
#[derive(Clone)]
pub struct Blake256 {
    chain: Chain,
    /// How many bits the chain value covers; a multiple of 512.
    bits: u64,
    buffer: Block,
    /// Bytes of `buffer` in use; below 64 between calls.
    filled: usize,
}

impl Blake256 {
    /// Starts the hash of an empty input.
    #[must_use]
    pub const fn new() -> Self {
        Self { chain: IV, bits: 0, buffer: [0; 64], filled: 0 }
    }

    /// Appends `data` to the input.
    ///
    /// Hashes no more than the bytes handed in and up to 63 kept ones. Does not panic.
    pub fn update(&mut self, data: &[u8]) {
        let (kernel, mut data) = (Kernel::for_one(), data);
        debug_assert!(self.filled < self.buffer.len());
        if self.filled > 0 {
            let missing = self.buffer.len().saturating_sub(self.filled);
            let Some((first, later)) = data.split_at_checked(missing) else {
                self.append(data);
                return;
            };
            self.append(first);
            self.bits = absorb(kernel, &mut self.chain, &[self.buffer], self.bits);
            self.filled = 0;
            data = later;
        }
        let (blocks, rest) = data.as_chunks();
        self.bits = absorb(kernel, &mut self.chain, blocks, self.bits);
        self.append(rest);
    }

    /// Ends the input and gives its digest.
    ///
    /// Costs one compression, or two when more than 55 bytes are kept. Does not panic.
    #[must_use]
    pub fn finalize(self) -> [u8; 32] {
        debug_assert!(self.filled < self.buffer.len());
        let rest = self.buffer.get(..self.filled).unwrap_or_default();
        finish(Kernel::for_one(), self.chain, Tail::new(rest, self.bits))
    }

    /// Appends `bytes` to the buffer, which must have room for them.
    fn append(&mut self, bytes: &[u8]) {
        let filled = self.filled.wrapping_add(bytes.len());
        debug_assert!(filled <= self.buffer.len());
        if let Some(room) = self.buffer.get_mut(self.filled..filled) {
            room.copy_from_slice(bytes);
            self.filled = filled;
        }
    }
}

impl Default for Blake256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Blake256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blake256").finish_non_exhaustive()
    }
}

/// Hashes whole blocks of the message into `chain`, which covers `bits` bits, and gives what it covers then.
fn absorb(kernel: Kernel, chain: &mut Chain, blocks: &[Block], mut bits: u64) -> u64 {
    for block in blocks {
        bits = bits.wrapping_add(512);
        kernel.compress(chain, block, bits);
    }
    bits
}

fn finish(kernel: Kernel, mut chain: Chain, mut tail: Tail<'_>) -> [u8; 32] {
    let mut block = [0; 64];
    while let Some(counter) = tail.next(&mut block) {
        kernel.compress(&mut chain, &block, counter);
    }
    digest(chain)
}

fn digest(chain: Chain) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(chain) {
        *to = word.to_be_bytes();
    }
    bytes
}

/// The one or two padded blocks that end a message, each with its counter.
///
/// The padding is a one bit, zeros, a one bit and the length in bits as 64 bits, ending at a block's end.
struct Tail<'a> {
    /// The bytes behind the whole blocks, until they are in a block.
    rest: Option<&'a [u8]>,
    /// Bits of the whole message.
    bits: u64,
    ended: bool,
}

impl<'a> Tail<'a> {
    /// The tail of a message with `rest`, fewer than 64 bytes, behind `bits` bits of whole blocks.
    fn new(rest: &'a [u8], bits: u64) -> Self {
        debug_assert!(rest.len() < size_of::<Block>());
        let bits = bits.wrapping_add((rest.len() as u64).wrapping_mul(8));
        Self { rest: Some(rest), bits, ended: false }
    }

    /// Makes the next block and gives its counter.
    #[inline]
    fn next(&mut self, block: &mut Block) -> Option<u64> {
        if self.ended {
            return None;
        }
        *block = [0; 64];
        // By definition a block without a bit of the message has counter zero. So no two blocks share a counter.
        let mut counter = 0;
        self.ended = true;
        if let Some(rest) = self.rest.take() {
            if let Some((head, [mark, ..])) = block.split_at_mut_checked(rest.len()) {
                head.copy_from_slice(rest);
                *mark = 0x80;
            }
            if !rest.is_empty() {
                counter = self.bits;
            }
            self.ended = rest.len() <= 55;
        }
        if self.ended {
            block[55] |= 0x01;
            block[56..].copy_from_slice(&self.bits.to_be_bytes());
        }
        Some(counter)
    }
}
