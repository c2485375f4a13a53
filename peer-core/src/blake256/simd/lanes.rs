//! The compression function, for as many messages side by side as a vector has lanes.
#![expect(clippy::arithmetic_side_effects, reason = "vectors wrap")]

use fearless_simd::prelude::*;
use fearless_simd::{Avx2, Avx512, u32x4, u32x8, u32x16};

use crate::blake256::compress::{Block, C, ROUNDS, SIGMA, halves};
use crate::blake256::lanes::{LANES, Lanes, Row};

/// Hashes `count` blocks in each of the first `width` lanes. The others may change or not.
#[inline(always)]
pub(super) fn compress_first<S: Simd>(
    simd: S,
    chains: &mut [Row; 8],
    lanes: &Lanes<'_>,
    count: usize,
    width: usize,
) where
    u32x4<S>: Words<S>,
    u32x8<S>: Words<S>,
    u32x16<S>: Words<S>,
{
    match width {
        ..=4 => compress::<S, u32x4<S>>(simd, chains, lanes, count),
        5..=8 => compress::<S, u32x8<S>>(simd, chains, lanes, count),
        _ => compress::<S, u32x16<S>>(simd, chains, lanes, count),
    }
}

/// Hashes `count` blocks in each lane of a vector of the type `V`. The lanes beyond it stay as they are.
///
/// The rounds are a loop: unrolled they are no faster, and take the compiler minutes.
#[inline(always)]
fn compress<S: Simd, V: Words<S>>(simd: S, chains: &mut [Row; 8], lanes: &Lanes<'_>, count: usize) {
    let mut counters = lanes.counters;
    let mut chain = [V::splat(simd, 0); 8];
    for (words, row) in chain.iter_mut().zip(&*chains) {
        *words = load(simd, row);
    }
    for at in 0..count {
        let m = V::message(simd, &lanes.blocks, at);
        let low = load::<S, V>(simd, &counters.map(|counter| halves(counter).0));
        let high = load::<S, V>(simd, &counters.map(|counter| halves(counter).1));
        chain = rounds(simd, chain, &m, low, high);
        counters = counters.map(|counter| counter.wrapping_add(512));
    }
    for (row, words) in chains.iter_mut().zip(chain) {
        if let Some(row) = row.get_mut(..V::LEN) {
            words.store_slice(row);
        }
    }
}

/// What a block makes of `before`, with the message words `m`.
#[inline(always)]
fn rounds<S: Simd, V: Words<S>>(simd: S, before: [V; 8], m: &[V; 16], low: V, high: V) -> [V; 8] {
    let [mut v0, mut v1, mut v2, mut v3, mut v4, mut v5, mut v6, mut v7] = before;
    let [mut v8, mut v9] = [V::splat(simd, C[0]), V::splat(simd, C[1])];
    let [mut v10, mut v11] = [V::splat(simd, C[2]), V::splat(simd, C[3])];
    let [mut v12, mut v13, mut v14, mut v15] = [low ^ C[4], low ^ C[5], high ^ C[6], high ^ C[7]];
    for s in SIGMA.iter().cycle().take(ROUNDS) {
        [v0, v4, v8, v12] = g([v0, v4, v8, v12], m, s[0], s[1]);
        [v1, v5, v9, v13] = g([v1, v5, v9, v13], m, s[2], s[3]);
        [v2, v6, v10, v14] = g([v2, v6, v10, v14], m, s[4], s[5]);
        [v3, v7, v11, v15] = g([v3, v7, v11, v15], m, s[6], s[7]);
        [v0, v5, v10, v15] = g([v0, v5, v10, v15], m, s[8], s[9]);
        [v1, v6, v11, v12] = g([v1, v6, v11, v12], m, s[10], s[11]);
        [v2, v7, v8, v13] = g([v2, v7, v8, v13], m, s[12], s[13]);
        [v3, v4, v9, v14] = g([v3, v4, v9, v14], m, s[14], s[15]);
    }
    let first = [v0, v1, v2, v3, v4, v5, v6, v7];
    let second = [v8, v9, v10, v11, v12, v13, v14, v15];
    let mut after = before;
    for ((word, first), second) in after.iter_mut().zip(first).zip(second) {
        *word = *word ^ first ^ second;
    }
    after
}

/// The function G of the definition, in every lane, with the message words `i` and `j`.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "masked to below 16, the length of both arrays")]
fn g<S: Simd, V: Words<S>>([mut a, mut b, mut c, mut d]: [V; 4], m: &[V; 16], i: usize, j: usize) -> [V; 4] {
    let (i, j) = (i & 15, j & 15);
    a = a + (m[i] ^ C[j]) + b;
    d = rotate_right::<S, V, 16>(d ^ a);
    c += d;
    b = rotate_right::<S, V, 12>(b ^ c);
    a = a + (m[j] ^ C[i]) + b;
    d = rotate_right::<S, V, 8>(d ^ a);
    c += d;
    b = rotate_right::<S, V, 7>(b ^ c);
    [a, b, c, d]
}

#[inline(always)]
fn rotate_right<S: Simd, V: Words<S>, const N: u32>(x: V) -> V {
    (x >> N) | (x << const { 32 - N })
}

/// The first words of a row.
#[inline(always)]
fn load<S: Simd, V: Words<S>>(simd: S, row: &Row) -> V {
    row.get(..V::LEN).map_or_else(|| V::splat(simd, 0), |words| V::from_slice(simd, words))
}

/// A vector of words, one of each lane.
pub(super) trait Words<S: Simd>: SimdInt<S, Element = u32> {
    /// The words of the block `at` in each lane.
    fn message(simd: S, blocks: &[&[Block]; LANES], at: usize) -> [Self; 16];
}

macro_rules! words {
    ($($vector:ident of $lanes:literal for $level:ident)*) => {$(
        impl Words<$level> for $vector<$level> {
            #[inline(always)]
            fn message(simd: $level, blocks: &[&[Block]; LANES], at: usize) -> [Self; 16] {
                let mut m = [Self::splat(simd, 0); 16];
                for (part, rows) in m.as_chunks_mut::<$lanes>().0.iter_mut().enumerate() {
                    for (row, blocks) in rows.iter_mut().zip(blocks) {
                        let block = blocks.get(at).unwrap_or(&[0; 64]);
                        if let Some(words) = block.as_chunks::<{ 4 * $lanes }>().0.get(part) {
                            *row = from_big_endian(simd, words);
                        }
                    }
                    transpose(rows);
                }
                m
            }
        }
    )*};
}
words!(u32x4 of 4 for Avx2 u32x8 of 8 for Avx2);
words!(u32x4 of 4 for Avx512 u32x8 of 8 for Avx512 u32x16 of 16 for Avx512);

impl Words<Avx2> for u32x16<Avx2> {
    /// Word by word, since these vectors are two each, and the registers too few for their transposition.
    #[inline(always)]
    fn message(simd: Avx2, blocks: &[&[Block]; LANES], at: usize) -> [Self; 16] {
        let mut m = [[0; LANES]; 16];
        // Looked up first, so that the compiler finds vectors in the loop.
        let blocks = blocks.map(|blocks| blocks.get(at).unwrap_or(&[0; 64]));
        for (lane, block) in blocks.iter().enumerate() {
            for (row, bytes) in m.iter_mut().zip(block.as_chunks().0) {
                if let Some(word) = row.get_mut(lane) {
                    *word = u32::from_be_bytes(*bytes);
                }
            }
        }
        m.map(|row| Self::simd_from(simd, row))
    }
}

/// The words of these bytes, of which there are as many as a vector has.
#[inline(always)]
fn from_big_endian<S: Simd, V: Words<S>>(simd: S, bytes: &[u8]) -> V {
    let (swapped, _) = SWAPPED.split_at_checked(bytes.len()).unwrap_or_default();
    let swapped = V::ByteVector::from_slice(simd, swapped);
    V::from_bytes(V::ByteVector::from_slice(simd, bytes).swizzle_dyn_within_blocks(swapped))
}

/// Makes columns of rows: each step merges the halves, as a shuffle of cards does.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "below the length, which is even")]
fn transpose<S: Simd, V: Words<S>, const N: usize>(rows: &mut [V; N]) {
    for _ in 0..N.ilog2() {
        let before = *rows;
        for i in 0..N / 2 {
            let (low, high) = (before[i], before[i + N / 2]);
            rows[2 * i] = low.zip_low(high);
            rows[2 * i + 1] = low.zip_high(high);
        }
    }
}

/// Where each byte of the words is in a vector, if they are read backwards.
#[expect(clippy::indexing_slicing, reason = "worked out by the compiler")]
const SWAPPED: [u8; 64] = {
    let mut places = [0; 64];
    let mut i: u8 = 0;
    while i < 64 {
        places[i as usize] = (i ^ 3) & 15;
        i += 1;
    }
    places
};
