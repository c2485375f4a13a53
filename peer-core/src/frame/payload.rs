//! The payload of a frame that was read.

use core::fmt;
use core::ops::Deref;

use bytes::Bytes;

/// Payloads up to this size, that of an `inv` of one item and of all keep-alive, need no memory of their own.
const SHORT: usize = 38;

/// The payload of a frame: its bytes, which cost no allocation where they are 38 or fewer.
#[derive(Clone)]
pub struct Payload(Place);

#[derive(Clone)]
enum Place {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Bytes),
}

impl Payload {
    /// A copy of these bytes.
    pub(super) fn copy_from_slice(payload: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..payload.len()), u8::try_from(payload.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(payload);
                Self(Place::Short { len, bytes })
            }
            _ => Self(Place::Long(Bytes::copy_from_slice(payload))),
        }
    }

    /// The same bytes, to be kept and shared. A short payload is copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Place::Short { .. } => Bytes::copy_from_slice(self),
            Place::Long(bytes) => bytes.clone(),
        }
    }

    /// The memory that may be shared, if it has any.
    pub(super) const fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Place::Short { .. } => None,
            Place::Long(bytes) => Some(bytes),
        }
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Place::Long(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(Place::Long(bytes))
    }
}

impl From<Payload> for Bytes {
    fn from(payload: Payload) -> Self {
        match payload.0 {
            Place::Short { .. } => Self::copy_from_slice(&payload),
            Place::Long(bytes) => bytes,
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
