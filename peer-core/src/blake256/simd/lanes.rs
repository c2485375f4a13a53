//! The compression function, for sixteen messages side by side.
#![expect(clippy::arithmetic_side_effects, reason = "vectors wrap")]

use fearless_simd::prelude::*;
use fearless_simd::u32x16;

use crate::blake256::compress::{Block, C, ROUNDS, SIGMA, halves};
use crate::blake256::lanes::{LANES, Row};

/// Hashes one block in each lane.
///
/// The rounds are a loop: unrolled they are no faster, and take the compiler minutes.
#[inline(always)]
pub(super) fn compress<S: Simd>(
    simd: S,
    chains: &mut [Row; 8],
    blocks: &[&Block; LANES],
    counters: &[u64; LANES],
) {
    let mut m = [[0; LANES]; 16];
    for (lane, block) in blocks.iter().enumerate() {
        for (row, bytes) in m.iter_mut().zip(block.as_chunks().0) {
            if let Some(word) = row.get_mut(lane) {
                *word = u32::from_be_bytes(*bytes);
            }
        }
    }
    let m = m.map(|row| u32x16::simd_from(simd, row));
    let low = u32x16::simd_from(simd, counters.map(|counter| halves(counter).0));
    let high = u32x16::simd_from(simd, counters.map(|counter| halves(counter).1));
    let before = chains.map(|row| u32x16::simd_from(simd, row));

    let [mut v0, mut v1, mut v2, mut v3, mut v4, mut v5, mut v6, mut v7] = before;
    let [mut v8, mut v9, mut v10, mut v11] = [C[0], C[1], C[2], C[3]].map(|c| u32x16::splat(simd, c));
    let [mut v12, mut v13, mut v14, mut v15] =
        [(C[4], low), (C[5], low), (C[6], high), (C[7], high)].map(|(c, half)| half ^ c);
    for s in SIGMA.iter().cycle().take(ROUNDS) {
        [v0, v4, v8, v12] = g([v0, v4, v8, v12], &m, s[0], s[1]);
        [v1, v5, v9, v13] = g([v1, v5, v9, v13], &m, s[2], s[3]);
        [v2, v6, v10, v14] = g([v2, v6, v10, v14], &m, s[4], s[5]);
        [v3, v7, v11, v15] = g([v3, v7, v11, v15], &m, s[6], s[7]);
        [v0, v5, v10, v15] = g([v0, v5, v10, v15], &m, s[8], s[9]);
        [v1, v6, v11, v12] = g([v1, v6, v11, v12], &m, s[10], s[11]);
        [v2, v7, v8, v13] = g([v2, v7, v8, v13], &m, s[12], s[13]);
        [v3, v4, v9, v14] = g([v3, v4, v9, v14], &m, s[14], s[15]);
    }
    let first = [v0, v1, v2, v3, v4, v5, v6, v7];
    let second = [v8, v9, v10, v11, v12, v13, v14, v15];
    for (((chain, before), first), second) in chains.iter_mut().zip(before).zip(first).zip(second) {
        *chain = (before ^ first ^ second).into();
    }
}

/// The function G of the definition, in every lane, with the message words `i` and `j`.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "masked to below 16, the length of both arrays")]
fn g<S: Simd>(
    [mut a, mut b, mut c, mut d]: [u32x16<S>; 4],
    m: &[u32x16<S>; 16],
    i: usize,
    j: usize,
) -> [u32x16<S>; 4] {
    let (i, j) = (i & 15, j & 15);
    a = a + (m[i] ^ C[j]) + b;
    d = rotate_right::<S, 16>(d ^ a);
    c += d;
    b = rotate_right::<S, 12>(b ^ c);
    a = a + (m[j] ^ C[i]) + b;
    d = rotate_right::<S, 8>(d ^ a);
    c += d;
    b = rotate_right::<S, 7>(b ^ c);
    [a, b, c, d]
}

#[inline(always)]
fn rotate_right<S: Simd, const N: u32>(x: u32x16<S>) -> u32x16<S> {
    (x >> N) | (x << const { 32 - N })
}
