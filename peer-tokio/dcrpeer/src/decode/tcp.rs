//! One direction of a TCP connection, put together by sequence number.

use core::fmt;
use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use serde::Serialize;

use super::packets::Segment;
use crate::format::Count;

/// Most bytes that wait for those before them. Beyond, what is missing is a hole.
const MOST: usize = 4 * 1024 * 1024;

/// What a segment completes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Bytes(Bytes),
    /// So many bytes are not in the capture.
    Hole(u64),
}

/// What crossed a network in one direction, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    segments: u64,
    bytes: u64,
    /// Segments that came again, whole.
    retransmitted: u64,
    /// Segments that came again in part.
    overlapping: u64,
    /// Segments that came before an earlier one.
    reordered: u64,
    holes: u64,
    missing: u64,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The sequence number of the next byte.
    next: Option<u32>,
    /// How many bytes came before that one.
    offset: u64,
    /// What came too early, by its offset.
    pending: BTreeMap<u64, Bytes>,
    pending_bytes: usize,
    pub(super) counts: Counts,
}

impl Stream {
    /// Whether a segment begins where this direction begins.
    pub(super) fn is_at_start_of(&self, segment: &Segment) -> bool {
        self.offset == 0 && self.next.is_none_or(|next| next == segment.sequence.wrapping_add(1))
    }

    pub(super) const fn has_bytes(&self) -> bool {
        self.offset > 0
    }

    /// Takes a segment of this direction. Returns what it completes.
    pub(super) fn take(&mut self, segment: &Segment) -> Vec<Part> {
        let first = if segment.syn { segment.sequence.wrapping_add(1) } else { segment.sequence };
        let next = *self.next.get_or_insert(first);
        if segment.payload.is_empty() {
            return Vec::new();
        }
        self.counts.segments = self.counts.segments.saturating_add(1);
        let mut payload = segment.payload.clone();
        // Distances are less than half of the numbers, so the sign tells the direction.
        let ahead = first.wrapping_sub(next).cast_signed();
        let mut start = self.offset.saturating_add(u64::from(ahead.unsigned_abs()));
        if ahead < 0 {
            let known = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
            if known >= payload.len() {
                self.counts.retransmitted = self.counts.retransmitted.saturating_add(1);
                return Vec::new();
            }
            self.counts.overlapping = self.counts.overlapping.saturating_add(1);
            payload.advance(known);
            start = self.offset;
        } else if ahead > 0 {
            self.counts.reordered = self.counts.reordered.saturating_add(1);
        }
        self.insert(start, payload);
        let mut parts = Vec::new();
        self.deliver(&mut parts);
        while self.pending_bytes > MOST {
            self.skip(&mut parts);
        }
        parts
    }

    /// The other side has received everything before this number. What of it is missing will not come any more.
    pub(super) fn acknowledge(&mut self, number: u32) -> Vec<Part> {
        let mut parts = Vec::new();
        let Some(next) = self.next else { return parts };
        let ahead = number.wrapping_sub(next).cast_signed();
        let until = self.offset.saturating_add(u64::try_from(ahead).unwrap_or_default());
        while self.pending.first_key_value().is_some_and(|(start, _)| *start < until) {
            self.skip(&mut parts);
        }
        parts
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        while !self.pending.is_empty() {
            self.skip(&mut parts);
        }
        parts
    }

    fn insert(&mut self, start: u64, payload: Bytes) {
        let known = self.pending.get(&start).map_or(0, Bytes::len);
        if known >= payload.len() {
            self.counts.retransmitted = self.counts.retransmitted.saturating_add(1);
            return;
        }
        self.pending_bytes = self.pending_bytes.saturating_add(payload.len()).saturating_sub(known);
        self.pending.insert(start, payload);
    }

    /// Delivers what follows without a gap.
    fn deliver(&mut self, parts: &mut Vec<Part>) {
        while let Some(entry) = self.pending.first_entry().filter(|entry| *entry.key() <= self.offset) {
            let (start, mut payload) = entry.remove_entry();
            self.pending_bytes = self.pending_bytes.saturating_sub(payload.len());
            let known = usize::try_from(self.offset.saturating_sub(start)).unwrap_or(usize::MAX);
            if known > 0 {
                let again = known >= payload.len();
                let counter =
                    if again { &mut self.counts.retransmitted } else { &mut self.counts.overlapping };
                *counter = counter.saturating_add(1);
            }
            payload.advance(known.min(payload.len()));
            if !payload.is_empty() {
                let len = payload.len() as u64;
                self.counts.bytes = self.counts.bytes.saturating_add(len);
                self.advance(len);
                parts.push(Part::Bytes(payload));
            }
        }
    }

    /// Gives up what is missing before the first byte that came.
    fn skip(&mut self, parts: &mut Vec<Part>) {
        let Some((start, _)) = self.pending.first_key_value() else { return };
        let missing = start.saturating_sub(self.offset);
        if missing > 0 {
            self.counts.holes = self.counts.holes.saturating_add(1);
            self.counts.missing = self.counts.missing.saturating_add(missing);
            parts.push(Part::Hole(missing));
            self.advance(missing);
        }
        self.deliver(parts);
    }

    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    fn advance(&mut self, len: u64) {
        self.offset = self.offset.saturating_add(len);
        self.next = self.next.map(|next| next.wrapping_add(len as u32));
    }
}

/// For people: only what there is.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in {} segments", Count(self.bytes), Count(self.segments))?;
        let counts = [
            (self.retransmitted, "retransmitted"),
            (self.overlapping, "overlapping"),
            (self.reordered, "reordered"),
        ];
        for (count, name) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {} {name}", Count(count))?;
        }
        match self.holes {
            0 => Ok(()),
            holes => write!(f, ", {} holes with {} bytes", Count(holes), Count(self.missing)),
        }
    }
}
