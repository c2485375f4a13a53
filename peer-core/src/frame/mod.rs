//! Frames: bytes to checked payloads and back.
//!
//! A frame is a [`Header`] of 24 bytes and a payload. [`FrameReader`] takes frames off the front of a stream,
//! [`encode`] makes the bytes of a frame, [`EncodedFrame`] is a frame for many peers, and [`Tap`] watches frames pass.
//! They know networks, commands and sizes. The content of a payload belongs to [`message`](crate::message).

mod encoded;
mod hash_ahead;
mod header;
mod parts;
mod payload;
mod reader;
mod tap;

use alloc::vec::Vec;

pub use encoded::EncodedFrame;
pub(crate) use header::Checked;
pub use header::{Header, Rules};
pub(crate) use parts::Parts;
pub use payload::Payload;
pub use reader::{Frame, FrameReader};
pub use tap::Tap;

use crate::error::CodecError;
use crate::message::Message;
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;

/// The bytes of `message` as a frame of `network`, to be sent at protocol version `version`.
///
/// # Errors
///
/// As [`Message::check`].
pub fn encode(message: &Message, network: Network, version: ProtocolVersion) -> Result<Vec<u8>, CodecError> {
    message.check(version)?;
    let mut parts = Parts::new(message, message.kept_checksum(), network);
    parts.hash();
    let Parts { head: mut frame, body, .. } = parts;
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Payloads of at least this size in bytes are shared instead of copied behind their header, where they can be.
const SHARE_FROM: usize = 4 * 1024;
