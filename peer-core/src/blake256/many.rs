//! Many messages at once, one in each lane.

use core::{array, slice};

use super::compress::{Block, Chain, IV};
use super::lanes::{LANES, Lanes, Row};
use super::{Kernel, Tail, absorb, digest, finish};

/// Hashes `inputs` with `kernel`, and what is left in the end with `alone`.
pub(super) fn hash_many((kernel, alone): (Kernel, Kernel), inputs: &[&[u8]], digests: &mut [[u8; 32]]) {
    let mut waiting = inputs.iter().zip(digests).map(|(data, digest)| Message::new(data, digest));
    let mut messages: [Option<Message<'_>>; LANES] = array::from_fn(|_| waiting.next());
    let mut chains = IV.map(|word| [word; LANES]);
    let mut used = messages.iter().flatten().count();

    // A lane whose message ends takes the next one at once, or else the message of the last lane, so that the lanes in
    // use are the first ones. With fewer than pays, each remaining message is finished alone, from the chain value of
    // its lane.
    let mut padded = [[0; 64]; LANES];
    while let Some(width) = kernel.width(used) {
        let mut lanes = Lanes { blocks: [&[]; LANES], counters: [0; LANES] };
        let mut count = usize::MAX;
        let all = messages.iter_mut().zip(&mut padded).zip(&mut lanes.blocks).zip(&mut lanes.counters);
        for (((message, padded), blocks), counter) in all {
            let Some(message) = message else { break };
            (*blocks, *counter) = message.next(padded);
            count = count.min(blocks.len());
        }
        kernel.compress_lanes(&mut chains, &lanes, count, width);
        for (lane, slot) in messages.iter_mut().enumerate().take(used) {
            if let Some(message) = slot.take_if(|message| message.advance(count)) {
                *message.digest = digest(column(&chains, lane));
                *slot = waiting.next();
                set_column(&mut chains, lane, IV);
            }
        }
        used = close_ranks(&mut messages, &mut chains, used);
    }

    for (lane, message) in messages.into_iter().enumerate() {
        if let Some(message) = message {
            message.finish(alone, column(&chains, lane));
        }
    }
}

/// Moves the messages in the first `used` lanes to the front, and returns how many there are.
fn close_ranks(messages: &mut [Option<Message<'_>>; LANES], chains: &mut [Row; 8], used: usize) -> usize {
    let mut left = 0_usize;
    for lane in 0..used {
        if messages.get(lane).is_some_and(Option::is_some) {
            if left < lane {
                messages.swap(left, lane);
                let chain = column(chains, lane);
                set_column(chains, left, chain);
                set_column(chains, lane, IV);
            }
            left = left.saturating_add(1);
        }
    }
    left
}

/// The rest of a message, and where its digest goes.
struct Message<'a> {
    /// Whole blocks.
    blocks: &'a [Block],
    /// Bits that came before `blocks`.
    bits: u64,
    tail: Tail<'a>,
    digest: &'a mut [u8; 32],
}

impl<'a> Message<'a> {
    fn new(data: &'a [u8], digest: &'a mut [u8; 32]) -> Self {
        let (blocks, rest) = data.as_chunks();
        let bits = (blocks.len() as u64).wrapping_mul(512);
        Self { blocks, bits: 0, tail: Tail::new(rest, bits), digest }
    }

    /// The next blocks, at least one, and the counter of the first: the whole ones that are left, or one that is made
    /// in `padded`.
    fn next<'b>(&mut self, padded: &'b mut Block) -> (&'b [Block], u64)
    where
        'a: 'b,
    {
        if !self.blocks.is_empty() {
            return (self.blocks, self.bits.wrapping_add(512));
        }
        let counter = self.tail.next(padded).unwrap_or_default();
        (slice::from_ref(padded), counter)
    }

    /// Notes that `count` of the blocks from [`next`](Self::next) are hashed. Returns whether they were the last.
    fn advance(&mut self, count: usize) -> bool {
        if let Some((hashed, blocks)) = self.blocks.split_at_checked(count) {
            self.bits = self.bits.wrapping_add((hashed.len() as u64).wrapping_mul(512));
            self.blocks = blocks;
        }
        self.tail.ended
    }

    /// Hashes the rest outside of the lanes, from the chain value reached so far.
    fn finish(self, kernel: Kernel, mut chain: Chain) {
        absorb(kernel, &mut chain, self.blocks, self.bits);
        *self.digest = finish(kernel, chain, self.tail);
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
