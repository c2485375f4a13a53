//! What a recording leaves out or replaces.

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::Side;
use super::redact::{is_redacted, redact};
use crate::blake256::{Blake256, checksum};
use crate::frame::Header;
use crate::hash::Hash;
use crate::network::Network;

/// What a recording leaves out or replaces. By default it is complete.
///
/// With either setting the cuts within headers are not kept, nor with [`redact`](Self::redact) those within the messages
/// that it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingOptions {
    /// Payloads above 64 KiB are left out: [`EntryKind::Skipped`](super::EntryKind::Skipped) has their length and hash. A
    /// replay ends there.
    pub skip_bulk: bool,
    /// Addresses become 192.0.2.1, `2001:db8::1` or an onion service of zeros, with port 9108; user agents become as many
    /// `x`, and the checksums fit again. So a replay does not change. Everything else is kept: above all transactions, and
    /// when each thing was said.
    pub redact: bool,
}

impl RecordingOptions {
    /// A complete recording.
    #[must_use]
    pub const fn new() -> Self {
        Self { skip_bulk: false, redact: false }
    }

    /// Leaves out payloads above 64 KiB, or does not.
    #[must_use]
    pub const fn skip_bulk(self, skip_bulk: bool) -> Self {
        Self { skip_bulk, ..self }
    }

    /// Replaces addresses and user agents, or does not.
    #[must_use]
    pub const fn redact(self, redact: bool) -> Self {
        Self { redact, ..self }
    }

    const fn is_complete(self) -> bool {
        !self.skip_bulk && !self.redact
    }
}

/// The largest payload that is kept by `skip_bulk`, and the largest that is changed by `redact`.
const BULK: usize = 64 * 1024;

/// What is noted of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Bytes(Vec<u8>),
    Skipped { bytes: u64, hash: Hash },
}

/// Follows the frames of both sides.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    options: RecordingOptions,
    network: Network,
    dialer: Follower,
    listener: Follower,
}

impl Filter {
    /// `None` where nothing is left out or replaced.
    pub(super) fn new(options: RecordingOptions, network: Network) -> Option<Self> {
        let follower = Follower { state: State::Header, held: Vec::new() };
        let [dialer, listener] = [follower.clone(), follower];
        (!options.is_complete()).then_some(Self { options, network, dialer, listener })
    }

    /// What is to be noted of bytes of this side.
    pub(super) fn filter(&mut self, from: Side, mut bytes: &[u8]) -> Vec<Kept> {
        let (options, network) = (self.options, self.network);
        let follower = self.follower(from);
        let mut kept = Vec::new();
        while let Some(rest) = follower.take(bytes, &mut kept) {
            bytes = rest;
            follower.go_on(options, network, &mut kept);
        }
        kept
    }

    /// What is to be noted before the end of this side's stream.
    pub(super) fn finish(&mut self, from: Side) -> Vec<Kept> {
        let follower = self.follower(from);
        let (state, held) = (mem::replace(&mut follower.state, State::Header), mem::take(&mut follower.held));
        match state {
            State::Header | State::Lost | State::Payload { .. } if held.is_empty() => Vec::new(),
            State::Header | State::Lost | State::Payload { .. } => Vec::from([Kept::Bytes(held)]),
            // It cannot be told which of its bytes are an address.
            State::Redact { .. } => left_out(&held).into(),
            State::Skip { bytes, hasher, .. } => {
                Vec::from([Kept::Skipped { bytes, hash: Hash::from_bytes(hasher.finalize()) }])
            }
        }
    }

    const fn follower(&mut self, side: Side) -> &mut Follower {
        match side {
            Side::Dialer => &mut self.dialer,
            Side::Listener => &mut self.listener,
        }
    }
}

/// The frames of one side.
#[derive(Clone, Debug)]
struct Follower {
    state: State,
    /// The begin of a header, or of a frame that is changed when it is complete.
    held: Vec<u8>,
}

#[derive(Clone, Debug)]
enum State {
    /// A header comes.
    Header,
    /// So much of a payload is to come.
    Payload { left: usize },
    /// The same, and it is left out.
    Skip { left: usize, bytes: u64, hasher: Blake256 },
    /// The same, and it is changed when it is complete.
    Redact { left: usize },
    /// The bytes are no frames.
    Lost,
}

impl Follower {
    /// Takes bytes up to the end of what the state is about. Returns what is left; `None` where that has not come yet.
    fn take<'a>(&mut self, bytes: &'a [u8], kept: &mut Vec<Kept>) -> Option<&'a [u8]> {
        let wanted = match &self.state {
            State::Header => Header::LEN.saturating_sub(self.held.len()),
            State::Payload { left } | State::Skip { left, .. } | State::Redact { left } => *left,
            State::Lost => usize::MAX,
        };
        let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
        let missing = wanted.saturating_sub(taken.len());
        match &mut self.state {
            State::Header => self.held.extend_from_slice(taken),
            State::Payload { left } => {
                *left = missing;
                keep(kept, taken);
            }
            State::Redact { left } => {
                *left = missing;
                self.held.extend_from_slice(taken);
            }
            State::Skip { left, bytes, hasher } => {
                *left = missing;
                *bytes = bytes.saturating_add(taken.len() as u64);
                hasher.update(taken);
            }
            State::Lost => keep(kept, taken),
        }
        (missing == 0).then_some(rest)
    }

    /// The end of what the state was about has come.
    fn go_on(&mut self, options: RecordingOptions, network: Network, kept: &mut Vec<Kept>) {
        self.state = match mem::replace(&mut self.state, State::Header) {
            State::Header => self.begin(options, network, kept),
            State::Skip { bytes, hasher, .. } => {
                kept.push(Kept::Skipped { bytes, hash: Hash::from_bytes(hasher.finalize()) });
                State::Header
            }
            State::Redact { .. } => {
                match redacted(&mem::take(&mut self.held)) {
                    Ok(frame) => keep(kept, &frame),
                    Err(left_out) => kept.extend(left_out),
                }
                State::Header
            }
            State::Payload { .. } | State::Lost => State::Header,
        };
    }

    /// A header has come.
    fn begin(&mut self, options: RecordingOptions, network: Network, kept: &mut Vec<Kept>) -> State {
        let Some(header) = self.held.first_chunk().map(Header::from_bytes) else { return State::Header };
        let left = usize::try_from(header.len).unwrap_or(usize::MAX);
        if header.network == network && options.redact && is_redacted(&header) && left <= BULK {
            return State::Redact { left };
        }
        keep(kept, &mem::take(&mut self.held));
        if header.network != network {
            State::Lost
        } else if left > BULK && (options.skip_bulk || options.redact && is_redacted(&header)) {
            State::Skip { left, bytes: 0, hasher: Blake256::new() }
        } else {
            State::Payload { left }
        }
    }
}

/// The frame with other addresses and agents; what stands for it where it cannot be read.
fn redacted(frame: &[u8]) -> Result<Vec<u8>, [Kept; 2]> {
    let changed = frame.split_at_checked(Header::LEN).and_then(|(header, payload)| {
        let payload = redact(&Header::from_bytes(header.first_chunk()?), Bytes::copy_from_slice(payload))?;
        let mut frame = header.to_vec();
        frame.truncate(Header::LEN.saturating_sub(4));
        frame.extend_from_slice(&checksum(&payload));
        frame.extend_from_slice(&payload);
        Some(frame)
    });
    changed.ok_or_else(|| left_out(frame))
}

/// A header, and the length and hash of what follows it.
fn left_out(frame: &[u8]) -> [Kept; 2] {
    let (header, payload) = frame.split_at_checked(Header::LEN).unwrap_or((frame, &[]));
    let (bytes, hash) = (payload.len() as u64, Hash::digest(payload));
    [Kept::Bytes(header.to_vec()), Kept::Skipped { bytes, hash }]
}

fn keep(kept: &mut Vec<Kept>, bytes: &[u8]) {
    match kept.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Kept::Bytes(last)) => last.extend_from_slice(bytes),
        _ => kept.push(Kept::Bytes(bytes.to_vec())),
    }
}
