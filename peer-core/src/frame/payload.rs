//! The payload of a frame that was read.

use core::fmt;
use core::ops::Deref;

use bytes::Bytes;

/// Payloads up to this size, such as an `inv` of one item, need no allocation.
const SHORT: usize = 38;

/// The payload of a frame. Up to 38 bytes cost no allocation.
#[derive(Clone)]
pub struct Payload(Storage);

#[derive(Clone)]
enum Storage {
    Short(Short),
    Long(Bytes),
}

/// Aligned: the processor stalls if bytes are moved in other pieces than they were written.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Short {
    bytes: [u8; SHORT],
    len: u8,
}

impl Payload {
    /// A copy of these bytes.
    pub(super) fn copy_from_slice(payload: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..payload.len()), u8::try_from(payload.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(payload);
                Self(Storage::Short(Short { bytes, len }))
            }
            _ => Self(Storage::Long(Bytes::copy_from_slice(payload))),
        }
    }

    /// The same bytes, to be kept and shared. A short payload is copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Storage::Short(_) => Bytes::copy_from_slice(self),
            Storage::Long(bytes) => bytes.clone(),
        }
    }

    /// The memory that may be shared, if it has any.
    pub(super) const fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Storage::Short(_) => None,
            Storage::Long(bytes) => Some(bytes),
        }
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Storage::Short(short) => short.bytes.get(..usize::from(short.len)).unwrap_or_default(),
            Storage::Long(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(Storage::Long(bytes))
    }
}

impl From<Payload> for Bytes {
    fn from(payload: Payload) -> Self {
        match payload.0 {
            Storage::Short(_) => Self::copy_from_slice(&payload),
            Storage::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
