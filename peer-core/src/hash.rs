//! The 32-byte hashes that name blocks, transactions and mixing messages.

use core::fmt;
use core::str::FromStr;

use crate::blake256;

/// A 32-byte hash in the order it has on the wire.
///
/// Its text form, as in all of Decred, is the lower-case hex of the bytes *reversed*.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "chainhash")]
#[repr(transparent)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// Size in bytes.
    pub const LEN: usize = 32;
    /// All zero: "no stop", "no previous block".
    pub const ZERO: Self = Self([0; Self::LEN]);

    /// Takes the bytes as they are on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The BLAKE-256 digest of `data`.
    #[must_use]
    pub fn digest(data: &[u8]) -> Self {
        Self(blake256::hash(data))
    }

    /// The checksum of a frame whose payload has this digest.
    pub(crate) const fn checksum(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// The bytes as they are on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The bytes as they are on the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }
}

impl From<[u8; Self::LEN]> for Hash {
    fn from(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHashError {
    /// More than 64 hex digits.
    #[error("a hash has at most 64 hex digits, not {0}")]
    TooLong(usize),
    /// A character that is no hex digit, and its position.
    #[error("{found:?} at position {at} is no hex digit")]
    BadDigit {
        /// The character.
        found: char,
        /// Its byte position in the text.
        at: usize,
    },
}

impl FromStr for Hash {
    type Err = ParseHashError;

    /// Reads the text form. Missing digits on the left count as zero, as in the reference.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((at, found)) = text.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
            return Err(ParseHashError::BadDigit { found, at });
        }
        if text.len() > 2 * Self::LEN {
            return Err(ParseHashError::TooLong(text.len()));
        }
        let mut bytes = [0; Self::LEN];
        let nibbles = text.bytes().rev().map(|c| match c {
            b'0'..=b'9' => c.wrapping_sub(b'0'),
            _ => (c | 0x20).wrapping_sub(b'a').wrapping_add(10),
        });
        for (index, nibble) in nibbles.enumerate() {
            if let Some(byte) = bytes.get_mut(index / 2) {
                *byte |= if index % 2 == 0 { nibble } else { nibble << 4 };
            }
        }
        Ok(Self(bytes))
    }
}
