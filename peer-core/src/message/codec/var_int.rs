//! Variable length integers, the form of every count and length on the wire.
//!
//! For programs that read or write raw payloads; the messages of this crate do it themselves.

use alloc::vec::Vec;

use crate::error::CodecError;

/// Reads an integer off the front of `bytes`: its value, and how many bytes it takes.
///
/// # Errors
///
/// [`CodecError::Truncated`] where the bytes end first, [`CodecError::NonCanonicalVarInt`] where the integer
/// is not in its shortest form.
pub fn read(bytes: &[u8]) -> Result<(u64, usize), CodecError> {
    let (first, rest) = bytes.split_first().ok_or(CodecError::Truncated { needed: 1, available: 0 })?;
    let (value, more) = read_rest(*first, rest)?;
    Ok((value, more.saturating_add(1)))
}

/// The value of an integer whose first byte has been read, and how many bytes of `rest` it takes.
pub(super) fn read_rest(first: u8, rest: &[u8]) -> Result<(u64, usize), CodecError> {
    match first {
        0..=0xfc => Ok((u64::from(first), 0)),
        0xfd => long(rest, 0xfd, |bytes: [u8; 2]| u64::from(u16::from_le_bytes(bytes))),
        0xfe => long(rest, 0x1_0000, |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes))),
        0xff => long(rest, 0x1_0000_0000, u64::from_le_bytes),
    }
}

#[cold]
fn long<const N: usize>(
    rest: &[u8],
    least: u64,
    value: impl FnOnce([u8; N]) -> u64,
) -> Result<(u64, usize), CodecError> {
    let truncated = CodecError::Truncated { needed: N as u64, available: rest.len() as u64 };
    let value = value(*rest.first_chunk().ok_or(truncated)?);
    if value < least { Err(CodecError::NonCanonicalVarInt { value }) } else { Ok((value, N)) }
}

/// Size of `value` in bytes: 1, 3, 5 or 9.
#[must_use]
pub const fn len(value: u64) -> usize {
    match value {
        0..=0xfc => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Appends `value` in its shortest form.
pub fn write(out: &mut Vec<u8>, value: u64) {
    let (bytes, len) = encode(value);
    debug_assert!(len <= bytes.len());
    out.extend_from_slice(bytes.get(..len).unwrap_or_default());
}

/// `value` in its shortest form, at the front of nine bytes, and how many of them it takes.
pub(super) const fn encode(value: u64) -> ([u8; 9], usize) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    let bytes = match len(value) {
        1 => [a, 0, 0, 0, 0, 0, 0, 0, 0],
        3 => [0xfd, a, b, 0, 0, 0, 0, 0, 0],
        5 => [0xfe, a, b, c, d, 0, 0, 0, 0],
        _ => [0xff, a, b, c, d, e, f, g, h],
    };
    (bytes, len(value))
}
