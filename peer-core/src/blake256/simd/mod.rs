//! The choice of code by the CPU at hand, made while the program runs.
//!
//! Vectors are used through `fearless_simd`, whose tokens are proofs that the CPU has what a function needs. So
//! there is no unsafe code here either.

mod lanes;
mod schedule;
mod stream;

extern crate std;

use std::is_x86_feature_detected;

use fearless_simd::{Avx2, Avx512, Level, Simd as _};

use super::compress::{Block, Chain, compress};
use super::lanes::{LANES, Lanes, Row, WORTHWHILE, compress_lanes};

/// The code that hashes. All give the same results.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// Plain Rust.
    Portable,
    /// Vectors of 256 bits.
    Avx2(Avx2),
    /// Vectors of 512 bits, and rotations.
    Avx512(Avx512),
}

impl Kernel {
    /// The best for one message.
    #[inline]
    pub(super) fn for_one() -> Self {
        if has_slow_vectors() { Self::Portable } else { Self::for_many() }
    }

    /// The best for many.
    #[inline]
    pub(super) fn for_many() -> Self {
        let level = Level::new();
        match (level.as_avx512(), level.as_avx2()) {
            (Some(avx512), _) => Self::Avx512(avx512),
            (None, Some(avx2)) => Self::Avx2(avx2),
            (None, None) => Self::Portable,
        }
    }

    /// Hashes one block.
    #[inline]
    pub(super) fn compress(self, chain: &mut Chain, block: &Block, counter: u64) {
        match self {
            Self::Portable => compress(chain, block, counter),
            Self::Avx2(avx2) => avx2.vectorize(
                #[inline(always)]
                || stream::compress(avx2, chain, block, counter),
            ),
            Self::Avx512(avx512) => avx512.vectorize(
                #[inline(always)]
                || stream::compress(avx512, chain, block, counter),
            ),
        }
    }

    /// Hashes `count` blocks in each of the first `width` lanes.
    pub(super) fn compress_lanes(self, chains: &mut [Row; 8], lanes: &Lanes<'_>, count: usize, width: usize) {
        match self {
            Self::Portable => compress_lanes(chains, lanes, count),
            Self::Avx2(avx2) => avx2.vectorize(
                #[inline(always)]
                || lanes::compress_first(avx2, chains, lanes, count, width),
            ),
            Self::Avx512(avx512) => avx512.vectorize(
                #[inline(always)]
                || lanes::compress_first(avx512, chains, lanes, count, width),
            ),
        }
    }

    /// The fewest messages that are faster together than one by one.
    pub(super) const fn worthwhile(self) -> usize {
        match self {
            Self::Portable => WORTHWHILE,
            Self::Avx2(_) | Self::Avx512(_) => 3,
        }
    }

    /// How many lanes to use for so many messages. `None` if one by one is faster.
    pub(super) const fn width(self, messages: usize) -> Option<usize> {
        match (self, messages) {
            _ if messages < self.worthwhile() => None,
            (Self::Portable, _) | (_, 9..) => Some(LANES),
            (_, ..=4) => Some(4),
            (_, 5..=8) => Some(8),
        }
    }
}

/// Whether each step on a vector takes two cycles: so it is on AMD's cores from Zen 5 on, the only ones with both
/// features. One message is a chain of such steps, and plain code hashes it twice as fast there; lanes do not
/// mind.
#[inline]
fn has_slow_vectors() -> bool {
    is_x86_feature_detected!("sse4a") && is_x86_feature_detected!("avxvnni")
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;
    use core::array;

    use super::*;
    use crate::blake256::compress::IV;
    use crate::blake256::many::hash_many;
    use crate::blake256::{Tail, absorb, finish};

    #[test]
    fn every_kernel_compresses_a_block_as_plain_code_does() {
        let mut bytes = bytes();
        for kernel in kernels() {
            let (mut chain, mut expected) = (IV, IV);
            for _ in 0..100 {
                let block = array::from_fn(|_| next(&mut bytes));
                let counter = u64::from_le_bytes(array::from_fn(|_| next(&mut bytes)));
                kernel.compress(&mut chain, &block, counter);
                compress(&mut expected, &block, counter);
                assert_eq!(chain, expected, "{kernel:?}");
            }
        }
    }

    #[test]
    fn every_kernel_fills_lanes_as_plain_code_does() {
        let mut bytes = bytes();
        for kernel in kernels() {
            let mut chains = IV.map(|word| [word; LANES]);
            let mut expected = chains;
            for _ in 0..100 {
                let blocks: [[Block; 3]; LANES] =
                    array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| next(&mut bytes))));
                let counters = array::from_fn(|_| u64::from_le_bytes(array::from_fn(|_| next(&mut bytes))));
                let lanes = Lanes { blocks: blocks.each_ref().map(|blocks| &blocks[..]), counters };
                for width in [4, 8, LANES] {
                    kernel.compress_lanes(&mut chains, &lanes, 3, width);
                    compress_lanes(&mut expected, &lanes, 3);
                    let first = |chains: &[Row; 8]| chains.map(|row| row[..width].to_vec());
                    assert_eq!(first(&chains), first(&expected), "{kernel:?}, {width} lanes");
                    expected = chains;
                }
            }
        }
    }

    #[test]
    fn every_kernel_hashes_every_length_alone_and_among_many() {
        let data: Vec<u8> = bytes().take(700).collect();
        // Every length once, long and short ones side by side.
        let lengths = (0..600).map(|i| i * 211 % 600);
        let inputs: Vec<&[u8]> = lengths.map(|length| &data[length % 100..][..length]).collect();
        let hash = |kernel: Kernel, data: &[u8]| {
            let (blocks, rest) = data.as_chunks();
            let mut chain = IV;
            let bits = absorb(kernel, &mut chain, blocks, 0);
            finish(kernel, chain, Tail::new(rest, bits))
        };
        let expected: Vec<_> = inputs.iter().map(|data| hash(Kernel::Portable, data)).collect();
        for kernel in kernels() {
            for (data, expected) in inputs.iter().zip(&expected) {
                assert_eq!(hash(kernel, data), *expected, "{kernel:?}, {} bytes", data.len());
            }
            for count in (0..40).chain([600]) {
                let mut digests = vec![[0; 32]; count];
                hash_many((kernel, kernel), &inputs[600 - count..], &mut digests);
                assert_eq!(digests, expected[600 - count..], "{kernel:?}, {count} inputs");
            }
        }
    }

    /// Every kernel that this CPU can run.
    fn kernels() -> impl Iterator<Item = Kernel> {
        let level = Level::new();
        let avx2 = level.as_avx2().map(Kernel::Avx2);
        [Some(Kernel::Portable), avx2, level.as_avx512().map(Kernel::Avx512)].into_iter().flatten()
    }

    /// Bytes without an order that a mistake could hide in.
    fn bytes() -> impl Iterator<Item = u8> {
        let mut state = 1_u32;
        core::iter::from_fn(move || {
            state = state.wrapping_mul(0x915F_77F5).wrapping_add(1);
            Some(state.to_be_bytes()[0])
        })
    }

    fn next(bytes: &mut impl Iterator<Item = u8>) -> u8 {
        bytes.next().unwrap()
    }
}
