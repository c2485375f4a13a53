//! In which order the rounds of one message take its words.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "worked out by the compiler, which refuses what goes wrong"
)]

use crate::blake256::compress::{C, SIGMA};

/// What a round adds to `a`: in each lane, first for the columns, then for the diagonals.
#[derive(Clone, Copy)]
pub(super) struct Round {
    /// Of each byte of the words, where it is in the block.
    pub(super) bytes: [u8; 64],
    /// What is added to the words without carry.
    pub(super) constants: [u32; 16],
}

impl Round {
    const fn new(sigma: &[usize; 16]) -> Self {
        let mut round = Self { bytes: [0; 64], constants: [0; 16] };
        let mut at = 0;
        while at < 16 {
            // Of a half round, four words for the first half of G and four for the second. `b` stays where it
            // is, so the diagonals begin one lane further.
            let (half, second, lane) = (at / 8, at / 4 % 2, at % 4);
            let column = if half == 0 { lane } else { (lane + 3) % 4 };
            let pair = 8 * half + 2 * column;
            let word = sigma[pair + second];
            round.constants[at] = C[sigma[pair + 1 - second]];
            let mut byte = 0;
            while byte < 4 {
                #[expect(clippy::cast_possible_truncation, reason = "a block has 64 bytes")]
                let place = (4 * word + 3 - byte) as u8;
                round.bytes[4 * at + byte] = place;
                byte += 1;
            }
            at += 1;
        }
        round
    }
}

/// The first ten rounds; then they repeat.
pub(super) static SCHEDULE: [Round; SIGMA.len()] = {
    let mut schedule = [Round { bytes: [0; 64], constants: [0; 16] }; SIGMA.len()];
    let mut i = 0;
    while i < schedule.len() {
        schedule[i] = Round::new(&SIGMA[i]);
        i += 1;
    }
    schedule
};
