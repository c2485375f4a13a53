//! One outgoing frame.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::frame::{Header, Parts};
use crate::hash::Hash;
use crate::message::{Command, Lane};

/// The purpose of a frame, which decides what happens when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Our `version` or `verack`.
    Handshake,
    /// A command of the owner.
    Ordinary,
    /// A reply that the remote caused.
    Reply,
    /// A ping of the owner.
    Ping,
    /// A ping of the machine.
    Keepalive,
    /// A request whose answers are expected.
    Request,
    /// The last message before the connection ends. No mark counts it.
    FinalReject,
}

/// A frame that was written to its last byte.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    pub(crate) purpose: Purpose,
    /// The number at the start of its payload: the nonce, if it is a ping.
    pub(crate) nonce: u64,
    pub(crate) command: [u8; Command::LEN],
    /// Size in bytes, header included.
    pub(crate) len: usize,
}

/// Frames of this size and more are shared when a machine is cloned.
const LARGE: usize = 4 * 1024;

/// A frame. It takes 32 bytes beside its own, because millions of the smallest frames may wait.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The header with the payload, or the header alone, or nothing.
    head: Box<[u8]>,
    /// A payload that is shared with others, or all of a large frame, so that a clone of the machine shares it. Boxed,
    /// since few frames have one.
    body: Option<Box<Bytes>>,
    pub(super) lane: Lane,
    pub(super) purpose: Purpose,
    /// Whether the header has the checksum of the payload, which is `body` otherwise.
    is_hashed: bool,
}

impl Piece {
    pub(super) fn new(parts: Parts, lane: Lane, purpose: Purpose) -> Self {
        let Parts { head, body, is_hashed } = parts;
        let (head, body) = match body {
            body if !body.is_empty() => (head.into_boxed_slice(), Some(Box::new(body))),
            _ if head.len() < LARGE => (head.into_boxed_slice(), None),
            _ => (Box::default(), Some(Box::new(Bytes::from(head)))),
        };
        Self { head, body, lane, purpose, is_hashed }
    }

    /// The payload, if it is still to be hashed.
    pub(super) fn unhashed(&self) -> Option<&[u8]> {
        (!self.is_hashed).then(|| self.body())
    }

    /// The payload has this hash.
    pub(super) fn set_hash(&mut self, [a, b, c, d, ..]: [u8; Hash::LEN]) {
        Header::set_checksum(&mut self.head, [a, b, c, d]);
        self.is_hashed = true;
    }

    pub(super) fn len(&self) -> usize {
        self.head.len().saturating_add(self.body().len())
    }

    fn body(&self) -> &[u8] {
        self.body.as_deref().map(Bytes::as_ref).unwrap_or_default()
    }

    /// What is left after `taken` bytes, in its two parts.
    pub(super) fn rest(&self, taken: usize) -> [&[u8]; 2] {
        let head = self.head.get(taken..).unwrap_or_default();
        let body = self.body().get(taken.saturating_sub(self.head.len())..).unwrap_or_default();
        [head, body]
    }

    /// What follows when it is written.
    pub(super) fn written(&self) -> Written {
        Written { purpose: self.purpose, nonce: self.nonce(), command: self.command(), len: self.len() }
    }

    fn command(&self) -> [u8; Command::LEN] {
        let [head, body] = self.rest(0);
        let header = if head.is_empty() { body } else { head };
        header.first_chunk().map(|header| Header::from_bytes(header).command).unwrap_or_default()
    }

    /// The number at the start of its payload: the nonce, if it is a ping.
    pub(super) fn nonce(&self) -> u64 {
        let payload = self.head.get(Header::LEN..).unwrap_or_default();
        payload.first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default()
    }
}
