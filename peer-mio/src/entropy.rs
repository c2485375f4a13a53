//! The system's random number generator.

use core::convert::Infallible;

use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng, UnwrapErr};

/// The system's generator, fit for cryptography. It has no memory and needs no seed.
///
/// A connection draws four numbers when it begins, and one for each ping and each batch of announcements. Each is a
/// system call. Pass a seeded generator instead to make a run repeat.
///
/// # Panics
///
/// Drawing panics if the system has no random numbers, as some machines early in their boot.
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
