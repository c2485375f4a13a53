//! Lists with a limit: a list that exists can be sent.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use super::{Cursor, put_hashes, put_var_int, var_int_len};
use crate::error::{CodecError, Excess};
use crate::hash::Hash;

/// How many items a kind of list may have. The types of [`bounds`](crate::message::bounds) implement it, nothing else can.
pub trait Bound: Sealed {
    /// The most items.
    const MAX: usize;

    /// The error for a list with more.
    fn exceeded(excess: Excess) -> CodecError;
}

/// Seals [`Bound`]: a limit is a rule of the protocol, not of a user.
#[expect(unnameable_types, reason = "seals `Bound`")]
pub trait Sealed {}

/// A list of at most [`Bound::MAX`] items.
///
/// Build one with `try_from` a vector, look at it as a slice, take it apart with `into_vec`. Each kind has an alias, such
/// as [`InventoryList`](crate::message::InventoryList).
pub struct List<T, B> {
    items: Vec<T>,
    bound: PhantomData<fn() -> B>,
}

impl<T, B: Bound> List<T, B> {
    /// The most items.
    pub const MAX: usize = B::MAX;

    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new(), bound: PhantomData }
    }

    /// Appends an item.
    ///
    /// # Errors
    ///
    /// The error of this kind of list where it is full.
    pub fn push(&mut self, item: T) -> Result<(), CodecError> {
        if self.items.len() >= B::MAX {
            return Err(B::exceeded(Excess::new(self.items.len().saturating_add(1), B::MAX)));
        }
        self.items.push(item);
        Ok(())
    }

    /// The items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }

    /// Reads the count, then each item of at least `min_len` bytes with `read`.
    pub(crate) fn decode(
        cursor: &mut Cursor<'_>,
        min_len: usize,
        mut read: impl FnMut(&mut Cursor<'_>) -> Result<T, CodecError>,
    ) -> Result<Self, CodecError> {
        let count = cursor.count(B::MAX, B::exceeded)?;
        let mut items = cursor.reserve(count, min_len);
        for _ in 0..count {
            items.push(read(cursor)?);
        }
        Ok(Self { items, bound: PhantomData })
    }

    /// Reads the count, then as many items of `N` bytes each.
    pub(crate) fn decode_fixed<const N: usize>(
        cursor: &mut Cursor<'_>,
        read: impl FnMut(&[u8; N]) -> T,
    ) -> Result<Self, CodecError> {
        let count = cursor.count(B::MAX, B::exceeded)?;
        Ok(Self { items: cursor.fixed(count, read)?, bound: PhantomData })
    }

    /// Appends the count, then each item with `write`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, mut write: impl FnMut(&mut Vec<u8>, &T)) {
        put_var_int(out, self.items.len());
        for item in &self.items {
            write(out, item);
        }
    }

    /// Size in bytes of the count and items of `item_len` bytes each.
    pub(crate) const fn fixed_len(&self, item_len: usize) -> usize {
        var_int_len(self.items.len()).saturating_add(self.items.len().saturating_mul(item_len))
    }
}

impl<B: Bound> List<Hash, B> {
    pub(crate) fn decode_hashes(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let count = cursor.count(B::MAX, B::exceeded)?;
        Ok(Self { items: cursor.hashes(count)?, bound: PhantomData })
    }

    pub(crate) fn encode_hashes(&self, out: &mut Vec<u8>) {
        put_var_int(out, self.items.len());
        put_hashes(out, &self.items);
    }

    pub(crate) const fn hashes_len(&self) -> usize {
        self.fixed_len(Hash::LEN)
    }
}

impl<T, B: Bound> TryFrom<Vec<T>> for List<T, B> {
    type Error = CodecError;

    fn try_from(items: Vec<T>) -> Result<Self, Self::Error> {
        if items.len() > B::MAX {
            return Err(B::exceeded(Excess::new(items.len(), B::MAX)));
        }
        Ok(Self { items, bound: PhantomData })
    }
}

impl<T, B> Deref for List<T, B> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T, B> IntoIterator for List<T, B> {
    type Item = T;
    type IntoIter = alloc::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T, B> IntoIterator for &'a List<T, B> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: Clone, B> Clone for List<T, B> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), bound: PhantomData }
    }
}

impl<T: PartialEq, B> PartialEq for List<T, B> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<T: Eq, B> Eq for List<T, B> {}

impl<T, B: Bound> Default for List<T, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug, B> fmt::Debug for List<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}
