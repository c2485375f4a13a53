//! What the bytes of a recording say.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{EntryKind, Recording, Side};
use crate::error::FrameError;
use crate::frame::{FrameReader, Rules};
use crate::message::{Message, Version};
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// A message of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedMessage {
    /// When its last byte crossed the transport.
    pub at: Time,
    /// The side that sent it.
    pub from: Side,
    /// Index of the entry that has its last byte.
    pub entry: usize,
    /// The frame.
    pub frame: Bytes,
    /// What it says.
    pub message: Message,
}

/// Bytes of a recording that are no frame. What the same side sent afterwards cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the {from} sent until {at} is no frame: {error}")]
#[non_exhaustive]
pub struct Unreadable {
    /// When it crossed the transport.
    pub at: Time,
    /// The side that sent it.
    pub from: Side,
    /// Index of the entry with which it was found out.
    pub entry: usize,
    /// Why it is none.
    pub error: FrameError,
}

/// Larger than any payload that a frame of the protocol may have.
const MOST: usize = 32 * 1024 * 1024;

impl Recording {
    /// What this side said, in order, up to the first line about dropped pieces and without messages whose payload is left out; the last item may be bytes that are no
    /// frame. Commands that the protocol version in force does not have are [`Message::Raw`]. Nothing where the network is
    /// not known.
    #[must_use]
    pub fn messages(&self, side: Side) -> Vec<Result<RecordedMessage, Unreadable>> {
        let Some(network) = self.network else { return Vec::new() };
        self.read_messages(side, network, self.negotiated().unwrap_or(ProtocolVersion::LATEST), usize::MAX)
    }

    /// How this side introduced itself, if it did.
    #[must_use]
    pub fn version_of(&self, side: Side) -> Option<Version> {
        let first = self.read_messages(side, self.network?, ProtocolVersion::LATEST, 1).into_iter().next()?;
        match first.ok()?.message {
            Message::Version(version) => Some(*version),
            _ => None,
        }
    }

    /// The protocol version that both sides agreed on, once both introduced themselves.
    #[must_use]
    pub fn negotiated(&self) -> Option<ProtocolVersion> {
        let [dialer, listener] = [Side::Dialer, Side::Listener].map(|side| self.version_of(side));
        let lower = dialer?.protocol_version.min(listener?.protocol_version);
        Some(ProtocolVersion::new(u32::try_from(lower).unwrap_or_default()))
    }

    /// The first `most` messages of a side: the first one at the latest version, the others at `version`.
    fn read_messages(
        &self,
        side: Side,
        network: Network,
        version: ProtocolVersion,
        most: usize,
    ) -> Vec<Result<RecordedMessage, Unreadable>> {
        let (mut reader, mut input) = (FrameReader::new(), BytesMut::new());
        let (mut frames, mut said) = (BytesMut::new(), Vec::new());
        let mut in_force = ProtocolVersion::LATEST;
        for (index, entry) in self.entries.iter().enumerate() {
            match &entry.kind {
                EntryKind::Dropped { .. } => break,
                EntryKind::Skipped { from, .. } if *from == side => {
                    // The payload of the frame that has begun.
                    (reader, input, frames) = (FrameReader::new(), BytesMut::new(), BytesMut::new());
                    in_force = version;
                    continue;
                }
                EntryKind::Bytes { from, bytes } if *from == side => {
                    input.extend_from_slice(bytes);
                    frames.extend_from_slice(bytes);
                }
                _ => continue,
            }
            let (at, from, entry) = (entry.at, side, index);
            loop {
                let read = reader.read(&mut input, &rules(network, in_force));
                let message = read.and_then(|frame| {
                    let Some(frame) = frame else { return Ok(None) };
                    let bytes = frames.split_to(frame.wire_len().min(frames.len()));
                    Ok(Some((bytes.freeze(), frame.decode(in_force)?)))
                });
                match message {
                    Ok(None) => break,
                    Ok(Some((frame, message))) => {
                        said.push(Ok(RecordedMessage { at, from, entry, frame, message }))
                    }
                    Err(error) => {
                        said.push(Err(Unreadable { at, from, entry, error }));
                        return said;
                    }
                }
                if said.len() >= most {
                    return said;
                }
                in_force = version;
            }
        }
        said
    }
}

/// Every command is read.
pub(super) fn rules(network: Network, version: ProtocolVersion) -> Rules {
    let mut rules = Rules::new(network, version);
    rules.max_unknown = Some(MOST);
    rules
}
