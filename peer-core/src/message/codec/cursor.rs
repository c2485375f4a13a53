//! Reading payloads: a cursor that returns `Truncated` instead of panicking.

use alloc::vec::Vec;

use bytes::Bytes;

use super::var_int;
use crate::error::{CodecError, Excess};
use crate::hash::Hash;

/// The largest payload, text and byte string that any rule allows, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 32 * 1024 * 1024;

/// A cursor over one payload. It copies no byte string where the payload can be shared: each is a slice of it.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    shared: Option<&'a Bytes>,
    payload: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(payload: &'a Bytes) -> Self {
        Self { shared: Some(payload), payload, rest: payload }
    }

    /// A cursor over bytes that are not shared: what it reads of them is copied.
    pub(crate) const fn over(payload: &'a [u8]) -> Self {
        Self { shared: None, payload, rest: payload }
    }

    /// A cursor that starts `position` bytes into the payload.
    pub(crate) fn at(payload: &'a Bytes, position: usize) -> Self {
        Self { shared: Some(payload), payload, rest: payload.get(position..).unwrap_or_default() }
    }

    /// Bytes not read yet.
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Bytes read so far.
    pub(crate) const fn position(&self) -> usize {
        debug_assert!(self.rest.len() <= self.payload.len());
        self.payload.len().saturating_sub(self.rest.len())
    }

    /// What has been read since `start`, an earlier [`position`](Self::position), as a slice of the payload.
    pub(crate) fn since(&self, start: usize) -> Bytes {
        let read = start..self.position();
        match self.shared {
            Some(shared) => shared.slice(read),
            None => Bytes::copy_from_slice(self.payload.get(read).unwrap_or_default()),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], CodecError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated(N))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.truncated(len))?;
        self.rest = rest;
        Ok(head)
    }

    /// `len` bytes that share the payload's memory.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Bytes, CodecError> {
        let slice = self.slice(len)?;
        Ok(self.shared.map_or_else(|| Bytes::copy_from_slice(slice), |shared| shared.slice_ref(slice)))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, CodecError> {
        self.array().map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, CodecError> {
        self.array().copied().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, CodecError> {
        self.array().copied().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, CodecError> {
        self.array().copied().map(u64::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, CodecError> {
        self.array().copied().map(i32::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, CodecError> {
        self.array().copied().map(i64::from_le_bytes)
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, CodecError> {
        self.array().copied().map(Hash::from_bytes)
    }

    /// A variable length integer in its shortest form.
    pub(crate) fn var_int(&mut self) -> Result<u64, CodecError> {
        let first = self.u8()?;
        self.rest_of_var_int(first)
    }

    /// A variable length integer whose first byte has been read.
    fn rest_of_var_int(&mut self, first: u8) -> Result<u64, CodecError> {
        let (value, len) = var_int::read_rest(first, self.rest)?;
        debug_assert!(len <= self.rest.len());
        self.rest = self.rest.get(len..).unwrap_or_default();
        Ok(value)
    }

    /// A count or length of at most `max`; above it, `exceeded` names the error.
    pub(crate) fn count(
        &mut self,
        max: usize,
        exceeded: impl FnOnce(Excess) -> CodecError,
    ) -> Result<usize, CodecError> {
        at_most(self.var_int()?, max, exceeded)
    }

    /// `N` bytes and the script behind them. The last of the `N` bytes is the first byte of the script's length, so one
    /// bounds check covers the fixed fields and, for short scripts, the length.
    pub(crate) fn with_script<const N: usize>(&mut self) -> Result<(&'a [u8; N], &'a [u8]), CodecError> {
        let head = self.array::<N>()?;
        debug_assert!(N > 0);
        let first = head.last().copied().unwrap_or_default();
        let len = self.rest_of_var_int(first)?;
        let len = at_most(len, MAX_PAYLOAD, CodecError::VarBytesTooLong)?;
        Ok((head, self.slice(len)?))
    }

    /// A byte string with its length in front.
    pub(crate) fn var_bytes(&mut self, max: usize) -> Result<Bytes, CodecError> {
        let len = self.count(max, CodecError::VarBytesTooLong)?;
        self.bytes(len)
    }

    /// A text of any bytes with its length in front.
    pub(crate) fn var_string(&mut self) -> Result<Bytes, CodecError> {
        let len = self.count(MAX_PAYLOAD, CodecError::VarStringTooLong)?;
        self.bytes(len)
    }

    /// An empty vector for `count` items of at least `min_len` bytes each. The count is a claim of the remote, so no more
    /// is reserved than the remaining bytes can hold.
    pub(crate) fn reserve<T>(&self, count: usize, min_len: usize) -> Vec<T> {
        debug_assert!(min_len > 0);
        Vec::with_capacity(count.min(self.remaining().checked_div(min_len).unwrap_or_default()))
    }

    /// `count` hashes.
    pub(crate) fn hashes(&mut self, count: usize) -> Result<Vec<Hash>, CodecError> {
        self.fixed(count, |bytes| Hash::from_bytes(*bytes))
    }

    /// `count` items of `N` bytes each.
    pub(crate) fn fixed<const N: usize, T>(
        &mut self,
        count: usize,
        read: impl FnMut(&[u8; N]) -> T,
    ) -> Result<Vec<T>, CodecError> {
        let (chunks, _) = self.slice(count.saturating_mul(N))?.as_chunks::<N>();
        Ok(chunks.iter().map(read).collect())
    }

    /// Refuses bytes that are left over.
    pub(crate) const fn finish(&self) -> Result<(), CodecError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(CodecError::TrailingBytes { count }),
        }
    }

    const fn truncated(&self, needed: usize) -> CodecError {
        CodecError::Truncated { needed: needed as u64, available: self.rest.len() as u64 }
    }
}

fn at_most(got: u64, max: usize, exceeded: impl FnOnce(Excess) -> CodecError) -> Result<usize, CodecError> {
    match usize::try_from(got) {
        Ok(number) if number <= max => Ok(number),
        _ => Err(exceeded(Excess { got, max: max as u64 })),
    }
}

/// Reads a value from bytes that came without a frame and hold nothing else.
pub(crate) fn read_whole<T>(
    bytes: &Bytes,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, CodecError>,
) -> Result<T, CodecError> {
    check_size(bytes.len(), MAX_PAYLOAD)?;
    let mut cursor = Cursor::new(bytes);
    let value = read(&mut cursor)?;
    cursor.finish()?;
    Ok(value)
}

/// Refuses a payload of more than `max` bytes.
pub(crate) const fn check_size(got: usize, max: usize) -> Result<(), CodecError> {
    if got > max { Err(CodecError::PayloadTooLarge(Excess::new(got, max))) } else { Ok(()) }
}

/// A count or an offset in half the space. None is above the size of the largest payload.
pub(crate) fn narrow(number: usize) -> u32 {
    debug_assert!(number <= MAX_PAYLOAD);
    u32::try_from(number).unwrap_or(u32::MAX)
}
