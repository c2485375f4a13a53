//! Randomness of the system, for those who bring no generator of their own.

use core::convert::Infallible;

use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng, UnwrapErr};

/// The system's generator, fit for cryptography. It has no memory and needs no seed.
///
/// A connection draws four numbers at its beginning, and one for each ping and each batch of announcements; each is a
/// call of the system. Pass a seeded generator instead where a run is to be repeated.
///
/// # Panics
///
/// Drawing panics where the system has no random numbers to give, as early in the boot of some machines.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name for the system's generator, which has no state here")]
pub struct SystemRng;

impl TryRng for SystemRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        UnwrapErr(SysRng).try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        UnwrapErr(SysRng).try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        UnwrapErr(SysRng).try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for SystemRng {}
