//! Many messages side by side, one in each lane of the compiler's vectors.

use core::{array, slice};

use super::compress::{Block, C, Chain, IV, ROUNDS, SIGMA, compress, halves};
use super::{Tail, digest};

pub(super) fn hash_many(inputs: &[&[u8]], digests: &mut [[u8; 32]]) {
    let mut waiting = inputs.iter().zip(digests).map(|(data, digest)| Message::new(data, digest));
    let mut messages: [Option<Message<'_>>; LANES] = array::from_fn(|_| waiting.next());
    let mut chains = IV.map(|word| [word; LANES]);

    // A lane that ends takes the next message at once. When too few are left, the rest is faster alone.
    let mut padded = [[0; 64]; LANES];
    while messages.iter().flatten().count() >= WORTHWHILE {
        let mut blocks = [&[0; 64]; LANES];
        let mut counters = [0; LANES];
        let lanes = messages.iter_mut().zip(&mut padded).zip(&mut blocks).zip(&mut counters);
        for (((message, padded), block), counter) in lanes {
            if let Some(next) = message.as_mut().and_then(|message| message.next(padded)) {
                (*block, *counter) = next;
            }
        }
        compress_lanes(&mut chains, &blocks, &counters);
        for (lane, slot) in messages.iter_mut().enumerate() {
            if let Some(message) = slot.take_if(|message| message.tail.ended) {
                *message.digest = digest(column(&chains, lane));
                *slot = waiting.next();
                set_column(&mut chains, lane, IV);
            }
        }
    }

    for (lane, message) in messages.into_iter().enumerate() {
        if let Some(message) = message {
            message.finish(column(&chains, lane));
        }
    }
}

/// What is left of a message, and where its digest goes.
struct Message<'a> {
    blocks: slice::Iter<'a, Block>,
    /// How many bits came out of `blocks` so far.
    bits: u64,
    tail: Tail<'a>,
    digest: &'a mut [u8; 32],
}

impl<'a> Message<'a> {
    fn new(data: &'a [u8], digest: &'a mut [u8; 32]) -> Self {
        let (blocks, rest) = data.as_chunks();
        let bits = (blocks.len() as u64).wrapping_mul(512);
        Self { blocks: blocks.iter(), bits: 0, tail: Tail::new(rest, bits), digest }
    }

    /// The next block and its counter; the block is made in `padded` unless it lies whole in the message.
    fn next<'b>(&mut self, padded: &'b mut Block) -> Option<(&'b Block, u64)>
    where
        'a: 'b,
    {
        if let Some(block) = self.blocks.next() {
            self.bits = self.bits.wrapping_add(512);
            return Some((block, self.bits));
        }
        let counter = self.tail.next(padded)?;
        Some((padded, counter))
    }

    /// Hashes what is left alone, from the chain value reached so far.
    fn finish(mut self, mut chain: Chain) {
        let mut padded = [0; 64];
        while let Some((block, counter)) = self.next(&mut padded) {
            compress(&mut chain, block, counter);
        }
        *self.digest = digest(chain);
    }
}

/// Hashes one block in each lane.
///
/// The state lies in memory and the rounds are a loop: in this form the compiler turns every loop over lanes
/// into vector instructions. Unrolled and kept in locals it does not, and is slower than one by one.
#[inline(never)]
fn compress_lanes(chains: &mut [Row; 8], blocks: &[&Block; LANES], counters: &[u64; LANES]) {
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
#[expect(clippy::indexing_slicing, reason = "masked to below 16, the length of both arrays")]
fn g(a: &mut Row, b: &mut Row, c: &mut Row, d: &mut Row, m: &[Row; 16], i: usize, j: usize) {
    let (i, j) = (i & 15, j & 15);
    let words = m[i].iter().zip(&m[j]).map(|(x, y)| (x ^ C[j], y ^ C[i]));
    for ((((a, b), c), d), (x, y)) in a.iter_mut().zip(b).zip(c).zip(d).zip(words) {
        *a = a.wrapping_add(x).wrapping_add(*b);
        *d = (*d ^ *a).rotate_right(16);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(12);
        *a = a.wrapping_add(y).wrapping_add(*b);
        *d = (*d ^ *a).rotate_right(8);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(7);
    }
}

fn column(rows: &[Row; 8], lane: usize) -> Chain {
    rows.each_ref().map(|row| row.get(lane).copied().unwrap_or_default())
}

fn set_column(rows: &mut [Row; 8], lane: usize, chain: Chain) {
    for (row, value) in rows.iter_mut().zip(chain) {
        if let Some(word) = row.get_mut(lane) {
            *word = value;
        }
    }
}

/// One word of the state or of the block, in every lane.
type Row = [u32; LANES];

/// Sixteen fill the widest vectors. Narrow ones take several steps, whose latencies overlap; with fewer lanes
/// the compiler unrolls the loops over them for base x86-64 and finds no vectors in what results.
const LANES: usize = 16;

/// The number of lanes in use from which all together are faster than those in use one by one, for vectors of
/// 128 bits. Wider ones would have it lower, but lose little.
const WORTHWHILE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut alone: [Chain; LANES] = array::from_fn(|lane| column(&chains, lane));

        compress_lanes(&mut chains, &blocks.each_ref(), &counters);

        for (lane, chain) in alone.iter_mut().enumerate() {
            compress(chain, &blocks[lane], counters[lane]);
            assert_eq!(column(&chains, lane), *chain, "lane {lane}");
        }
    }
}
