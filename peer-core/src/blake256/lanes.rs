//! The compression function, for as many messages side by side as there are lanes in vectors.

use super::compress::{Block, C, ROUNDS, SIGMA, halves};

/// What is hashed next in each lane.
#[derive(Clone, Copy)]
pub(super) struct Lanes<'a> {
    pub(super) blocks: [&'a [Block]; LANES],
    /// The counter of the first block in each lane. It grows by 512, the bits of a block.
    pub(super) counters: [u64; LANES],
}

/// Hashes `count` blocks in each lane.
pub(super) fn compress_lanes(chains: &mut [Row; 8], lanes: &Lanes<'_>, count: usize) {
    let mut counters = lanes.counters;
    for at in 0..count {
        let blocks = lanes.blocks.map(|blocks| blocks.get(at).unwrap_or(&[0; 64]));
        compress(chains, &blocks, &counters);
        counters = counters.map(|counter| counter.wrapping_add(512));
    }
}

/// Hashes one block in each lane.
///
/// The state is in memory and the rounds are a loop, because in this form the compiler turns every loop over lanes into
/// vector instructions. Unrolled, with the state in locals, it does not, and the code is slower than one by one.
#[inline(never)]
fn compress(chains: &mut [Row; 8], blocks: &[&Block; LANES], counters: &[u64; LANES]) {
    // Transposes the blocks: row `i` has word `i` of every message.
    let mut m = [[0; LANES]; 16];
    for (lane, block) in blocks.iter().enumerate() {
        for (row, bytes) in m.iter_mut().zip(block.as_chunks().0) {
            if let Some(word) = row.get_mut(lane) {
                *word = u32::from_be_bytes(*bytes);
            }
        }
    }
    let low = counters.map(|counter| halves(counter).0);
    let high = counters.map(|counter| halves(counter).1);
    let [mut v0, mut v1, mut v2, mut v3, mut v4, mut v5, mut v6, mut v7] = *chains;
    let [mut v8, mut v9, mut v10, mut v11] = [C[0], C[1], C[2], C[3]].map(|c| [c; LANES]);
    let [mut v12, mut v13] = [C[4], C[5]].map(|c| low.map(|word| c ^ word));
    let [mut v14, mut v15] = [C[6], C[7]].map(|c| high.map(|word| c ^ word));
    for s in SIGMA.iter().cycle().take(ROUNDS) {
        g(&mut v0, &mut v4, &mut v8, &mut v12, &m, s[0], s[1]);
        g(&mut v1, &mut v5, &mut v9, &mut v13, &m, s[2], s[3]);
        g(&mut v2, &mut v6, &mut v10, &mut v14, &m, s[4], s[5]);
        g(&mut v3, &mut v7, &mut v11, &mut v15, &m, s[6], s[7]);
        g(&mut v0, &mut v5, &mut v10, &mut v15, &m, s[8], s[9]);
        g(&mut v1, &mut v6, &mut v11, &mut v12, &m, s[10], s[11]);
        g(&mut v2, &mut v7, &mut v8, &mut v13, &m, s[12], s[13]);
        g(&mut v3, &mut v4, &mut v9, &mut v14, &m, s[14], s[15]);
    }
    let first = [v0, v1, v2, v3, v4, v5, v6, v7];
    let second = [v8, v9, v10, v11, v12, v13, v14, v15];
    for ((chain, first), second) in chains.iter_mut().zip(first).zip(second) {
        for ((word, first), second) in chain.iter_mut().zip(first).zip(second) {
            *word ^= first ^ second;
        }
    }
}

/// The function G of the definition, in every lane, with the message words `i` and `j`.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "masked to below 16, or lanes: below the lengths of all arrays")]
fn g(a: &mut Row, b: &mut Row, c: &mut Row, d: &mut Row, m: &[Row; 16], i: usize, j: usize) {
    let (i, j) = (i & 15, j & 15);
    // Indexed, since zipped iterators are not inlined in every profile.
    for lane in 0..LANES {
        let (x, y) = (m[i][lane] ^ C[j], m[j][lane] ^ C[i]);
        a[lane] = a[lane].wrapping_add(x).wrapping_add(b[lane]);
        d[lane] = (d[lane] ^ a[lane]).rotate_right(16);
        c[lane] = c[lane].wrapping_add(d[lane]);
        b[lane] = (b[lane] ^ c[lane]).rotate_right(12);
        a[lane] = a[lane].wrapping_add(y).wrapping_add(b[lane]);
        d[lane] = (d[lane] ^ a[lane]).rotate_right(8);
        c[lane] = c[lane].wrapping_add(d[lane]);
        b[lane] = (b[lane] ^ c[lane]).rotate_right(7);
    }
}

/// One word of the state or of the block, in every lane.
pub(super) type Row = [u32; LANES];

/// Sixteen fill the widest vectors. Narrow ones take several steps, whose latencies overlap; with fewer lanes
/// the compiler unrolls the loops over them for base x86-64 and finds no vectors in what results.
pub(super) const LANES: usize = 16;

/// The fewest lanes in use that are faster together than one by one, with vectors of 128 bits.
pub(super) const WORTHWHILE: usize = 10;

#[cfg(test)]
mod tests {
    use core::array;

    use super::{LANES, Lanes, compress_lanes};
    use crate::blake256::compress::{IV, compress};

    #[test]
    fn every_lane_is_one_compression() {
        let mut blocks = [[0; 64]; LANES];
        for (block, lane) in blocks.iter_mut().zip(0..) {
            for (byte, i) in block.iter_mut().zip(lane..) {
                *byte = i;
            }
        }
        let mut chains = IV.map(|word| [word; LANES]);
        for row in &mut chains {
            for (word, lane) in row.iter_mut().zip(0..) {
                *word ^= lane;
            }
        }
        let counters = array::from_fn(|lane| 0x1_0000_0001 * lane as u64);
        let mut alone: [_; LANES] = array::from_fn(|lane| chains.map(|row| row[lane]));

        let lanes = Lanes { blocks: blocks.each_ref().map(core::slice::from_ref), counters };
        compress_lanes(&mut chains, &lanes, 1);

        for (lane, chain) in alone.iter_mut().enumerate() {
            compress(chain, &blocks[lane], counters[lane]);
            assert_eq!(chains.map(|row| row[lane]), *chain, "lane {lane}");
        }
    }
}
