//! The generator of a machine that repeats what another one drew.

use core::convert::Infallible;

use rand_core::TryRng;

/// Gives the recorded nonce where the machine draws one next. All other numbers only count, as no recording shows them.
#[derive(Clone, Debug)]
pub(super) struct Nonces {
    pub(super) next_nonce: Option<u64>,
    drawn: u64,
}

impl Nonces {
    /// A machine draws the nonce of its `version` first.
    pub(super) const fn new(nonce: u64) -> Self {
        Self { next_nonce: Some(nonce), drawn: 0 }
    }

    fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.next_nonce.take().unwrap_or(self.drawn)
    }
}

impl TryRng for Nonces {
    type Error = Infallible;

    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.draw() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.draw().to_le_bytes();
            chunk.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
        Ok(())
    }
}
