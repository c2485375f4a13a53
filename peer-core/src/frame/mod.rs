//! Frames: bytes to checked payloads and back.
//!
//! A frame is a [`Header`] of 24 bytes and a payload. [`FrameReader`] takes frames off the front of a stream,
//! [`encode`] makes the bytes of a frame, [`EncodedFrame`] is a frame for many peers, and [`Tap`] watches frames pass.
//! They know networks, commands and sizes. The content of a payload belongs to [`message`](crate::message).

mod encoded;
mod hash_ahead;
mod header;
mod payload;
mod reader;
mod tap;

use alloc::vec::Vec;

use bytes::Bytes;

pub use encoded::EncodedFrame;
pub(crate) use header::Checked;
pub use header::{Header, Rules};
pub use payload::Payload;
pub use reader::{Frame, FrameReader};
pub use tap::Tap;

use crate::blake256;
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
    let (mut frame, payload) = build(message, message.kept_checksum(), network);
    frame.extend_from_slice(&payload);
    Ok(frame)
}

/// Payloads of at least this size in bytes are shared instead of copied behind their header, where they can be.
const SHARE_FROM: usize = 4 * 1024;

/// A frame in two pieces: the header with the payload, or the header and a payload that the message shares. The message
/// has passed [`Message::check`], and its payload has this `checksum`, if that is known.
///
/// Of messages, only blocks are shared; of an [`EncodedFrame`], every payload is. A copy holds exactly its bytes; a
/// slice keeps the whole memory alive that it was cut from.
pub(crate) fn build(message: &Message, checksum: Option<[u8; 4]>, network: Network) -> (Vec<u8>, Bytes) {
    let body = message.shared_payload().filter(|payload| payload.len() >= SHARE_FROM);
    let room = if body.is_some() { 0 } else { message.encoded_len() };
    let mut head = Vec::with_capacity(Header::LEN.saturating_add(room));
    head.resize(Header::LEN, 0);
    if body.is_none() {
        message.write(&mut head);
        debug_assert!(head.len() == Header::LEN.saturating_add(room));
    }
    let payload = match body {
        Some(body) => body,
        None => head.get(Header::LEN..).unwrap_or_default(),
    };
    let checksum = checksum.unwrap_or_else(|| blake256::checksum(payload));
    let header = Header::new(network, message.command(), payload.len(), checksum);
    if let Some(start) = head.first_chunk_mut() {
        *start = header.to_bytes();
    }
    (head, body.cloned().unwrap_or_default())
}
