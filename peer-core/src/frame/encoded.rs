//! A message in its frame, encoded and hashed once for many peers.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::{Header, Parts, SHARE_FROM};
use crate::blake256;
use crate::error::CodecError;
use crate::hash::Hash;
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
        let payload = payload_of(self);
        let checksum = self.kept_checksum().unwrap_or_else(|| blake256::checksum(&payload));
        Ok(EncodedFrame::new(self.clone(), payload, checksum, network))
    }

    /// The same for several messages, whose payloads are hashed together. For eight blocks that takes a quarter of the time
    /// one by one with the feature `simd` and AVX-512, a third with AVX2, and as long in plain code.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check) at `version`, for the first message that fails. Then there are no frames.
    pub fn encode_frames(
        messages: &[Self],
        network: Network,
        version: ProtocolVersion,
    ) -> Result<Vec<EncodedFrame>, CodecError> {
        messages.iter().try_for_each(|message| message.check(version).map(drop))?;
        let payloads: Vec<Bytes> = messages.iter().map(payload_of).collect();
        let unknown = messages.iter().zip(&payloads).filter(|(message, _)| message.kept_checksum().is_none());
        let inputs: Vec<&[u8]> = unknown.map(|(_, payload)| &payload[..]).collect();
        let mut digests = vec![[0; Hash::LEN]; inputs.len()];
        blake256::hash_many(&inputs, &mut digests);
        let mut digests = digests.iter();
        let frames = messages.iter().zip(payloads).map(|(message, payload)| {
            let hashed = || digests.next().map_or([0; 4], |[a, b, c, d, ..]| [*a, *b, *c, *d]);
            let checksum = message.kept_checksum().unwrap_or_else(hashed);
            EncodedFrame::new(message.clone(), payload, checksum, network)
        });
        Ok(frames.collect())
    }
}

/// The payload of a message, shared if it can be. An own copy holds exactly its bytes.
fn payload_of(message: &Message) -> Bytes {
    if let Some(payload) = message.shared_payload().filter(|payload| payload.len() >= SHARE_FROM) {
        return payload.clone();
    }
    let mut payload = Vec::with_capacity(message.encoded_len());
    message.write(&mut payload);
    payload.into()
}

impl EncodedFrame {
    /// The message has passed [`Message::check`], and its payload has this checksum.
    fn new(message: Message, payload: Bytes, checksum: [u8; 4], network: Network) -> Self {
        let header = Header::new(network, message.command(), payload.len(), checksum);
        Self(Arc::new(Encoded { message, header, payload }))
    }

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
        Ok(Self::new(message, payload, checksum, network))
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

    pub(crate) fn parts(&self) -> Parts {
        let Encoded { header, payload, .. } = &*self.0;
        let is_shared = payload.len() >= SHARE_FROM;
        let mut head = Vec::with_capacity(if is_shared { Header::LEN } else { header.wire_len() });
        head.extend_from_slice(&header.to_bytes());
        let body = if is_shared { payload.clone() } else { Bytes::new() };
        if !is_shared {
            head.extend_from_slice(payload);
        }
        Parts { head, body, is_hashed: true }
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
