//! The compression function, for one message: its state is four rows of a vector each.
#![expect(clippy::arithmetic_side_effects, reason = "vectors wrap")]

use core::arch::x86_64::_mm_ternarylogic_epi32;

use fearless_simd::prelude::*;
use fearless_simd::{Avx2, Avx512, kernel, u8x64, u32x4, u32x16};

use super::schedule::SCHEDULE;
use crate::blake256::compress::{Block, C, Chain, ROUNDS, halves};

/// Hashes one block.
///
/// A round is two half rounds of four G side by side, first on the columns of the state, then on its diagonals:
/// for these the rows are rotated, but for `b`, which is the last to be ready.
#[inline(always)]
pub(super) fn compress<S: Vectors>(simd: S, chain: &mut Chain, block: &Block, counter: u64) {
    let row = |words: [u32; 4]| u32x4::simd_from(simd, words);
    let (low, high) = halves(counter);
    let message = u8x64::from_slice(simd, block);
    let [h0, h1, h2, h3, h4, h5, h6, h7] = *chain;
    let before = [row([h0, h1, h2, h3]), row([h4, h5, h6, h7])];
    let [mut a, mut b] = before;
    let mut c = row([C[0], C[1], C[2], C[3]]);
    let mut d = row([C[4], C[5], C[6], C[7]]) ^ row([low, low, high, high]);
    for round in SCHEDULE.iter().cycle().take(ROUNDS) {
        let words: u32x16<S> = message.swizzle_dyn(u8x64::simd_from(simd, round.bytes)).bitcast();
        let (columns, diagonals) = (words ^ u32x16::simd_from(simd, round.constants)).split();
        [a, b, c, d] = g(simd, [a, b, c, d], columns.split());
        a = a.rotate_elements_right::<1>();
        c = c.rotate_elements_left::<1>();
        d = d.rotate_elements_left::<2>();
        [a, b, c, d] = g(simd, [a, b, c, d], diagonals.split());
        a = a.rotate_elements_left::<1>();
        c = c.rotate_elements_right::<1>();
        d = d.rotate_elements_left::<2>();
    }
    let [h0, h1, h2, h3] = (before[0] ^ a ^ c).into();
    let [h4, h5, h6, h7] = (before[1] ^ b ^ d).into();
    *chain = [h0, h1, h2, h3, h4, h5, h6, h7];
}

/// The function G of the definition, in every column.
#[inline(always)]
fn g<S: Vectors>(
    simd: S,
    [mut a, mut b, mut c, mut d]: [u32x4<S>; 4],
    (x, y): (u32x4<S>, u32x4<S>),
) -> [u32x4<S>; 4] {
    a = a + x + b;
    d = simd.xor_rotate::<16>(d, a);
    c += d;
    b = simd.xor_rotate::<12>(b, c);
    a = a + y + b;
    d = simd.xor_rotate::<8>(d, a);
    c += d;
    b = simd.xor_rotate::<7>(b, c);
    [a, b, c, d]
}

/// What each level does in its own way.
pub(super) trait Vectors: Simd {
    /// `early ^ late`, rotated to the right by `N` bits. `late` is what has just been computed.
    fn xor_rotate<const N: u32>(self, early: u32x4<Self>, late: u32x4<Self>) -> u32x4<Self>;
}

impl Vectors for Avx2 {
    #[inline(always)]
    fn xor_rotate<const N: u32>(self, early: u32x4<Self>, late: u32x4<Self>) -> u32x4<Self> {
        let both = early ^ late;
        (both >> N) | (both << const { 32 - N })
    }
}

impl Vectors for Avx512 {
    /// The early part is rotated while the late one is not there yet, and the two shifts of the late one do not
    /// wait for each other: where a rotation takes two cycles that saves one.
    #[inline(always)]
    fn xor_rotate<const N: u32>(self, early: u32x4<Self>, late: u32x4<Self>) -> u32x4<Self> {
        let early = (early >> N) | (early << const { 32 - N });
        xor(self, early, late >> N, late << const { 32 - N })
    }
}

kernel! {
    /// The compiler would take the shifts for a rotation again, if this were not one instruction by name.
    #[inline(always)]
    fn xor(avx512: Avx512, x: u32x4<Avx512>, y: u32x4<Avx512>, z: u32x4<Avx512>) -> u32x4<Avx512> {
        _mm_ternarylogic_epi32::<0x96>(x.into(), y.into(), z.into()).simd_into(avx512)
    }
}
