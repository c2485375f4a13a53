//! Scripts: bytes read as calls.
//!
//! Every byte string is a valid script. It is read from its front; what lies beyond its end reads as zeros, and
//! the runner stops there. So a mutator never wastes an input, and a shorter script is the beginning of a
//! longer one.
//!
//! The first bytes choose a [setting](super::setting), every following one an operation and, in its high bits,
//! a small argument; larger arguments follow. Which byte means which operation is told where they are read:
//! [`Call::read`](super::call::Call::read) and the bodies.

/// Version of the format of scripts. A change of what a byte means makes other scripts of those in the corpus:
/// then this goes up, and the corpus of the script targets is begun anew from the seeds. A new message or another
/// configuration is no such change, nor a meaning for a byte that had none and pulled: other words stand behind some numbers, and the calls remain what they were.
pub const FORMAT: u32 = 1;

/// What is left of a script, or of any input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(super) const fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let taken = self.bytes(N);
        bytes[..taken.len()].copy_from_slice(taken);
        bytes
    }

    /// A number of eight bytes.
    pub(super) fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// The next `count` bytes, or as many as there are.
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(self.0.len().min(count));
        self.0 = rest;
        taken
    }

    /// As many bytes as the next one says.
    pub(super) fn counted(&mut self) -> &'a [u8] {
        let count = self.byte();
        self.bytes(usize::from(count))
    }

    /// Everything that is left.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// The element of a list that a byte of a script stands for.
pub(super) fn pick<T>(list: &[T], index: u8) -> &T {
    &list[usize::from(index) % list.len()]
}
