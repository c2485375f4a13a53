//! A message in its frame, encoded and hashed once for many peers.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::{Header, SHARE_FROM, build};
use crate::error::CodecError;
use crate::message::{Command, Message};
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;

/// A message in its frame, encoded and hashed once, to be sent to any number of peers of one network.
///
/// Clones are cheap and share everything. It can be made on any thread, so that no driver waits while a block is
/// hashed. The bytes are the same at every protocol version that has the message; each peer checks its own version.
///
/// [`Peer::send_encoded`](crate::Peer::send_encoded) queues it. Payloads of 4 KiB and more are shared by all queues;
/// smaller ones are copied. A queue keeps only what it shares alive.
///
/// ```
/// use peer_core::message::{Block, BlockHeader};
/// use peer_core::{EncodedFrame, Message, Network, Peer, ProtocolVersion, Time};
///
/// fn relay(peers: &mut [Peer], block: Block, now: Time) -> Result<(), peer_core::CodecError> {
///     let frame = Message::Block(block).encode_frame(Network::MAINNET, ProtocolVersion::LATEST)?;
///     for peer in peers {
///         if let Err(error) = peer.send_encoded(&frame, now) {
///             println!("{peer}: {error}");
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedFrame(Arc<Encoded>);

#[derive(PartialEq, Eq)]
struct Encoded {
    message: Message,
    header: Header,
    payload: Bytes,
}

impl Message {
    /// The message in a frame of `network`, encoded and hashed once. A block or transaction that came in a frame is not
    /// hashed: it has kept its checksum.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check) at `version`.
    pub fn encode_frame(
        &self,
        network: Network,
        version: ProtocolVersion,
    ) -> Result<EncodedFrame, CodecError> {
        self.check(version)?;
        let (head, body) = build(self, self.kept_checksum(), network);
        let header = Header::from_bytes(head.first_chunk().unwrap_or(&[0; Header::LEN]));
        let payload = if body.is_empty() {
            // An own copy, so that only the header's 24 bytes are kept beside it.
            let mut frame = Bytes::from(head);
            frame.split_off(Header::LEN.min(frame.len()))
        } else {
            body
        };
        debug_assert!(header.len as usize == payload.len());
        Ok(EncodedFrame(Arc::new(Encoded { message: self.clone(), header, payload })))
    }
}

impl EncodedFrame {
    /// A frame of a payload whose checksum its owner has kept, so that nothing is hashed. The payload is shared, not
    /// copied: a slice keeps the whole memory alive that it was cut from.
    ///
    /// `checksum` is the first four bytes of the payload's BLAKE-256. It is not verified. With a wrong one, every
    /// remote ends the connection.
    ///
    /// # Errors
    ///
    /// As [`Message::decode`], then as [`Message::check`], both at `version`.
    pub fn with_checksum(
        command: Command,
        payload: Bytes,
        checksum: [u8; 4],
        network: Network,
        version: ProtocolVersion,
    ) -> Result<Self, CodecError> {
        let mut message = Message::decode(command, payload.clone(), version)?;
        message.check(version)?;
        message.keep_checksum(checksum);
        let header = Header::new(network, command, payload.len(), checksum);
        Ok(Self(Arc::new(Encoded { message, header, payload })))
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Its command.
    #[must_use]
    pub fn command(&self) -> Command {
        self.0.message.command()
    }

    /// The network to whose peers the frame can be sent.
    #[must_use]
    pub fn network(&self) -> Network {
        self.0.header.network
    }

    /// The payload, without the header.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// The first four bytes of the payload's BLAKE-256, as the header tells them.
    #[must_use]
    pub fn checksum(&self) -> [u8; 4] {
        self.0.header.checksum
    }

    /// Size of the whole frame in bytes, header included.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.0.header.wire_len()
    }

    /// The frame in two pieces, as [`build`] makes them.
    pub(crate) fn pieces(&self) -> (Vec<u8>, Bytes) {
        let Encoded { header, payload, .. } = &*self.0;
        let is_shared = payload.len() >= SHARE_FROM;
        let mut head = Vec::with_capacity(if is_shared { Header::LEN } else { header.wire_len() });
        head.extend_from_slice(&header.to_bytes());
        if is_shared {
            return (head, payload.clone());
        }
        head.extend_from_slice(payload);
        (head, Bytes::new())
    }
}

impl fmt::Debug for EncodedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedFrame")
            .field("command", &self.command())
            .field("network", &self.network())
            .field("wire_len", &self.wire_len())
            .finish()
    }
}
