//! Observing the frames of a stream.

use super::Header;

/// A passive observer of one direction of a stream: it reports each frame's header when the frame's last byte has
/// passed, and keeps no payload.
///
/// Feed it the bytes that were sent or received, in pieces of any size. It checks nothing, so use it for streams that are
/// checked elsewhere, such as what [`Connection::poll_transmit`](crate::Connection::poll_transmit) shows.
///
/// ```
/// use peer_core::frame::{Tap, encode};
/// use peer_core::{Message, Network, ProtocolVersion};
///
/// let mut tap = Tap::new();
/// let frame = encode(&Message::Verack, Network::MAINNET, ProtocolVersion::LATEST)?;
/// tap.feed(&frame[..20], |_| unreachable!("it is not whole yet"));
/// tap.feed(&frame[20..], |header| assert_eq!(header.wire_len(), 24));
/// # Ok::<(), peer_core::CodecError>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "OnRead")]
#[doc(alias = "OnWrite")]
pub struct Tap {
    header: [u8; Header::LEN],
    /// Bytes of the header received.
    filled: usize,
    /// Bytes of the payload that have passed.
    passed: usize,
}

impl Tap {
    /// An observer at the start of a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self { header: [0; Header::LEN], filled: 0, passed: 0 }
    }

    /// Takes `bytes` and calls `seen` for each frame that ends in them.
    pub fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(&Header)) {
        while !bytes.is_empty() {
            bytes = self.fill(bytes);
            if self.filled < Header::LEN {
                return;
            }
            let header = Header::from_bytes(&self.header);
            debug_assert!(self.passed <= header.len as usize);
            let missing = (header.len as usize).saturating_sub(self.passed);
            let (payload, rest) = bytes.split_at(missing.min(bytes.len()));
            self.passed = self.passed.saturating_add(payload.len());
            bytes = rest;
            if payload.len() == missing {
                seen(&header);
                *self = Self::new();
            }
        }
    }

    /// Completes the header from the front of `bytes`, and returns the rest.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        debug_assert!(self.filled <= Header::LEN);
        let free = self.header.get_mut(self.filled..).unwrap_or_default();
        let (head, rest) = bytes.split_at(free.len().min(bytes.len()));
        for (to, byte) in free.iter_mut().zip(head) {
            *to = *byte;
        }
        self.filled = self.filled.saturating_add(head.len());
        rest
    }
}

impl Default for Tap {
    fn default() -> Self {
        Self::new()
    }
}
