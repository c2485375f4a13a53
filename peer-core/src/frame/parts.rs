//! A frame in two parts, as it waits to be written.

use alloc::vec::Vec;

use bytes::Bytes;

use super::{Header, SHARE_FROM};
use crate::blake256;
use crate::message::Message;
use crate::network::Network;

/// The header with the payload, or the header and a payload that is shared.
///
/// Of messages, only blocks are shared; of an [`EncodedFrame`](super::EncodedFrame), every payload is. A copy holds exactly
/// its bytes; a slice keeps the whole memory alive that it was cut from.
pub(crate) struct Parts {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Bytes,
    /// Whether the header has the checksum. Without it, `head` is the header alone.
    pub(crate) is_hashed: bool,
}

impl Parts {
    /// A message that has passed [`Message::check`], and whose payload has this `checksum`, if that is known. If not, a
    /// payload that is shared is not hashed yet: it can be hashed together with others later.
    pub(crate) fn new(message: &Message, checksum: Option<[u8; 4]>, network: Network) -> Self {
        let body = message.shared_payload().filter(|payload| payload.len() >= SHARE_FROM).cloned();
        let room = if body.is_some() { 0 } else { message.encoded_len() };
        let mut head = Vec::with_capacity(Header::LEN.saturating_add(room));
        head.resize(Header::LEN, 0);
        if body.is_none() {
            message.write(&mut head);
            debug_assert!(head.len() == Header::LEN.saturating_add(room));
        }
        let is_hashed = checksum.is_some() || body.is_none();
        let len = body.as_ref().map_or(head.len().saturating_sub(Header::LEN), Bytes::len);
        let copied = || blake256::checksum(head.get(Header::LEN..).unwrap_or_default());
        let checksum = checksum.or_else(|| body.is_none().then(copied)).unwrap_or_default();
        let header = Header::new(network, message.command(), len, checksum);
        if let Some(start) = head.first_chunk_mut() {
            *start = header.to_bytes();
        }
        Self { head, body: body.unwrap_or_default(), is_hashed }
    }

    /// Writes the checksum into the header.
    pub(crate) fn hash(&mut self) {
        if !self.is_hashed {
            Header::set_checksum(&mut self.head, blake256::checksum(&self.body));
            self.is_hashed = true;
        }
    }
}
