//! Commands: the names of messages on the wire.

use core::fmt;
use core::str;

use crate::error::{CodecError, Excess};

/// The name of a message: up to 12 bytes of printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command([u8; Self::LEN]);

impl Command {
    /// Size of the field in a frame header, in bytes.
    pub const LEN: usize = 12;

    /// No command: an all-zero field, which no message has.
    pub(crate) const EMPTY: Self = Self([0; Self::LEN]);

    /// `version`.
    pub(crate) const VERSION: Self = Self(*b"version\0\0\0\0\0");
    /// `verack`.
    pub(crate) const VERACK: Self = Self(*b"verack\0\0\0\0\0\0");

    /// The command with this name.
    ///
    /// # Errors
    ///
    /// [`CodecError::CmdTooLong`] above 12 bytes, [`CodecError::MalformedCmd`] where a byte is not printable
    /// ASCII (`0x20..=0x7e`) or the name is empty.
    pub const fn new(name: &str) -> Result<Self, CodecError> {
        let bytes = name.as_bytes();
        if bytes.len() > Self::LEN {
            return Err(CodecError::CmdTooLong(Excess::new(bytes.len(), Self::LEN)));
        }
        if bytes.is_empty() {
            return Err(CodecError::MalformedCmd);
        }
        let mut field = [0; Self::LEN];
        let (head, _) = field.split_at_mut(bytes.len());
        head.copy_from_slice(bytes);
        match Self::from_wire(field) {
            // A trailing zero in the name would be taken for padding.
            Some(command) if command.len() == bytes.len() => Ok(command),
            _ => Err(CodecError::MalformedCmd),
        }
    }

    /// The command in a header's field, or `None` where a byte before the zero padding is not printable
    /// ASCII. An all-zero field is the empty command, which no message has.
    #[must_use]
    pub const fn from_wire(field: [u8; Self::LEN]) -> Option<Self> {
        let mut rest: &[u8] = &field;
        while let [head @ .., 0] = rest {
            rest = head;
        }
        while let [head @ .., byte] = rest {
            if !matches!(byte, 0x20..=0x7e) {
                return None;
            }
            rest = head;
        }
        Some(Self(field))
    }

    /// The field as it stands in a header, padded with zeros.
    #[must_use]
    pub const fn to_wire(self) -> [u8; Self::LEN] {
        self.0
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let name = self.0.get(..self.len()).unwrap_or_default();
        str::from_utf8(name).unwrap_or_default()
    }

    const fn len(&self) -> usize {
        let mut rest: &[u8] = &self.0;
        while let [head @ .., 0] = rest {
            rest = head;
        }
        rest.len()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl str::FromStr for Command {
    type Err = CodecError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}
