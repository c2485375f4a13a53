//! How a payload is read and written.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Cursor;
use crate::error::CodecError;
use crate::protocol_version::ProtocolVersion;

/// How a message's struct is read and written. Only the table calls it.
pub(crate) trait Payload: Sized {
    /// Reads the payload from its first field to its last. Bytes left over are the caller's business.
    fn decode(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError>;

    /// Appends the payload.
    fn encode(&self, out: &mut Vec<u8>);

    /// Exact size of what [`encode`](Self::encode) appends, in bytes.
    fn encoded_len(&self) -> usize;

    /// Refuses the few values that exist and cannot be sent.
    fn check(&self, _version: ProtocolVersion) -> Result<(), CodecError> {
        Ok(())
    }
}

impl<T: Payload> Payload for Box<T> {
    fn decode(cursor: &mut Cursor<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        T::decode(cursor, version).map(Self::new)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        T::encode(self, out);
    }

    fn encoded_len(&self) -> usize {
        T::encoded_len(self)
    }

    fn check(&self, version: ProtocolVersion) -> Result<(), CodecError> {
        T::check(self, version)
    }
}
