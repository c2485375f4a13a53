//! Taking frames off the front of a byte stream.

use alloc::boxed::Box;

use bytes::{Buf, Bytes, BytesMut};

use super::{Header, Rules};
use crate::blake256::Blake256;
use crate::error::FrameError;
use crate::hash::Hash;
use crate::message::{Command, Message, Raw, lookup};
use crate::protocol::ProtocolVersion;

/// Payloads below this size are copied out, so that keeping one never keeps a large buffer alive.
const COPY_BELOW: usize = 16 * 1024;

/// A whole frame whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The command.
    pub command: Command,
    /// The payload.
    pub payload: Bytes,
    /// BLAKE-256 of the payload, whose first four bytes are the checksum. It is a mixing message's hash.
    pub hash: Hash,
}

impl Frame {
    /// Size on the wire in bytes, header included.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        self.payload.len().saturating_add(Header::LEN)
    }

    /// What the payload says at protocol version `version`; [`Message::Raw`] where the command does not exist.
    ///
    /// # Errors
    ///
    /// [`FrameError::Payload`] with the reason of [`Message::decode`].
    pub fn decode(&self, version: ProtocolVersion) -> Result<Message, FrameError> {
        let command = self.command;
        match lookup(command).filter(|spec| spec.is_known_at(version)) {
            Some(spec) => {
                spec.decode(&self.payload, version).map_err(|source| FrameError::Payload { command, source })
            }
            None => Ok(Message::Raw(Raw { command, payload: self.payload.clone() })),
        }
    }
}

/// Reads frames from a stream that arrives in pieces.
///
/// Between frames it holds nothing. While a payload is arriving it holds the header and a running hash, so
/// no call hashes more than the bytes it was handed for the first time, however the stream was cut. It never
/// reserves the size a header declares: the payload stays in the caller's buffer until it is whole.
#[derive(Clone, Debug, Default)]
pub struct FrameReader {
    arriving: Option<Box<Arriving>>,
}

/// A payload that is not whole yet.
#[derive(Clone, Debug)]
struct Arriving {
    header: Header,
    command: Command,
    hasher: Blake256,
    hashed: usize,
}

impl FrameReader {
    /// A reader at the start of a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self { arriving: None }
    }

    /// Takes the next frame off the front of `input`, or returns `None` where it is not whole yet.
    ///
    /// Between calls the caller only appends to `input`.
    ///
    /// # Errors
    ///
    /// As [`Header::check`] as soon as the header is there, then [`FrameError::PayloadChecksum`]. After an
    /// error the stream has lost its frame boundaries.
    pub fn read(&mut self, input: &mut BytesMut, rules: &Rules) -> Result<Option<Frame>, FrameError> {
        self.read_if(input, rules, |_, _| Ok(()))
    }

    /// As [`read`](Self::read), but asks `admit` about each header that passed its checks, before anything
    /// of the payload is kept.
    pub(crate) fn read_if<E: From<FrameError>>(
        &mut self,
        input: &mut BytesMut,
        rules: &Rules,
        admit: impl FnOnce(Command, usize) -> Result<(), E>,
    ) -> Result<Option<Frame>, E> {
        if self.arriving.is_none() {
            let Some(bytes) = input.first_chunk() else {
                return Ok(None);
            };
            let header = Header::from_bytes(bytes);
            input.advance(Header::LEN);
            let command = header.check(rules)?;
            admit(command, header.len as usize)?;
            if let Some(payload) = input.get(..header.len as usize) {
                let hash = Hash::digest(payload);
                return Ok(Some(finish(input, &header, command, hash)?));
            }
            self.arriving = Some(Box::new(Arriving { header, command, hasher: Blake256::new(), hashed: 0 }));
        }
        Ok(self.go_on(input)?)
    }

    /// Hashes what is new of an arriving payload, and takes it out once it is whole.
    fn go_on(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(arriving) = self.arriving.as_mut() else {
            return Ok(None);
        };
        let end = input.len().min(arriving.header.len as usize);
        arriving.hasher.update(input.get(arriving.hashed..end).unwrap_or_default());
        arriving.hashed = end;
        if end < arriving.header.len as usize {
            return Ok(None);
        }
        let Some(arriving) = self.arriving.take() else {
            return Ok(None);
        };
        let hash = Hash::from_bytes(arriving.hasher.finalize());
        finish(input, &arriving.header, arriving.command, hash).map(Some)
    }

    /// Bytes that are there of the frame at the front of `input`, which is not whole yet.
    pub(crate) fn progress(&self, input: &[u8]) -> usize {
        let header = if self.arriving.is_some() { Header::LEN } else { 0 };
        input.len().saturating_add(header)
    }

    /// Bytes that are missing to the end of the frame at the front of `input`, where one has begun: what
    /// was cut off if the stream ends here.
    #[must_use]
    pub fn missing(&self, input: &[u8]) -> Option<usize> {
        match &self.arriving {
            Some(arriving) => Some((arriving.header.len as usize).saturating_sub(input.len())),
            None if input.is_empty() => None,
            None => Some(Header::LEN.saturating_sub(input.len())),
        }
    }
}

/// Compares the checksum and takes the payload, which is whole, off the front of `input`.
fn finish(input: &mut BytesMut, header: &Header, command: Command, hash: Hash) -> Result<Frame, FrameError> {
    let payload = take(input, header.len as usize);
    let [a, b, c, d, ..] = hash.to_bytes();
    let computed = [a, b, c, d];
    if computed == header.checksum {
        Ok(Frame { command, payload, hash })
    } else {
        Err(FrameError::PayloadChecksum { command, declared: header.checksum, computed })
    }
}

/// Takes `len` bytes, which are there. Small payloads, and those that are a small part of their buffer, are
/// copied; others keep their place in memory.
fn take(input: &mut BytesMut, len: usize) -> Bytes {
    if len >= COPY_BELOW && len >= input.capacity() / 2 {
        return input.split_to(len).freeze();
    }
    let payload = Bytes::copy_from_slice(input.get(..len).unwrap_or_default());
    input.advance(payload.len());
    payload
}
