//! Numbers of the field in which slots are reserved, as byte strings.

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use bytes::Bytes;

use super::MAX_MESSAGES;
use crate::error::CodecError;
use crate::message::codec::{Cursor, Sink, put_var_int};

/// The longest value, in bytes.
const MAX_LEN: usize = 32;

/// Up to 1024 field values of up to 32 bytes each.
///
/// A value is a number below 2^127 − 1, big endian and without leading zeros where the reference wrote it;
/// any bytes are legal. They stay in wire form in one buffer, so that many short values cost one allocation.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldValues {
    count: usize,
    wire: Bytes,
}

impl FieldValues {
    /// The most values.
    pub const MAX: usize = MAX_MESSAGES;

    /// A list of these values.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] above 1024 values, and for a value of more than 32 bytes.
    pub fn new(values: impl IntoIterator<Item: AsRef<[u8]>>) -> Result<Self, CodecError> {
        let mut wire = Vec::new();
        let mut count: usize = 0;
        for value in values {
            if count >= Self::MAX {
                return Err(TOO_MANY);
            }
            put_value(&mut wire, value.as_ref())?;
            count = count.saturating_add(1);
        }
        Ok(Self { count, wire: wire.into() })
    }

    /// The values, in order.
    #[must_use]
    pub fn iter(&self) -> FieldValueIter<'_> {
        FieldValueIter::new(self.count, &self.wire)
    }

    /// How many values there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let count = cursor.count(Self::MAX, |_| TOO_MANY)?;
        let wire = read_values(cursor, count)?;
        Ok(Self { count, wire })
    }

    pub(super) fn write(&self, out: &mut dyn Sink) {
        put_var_int(out, self.count);
        out.put(&self.wire);
    }
}

impl<'a> IntoIterator for &'a FieldValues {
    type Item = &'a [u8];
    type IntoIter = FieldValueIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for FieldValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Field values, one after another.
#[derive(Clone)]
pub struct FieldValueIter<'a> {
    count: usize,
    wire: &'a [u8],
}

impl<'a> FieldValueIter<'a> {
    /// The next `count` values of `wire`, which are valid and may be followed by others.
    pub(super) const fn new(count: usize, wire: &'a [u8]) -> Self {
        Self { count, wire }
    }

    /// Takes one value off the front.
    fn take(&mut self) -> Option<&'a [u8]> {
        // A length of at most 32 takes one byte.
        let (len, rest) = self.wire.split_first()?;
        let (value, rest) = rest.split_at_checked(usize::from(*len))?;
        self.wire = rest;
        Some(value)
    }

    /// The bytes behind the last value.
    pub(super) fn behind(mut self) -> &'a [u8] {
        self.by_ref().for_each(drop);
        self.wire
    }
}

impl<'a> Iterator for FieldValueIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let value = self.take();
        debug_assert!(value.is_some());
        value
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for FieldValueIter<'_> {}

impl FusedIterator for FieldValueIter<'_> {}

impl fmt::Debug for FieldValueIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Reads `count` values, each with its length in front, and keeps them that way.
pub(super) fn read_values(cursor: &mut Cursor<'_>, count: usize) -> Result<Bytes, CodecError> {
    let start = cursor.position();
    for _ in 0..count {
        let len = cursor.count(MAX_LEN, CodecError::VarBytesTooLong)?;
        cursor.slice(len)?;
    }
    Ok(cursor.since(start))
}

/// Appends a value with its length in front.
pub(super) fn put_value(wire: &mut Vec<u8>, value: &[u8]) -> Result<(), CodecError> {
    match u8::try_from(value.len()) {
        Ok(len) if value.len() <= MAX_LEN => {
            wire.push(len);
            wire.extend_from_slice(value);
            Ok(())
        }
        _ => Err(CodecError::InvalidMsg("field value of more than 32 bytes")),
    }
}

const TOO_MANY: CodecError = CodecError::InvalidMsg("too many field values");
