//! Messages between the remote's `version` and its `verack`.

use alloc::boxed::Box;

use bytes::{Buf as _, Bytes, BytesMut};

use super::handshake::MAX_VERSION;
use crate::error::Error;
use crate::frame::{Frame, Header};
use crate::message::Command;
use crate::protocol_version::ProtocolVersion;

/// Most bytes of frames between `version` and `verack`.
pub(crate) const MAX_EARLY_BYTES: usize = 64 * 1024;

/// Most such messages, at versions that limit them.
const MAX_EARLY_MESSAGES: usize = 2;

/// Frames that came between `version` and `verack`, in order.
///
/// Each was decoded when it came, so that a malformed one is refused in time. They are kept as bytes, because many
/// small messages take a multiple of what the remote sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Early(Option<Box<Kept>>);

/// See [`Early`]. `None` if nothing came early.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// Each with its command and the size of its payload in front.
    frames: BytesMut,
    count: usize,
    /// Their size on the wire in bytes.
    wire_len: usize,
}

impl Early {
    /// Keeps a frame that came early, if the negotiated version allows it.
    pub(crate) fn push(&mut self, frame: &Frame, version: ProtocolVersion) -> Result<(), Error> {
        let count = self.0.as_ref().map_or(0, |kept| kept.count);
        let too_many = version.limits_early_messages() && count >= MAX_EARLY_MESSAGES;
        let len = u32::try_from(frame.payload.len()).unwrap_or(u32::MAX);
        if too_many || frame.wire_len() > self.room() {
            return Err(Error::NotVerAckMessage { got: frame.command });
        }
        let kept = self.0.get_or_insert_default();
        kept.count = kept.count.saturating_add(1);
        kept.wire_len = kept.wire_len.saturating_add(frame.wire_len());
        kept.frames.extend_from_slice(&frame.command.to_wire());
        kept.frames.extend_from_slice(&len.to_le_bytes());
        kept.frames.extend_from_slice(&frame.payload);
        Ok(())
    }

    /// Whether a payload of `len` bytes may come before `verack`, by its header; `verack` itself always may. If no
    /// message may, a small one is still read, to report a malformed one as such, as the reference does.
    pub(crate) fn admit(&self, got: Command, len: usize, version: ProtocolVersion) -> Result<(), Error> {
        let room = if version.allows_early_messages() {
            self.room().saturating_sub(Header::LEN)
        } else {
            MAX_VERSION
        };
        if len > room { Err(Error::NotVerAckMessage { got }) } else { Ok(()) }
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frames = &mut self.0.as_mut()?.frames;
        let first = first(frames);
        debug_assert!(first.is_some(), "what is kept is whole frames");
        let (command, payload) = first?;
        frames.advance(Command::LEN.saturating_add(size_of::<u32>()).saturating_add(payload.len()));
        if frames.is_empty() {
            // Frees the memory: most of the connection is still to come.
            self.0 = None;
        }
        Some(Frame::again(command, payload))
    }

    /// Bytes on the wire that may still come early.
    fn room(&self) -> usize {
        let used = self.0.as_ref().map_or(0, |kept| kept.wire_len);
        debug_assert!(used <= MAX_EARLY_BYTES, "no frame is kept that there is no room for");
        MAX_EARLY_BYTES.saturating_sub(used)
    }
}

/// The command and the payload of the first of the frames that are kept.
fn first(frames: &[u8]) -> Option<(Command, Bytes)> {
    let (command, rest) = frames.split_first_chunk()?;
    let (command, (len, rest)) = (Command::from_wire(*command)?, rest.split_first_chunk()?);
    let payload = rest.get(..u32::from_le_bytes(*len) as usize)?;
    Some((command, Bytes::copy_from_slice(payload)))
}
