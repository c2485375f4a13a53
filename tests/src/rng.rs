//! A generator that counts.

use core::convert::Infallible;

use rand_core::{Rng, TryRng};

/// Passes a generator on and counts how often it was asked.
#[derive(Clone, Debug)]
pub struct Counting<R> {
    rng: R,
    draws: u64,
}

impl<R: Rng> Counting<R> {
    /// Nothing drawn so far.
    pub const fn new(rng: R) -> Self {
        Self { rng, draws: 0 }
    }

    /// How often it was asked.
    pub const fn draws(&self) -> u64 {
        self.draws
    }
}

impl<R: Rng> TryRng for Counting<R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.draws += 1;
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.draws += 1;
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.draws += 1;
        self.rng.fill_bytes(bytes);
        Ok(())
    }
}
