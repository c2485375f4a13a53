//! Taking frames off the front of a byte stream.

use alloc::boxed::Box;
use core::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::hash_ahead::{self, Ahead};
use super::header::Checked;
use super::{Header, Payload, Rules};
use crate::blake256::Blake256;
use crate::error::{CodecError, FrameError};
use crate::hash::Hash;
use crate::message::codec::Cursor;
use crate::message::{Command, Message, Raw, Spec, lookup};
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;

/// Payloads below this size are copied out, so that keeping one never keeps a large buffer alive.
const COPY_BELOW: usize = 16 * 1024;

/// A whole frame whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The command.
    pub command: Command,
    /// The payload.
    pub payload: Payload,
    /// BLAKE-256 of the payload, whose first four bytes are the checksum. It is a mixing message's hash.
    pub hash: Hash,
    /// The command's line in the table of messages.
    spec: Option<&'static Spec>,
}

impl Frame {
    /// A frame that was read before and kept as command and payload.
    pub(crate) fn again(command: Command, payload: Bytes) -> Self {
        let hash = Hash::digest(&payload);
        Self { command, payload: payload.into(), hash, spec: lookup(command) }
    }

    /// Size on the wire in bytes, header included.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.payload.len().saturating_add(Header::LEN)
    }

    /// Decodes the payload at protocol version `version`; [`Message::Raw`] if the command is not
    /// [part](Command::is_known_at) of it.
    ///
    /// A block and a transaction keep the checksum, the first four bytes of [`hash`](Self::hash), so that sending them
    /// on does not hash them again.
    ///
    /// # Errors
    ///
    /// [`FrameError::Payload`] with the reason of [`Message::decode`].
    pub fn decode(&self, version: ProtocolVersion) -> Result<Message, FrameError> {
        let command = self.command;
        match self.spec.filter(|spec| spec.is_known_at(version)) {
            Some(spec) => {
                let cursor = match self.payload.shared() {
                    Some(bytes) => Cursor::new(bytes),
                    None => Cursor::over(&self.payload),
                };
                let mut message = spec.decode(cursor, version);
                // It stays where it was made, as in `Spec::decode`.
                if let Ok(message) = &mut message {
                    message.keep_checksum(self.hash.checksum());
                }
                message.map_err(|cause| FrameError::Payload { command, cause })
            }
            None => Ok(Message::Raw(Raw { command, payload: self.payload.to_bytes() })),
        }
    }
}

/// Reads frames from a stream that arrives in pieces.
///
/// Between frames it holds nothing. While a payload arrives, it holds the header and a running hash. So each call
/// hashes only bytes that are new, however the stream was cut. It does not reserve the size that a header declares: the
/// payload stays in the caller's buffer until it is whole.
///
/// If several frames wait whole, up to 16 of them and up to 4 MiB are hashed together, where that takes less time. Their
/// payloads are copied then and held until the frames are read. Frames and their order are the same as one by one.
#[derive(Clone, Debug, Default)]
pub struct FrameReader {
    front: Option<Box<Front>>,
    room: Room,
}

/// The allocation behind the input, as far as its size is known.
///
/// A slice of the input keeps the whole allocation alive, but `capacity` counts only what is left behind the bytes that
/// were taken off the front. So the largest capacity seen is remembered for as long as the end of the buffer stays the
/// same, because then it is the same allocation.
///
/// The lower 32 bits of the end are enough: a wrong match makes the allocation look too large, which only copies more.
/// A buffer that grew after bytes were taken off it may lie in twice the memory that was seen.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    /// Lower 32 bits of the address behind its last byte. An input that ends there lies in the same allocation.
    end: u32,
    /// The largest size seen, in bytes.
    size: u32,
}

impl Room {
    fn look(&mut self, input: &BytesMut) {
        let capacity = input.capacity();
        let [a, b, c, d, ..] = input.as_ptr().addr().wrapping_add(capacity).to_le_bytes();
        let end = u32::from_le_bytes([a, b, c, d]);
        let size = u32::try_from(capacity).unwrap_or(u32::MAX);
        self.size = if end == self.end { self.size.max(size) } else { size };
        self.end = end;
    }

    /// Whether a slice of `len` bytes is at least half of what was seen of its memory, so at least a quarter of all.
    const fn is_filled_by(self, len: usize) -> bool {
        len >= self.size as usize / 2
    }
}

/// State of the bytes at the front of the stream.
#[derive(Clone, Debug)]
enum Front {
    /// Part of a payload that is not whole yet.
    Arriving(Arriving),
    /// Whole frames, already hashed.
    Hashed(Ahead),
}

/// A payload that is not whole yet.
#[derive(Clone, Debug)]
struct Arriving {
    head: Checked,
    hasher: Blake256,
    /// Bytes of the payload that `hasher` has taken.
    hashed: usize,
}

impl FrameReader {
    /// A reader at the start of a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self { front: None, room: Room { end: 0, size: 0 } }
    }

    /// Takes the next frame off the front of `input`. Returns `None` if it is not whole yet.
    ///
    /// Between calls the caller only appends to `input`.
    ///
    /// # Errors
    ///
    /// As [`Header::check`] as soon as the header is there, then [`FrameError::PayloadChecksum`], then
    /// [`FrameError::Payload`] for a command that the version in force lacks. After an error the stream has lost its
    /// frame boundaries.
    pub fn read(&mut self, input: &mut BytesMut, rules: &Rules) -> Result<Option<Frame>, FrameError> {
        self.read_if(input, rules, true, |_| Ok(()))
    }

    /// As [`read`](Self::read), but `admit` judges each header that passed its checks, before anything of its payload is
    /// kept. The frames behind are hashed along only if `look_ahead` is set.
    pub(crate) fn read_if<E: From<FrameError>>(
        &mut self,
        input: &mut BytesMut,
        rules: &Rules,
        look_ahead: bool,
        admit: impl FnOnce(&Checked) -> Result<(), E>,
    ) -> Result<Option<Frame>, E> {
        self.room.look(input);
        if self.arriving().is_none() {
            let Some(bytes) = input.first_chunk() else {
                return Ok(None);
            };
            let header = Header::from_bytes(bytes);
            // From here on `input` begins with the payload; `progress` adds the header back.
            input.advance(Header::LEN);
            let head = match header.usual(rules) {
                Some(spec) => header.checked(spec),
                None => header.check_unusual(rules)?,
            };
            admit(&head)?;
            // The usual case: the payload is whole, and no state is kept for it.
            if let Some((payload, rest)) = input.split_at_checked(head.payload_len()) {
                let rest = if look_ahead { rest } else { &[] };
                let (hash, kept) = self.hash(payload, rest, rules.network);
                return Ok(Some(self.finish(input, &head, hash, kept)?));
            }
            let arriving = Arriving { head, hasher: Blake256::new(), hashed: 0 };
            self.front = Some(Box::new(Front::Arriving(arriving)));
        }
        Ok(self.resume(input)?)
    }

    /// The hash of a whole `payload`, with `rest` behind it, and its copy if there is one.
    fn hash(&mut self, payload: &[u8], rest: &[u8], network: Network) -> (Hash, Option<Payload>) {
        if let Some(Front::Hashed(ahead)) = self.front.as_deref_mut() {
            let next = ahead.next(payload);
            // A miss means that the owner changed the input: the other hashes are worthless too.
            if next.is_none() || ahead.is_empty() {
                self.front = None;
            }
            if let Some((kept, hash)) = next {
                return (hash, Some(kept));
            }
        }
        if let Some(least) = hash_ahead::worthwhile(payload, rest)
            && let Some((hash, ahead)) = hash_ahead::hash(payload, rest, network, least)
        {
            self.front = Some(Box::new(Front::Hashed(ahead)));
            return (hash, None);
        }
        (Hash::digest(payload), None)
    }

    /// Hashes the new bytes of an arriving payload, and takes the payload once it is whole.
    fn resume(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(Front::Arriving(arriving)) = self.front.as_deref_mut() else {
            return Ok(None);
        };
        let len = arriving.head.payload_len();
        let end = input.len().min(len);
        arriving.hasher.update(input.get(arriving.hashed..end).unwrap_or_default());
        arriving.hashed = end;
        if end < len {
            return Ok(None);
        }
        let head = arriving.head;
        let hash = Hash::from_bytes(mem::take(&mut arriving.hasher).finalize());
        self.front = None;
        self.finish(input, &head, hash, None).map(Some)
    }

    /// Compares the checksum and takes the payload, which is whole, off the front of `input`. It is not copied if a copy
    /// was `kept`.
    #[inline]
    fn finish(
        &self,
        input: &mut BytesMut,
        head: &Checked,
        hash: Hash,
        kept: Option<Payload>,
    ) -> Result<Frame, FrameError> {
        let Checked { command, checksum: declared, spec, invalid_at, .. } = *head;
        let payload = match kept {
            Some(payload) => {
                input.advance(payload.len());
                payload
            }
            None => self.take(input, head.payload_len()),
        };
        let computed = hash.checksum();
        if computed != declared {
            return Err(FrameError::PayloadChecksum { command, declared, computed });
        }
        match invalid_at {
            Some(version) => {
                Err(FrameError::Payload { command, cause: CodecError::MsgInvalidForPVer { version } })
            }
            None => Ok(Frame { command, payload, hash, spec }),
        }
    }

    /// Takes `len` bytes, which must be there. Small payloads, and those that are a small part of their memory, are
    /// copied; others stay in it.
    fn take(&self, input: &mut BytesMut, len: usize) -> Payload {
        debug_assert!(len <= input.len());
        if len >= COPY_BELOW && self.room.is_filled_by(len) {
            return input.split_to(len).freeze().into();
        }
        let payload = Payload::copy_from_slice(input.get(..len).unwrap_or_default());
        input.advance(payload.len());
        payload
    }

    fn arriving(&self) -> Option<&Arriving> {
        match self.front.as_deref() {
            Some(Front::Arriving(arriving)) => Some(arriving),
            Some(Front::Hashed(_)) | None => None,
        }
    }

    /// Bytes received of the incomplete frame at the front of `input`.
    pub(crate) fn progress(&self, input: &[u8]) -> usize {
        let header = if self.arriving().is_some() { Header::LEN } else { 0 };
        input.len().saturating_add(header)
    }

    /// The header of the incomplete frame at the front of the input.
    pub(crate) fn head(&self) -> Option<&Checked> {
        self.arriving().map(|arriving| &arriving.head)
    }

    /// Bytes that are missing to the end of a frame that has begun at the front of `input`: what is cut off if the
    /// stream ends here.
    #[must_use]
    pub fn missing(&self, input: &[u8]) -> Option<usize> {
        match self.arriving() {
            Some(arriving) => Some(arriving.head.payload_len().saturating_sub(input.len())),
            None if input.is_empty() => None,
            None => Some(Header::LEN.saturating_sub(input.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::message::Ping;
    use crate::{blake256, frame};

    /// What is held between two frames shows which were hashed along with one before them: if any frame were
    /// hashed along twice, something would be held after the sixteenth.
    #[test]
    fn frames_that_wait_are_hashed_along_once_and_then_nothing_is_held() {
        let rules = Rules::new(Network::SIMNET, ProtocolVersion::LATEST);
        let (mut reader, mut input) = (FrameReader::new(), BytesMut::new());
        for nonce in 0..40 {
            let ping = Message::Ping(Ping { nonce });
            input.extend_from_slice(&frame::encode(&ping, rules.network, rules.version).unwrap());
        }
        let mut holds = Vec::new();
        while reader.read(&mut input, &rules).unwrap().is_some() {
            holds.push(reader.front.is_some());
        }
        let all_but_the_last = |count| (1..count).map(|_| true).chain([false]);
        let rest = all_but_the_last(8).map(|holds| holds && blake256::worthwhile() <= 8);
        let expected: Vec<_> = all_but_the_last(16).chain(all_but_the_last(16)).chain(rest).collect();
        assert_eq!(holds, expected);
    }
}
