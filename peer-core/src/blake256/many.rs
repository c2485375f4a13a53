//! Many messages at once, one in each lane.

use core::{array, slice};

use super::compress::{Block, Chain, IV};
use super::lanes::{LANES, Row};
use super::{Kernel, Tail, digest};

/// Hashes `inputs` with `kernel`, and what is left in the end with `alone`.
pub(super) fn hash_many((kernel, alone): (Kernel, Kernel), inputs: &[&[u8]], digests: &mut [[u8; 32]]) {
    let mut waiting = inputs.iter().zip(digests).map(|(data, digest)| Message::new(data, digest));
    let mut messages: [Option<Message<'_>>; LANES] = array::from_fn(|_| waiting.next());
    let mut chains = IV.map(|word| [word; LANES]);

    // A lane whose message ends takes the next one at once, so lanes stay full while messages are left. With fewer lanes
    // in use than pays, each remaining message is finished alone, from the chain value of its lane.
    let mut padded = [[0; 64]; LANES];
    while messages.iter().flatten().count() >= kernel.worthwhile() {
        // An empty lane compresses zeros into a chain that nothing reads.
        let mut blocks = [&[0; 64]; LANES];
        let mut counters = [0; LANES];
        let lanes = messages.iter_mut().zip(&mut padded).zip(&mut blocks).zip(&mut counters);
        for (((message, padded), block), counter) in lanes {
            if let Some(next) = message.as_mut().and_then(|message| message.next(padded)) {
                (*block, *counter) = next;
            }
        }
        kernel.compress_lanes(&mut chains, &blocks, &counters);
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
            message.finish(alone, column(&chains, lane));
        }
    }
}

/// The rest of a message, and where its digest goes.
struct Message<'a> {
    blocks: slice::Iter<'a, Block>,
    /// Bits taken from `blocks` so far.
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

    /// Hashes the rest outside of the lanes, from the chain value reached so far.
    fn finish(mut self, kernel: Kernel, mut chain: Chain) {
        let mut padded = [0; 64];
        while let Some((block, counter)) = self.next(&mut padded) {
            kernel.compress(&mut chain, block, counter);
        }
        *self.digest = digest(chain);
    }
}

fn column(rows: &[Row; 8], lane: usize) -> Chain {
    debug_assert!(lane < LANES);
    rows.each_ref().map(|row| row.get(lane).copied().unwrap_or_default())
}

fn set_column(rows: &mut [Row; 8], lane: usize, chain: Chain) {
    debug_assert!(lane < LANES);
    for (row, value) in rows.iter_mut().zip(chain) {
        if let Some(word) = row.get_mut(lane) {
            *word = value;
        }
    }
}
