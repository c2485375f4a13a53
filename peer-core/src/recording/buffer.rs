//! Lines that wait to be written, bounded in bytes.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::mem;

use super::filter::{Filter, Kept};
use super::lines::Lines;
use super::{Entry, EntryKind, Header, RecordingOptions, Side};
use crate::error::Error;
use crate::hash::Hash;
use crate::time::Time;

/// Collects the lines of a recording until they are written, in bounded memory.
///
/// What finds no room is dropped and counted, and the next line that finds room says how much it was. So a slow disk
/// costs part of the recording, never time or memory of the connection.
#[derive(Clone, Debug)]
pub struct Buffer {
    lines: Lines,
    limit: usize,
    /// `None` of a complete recording.
    filter: Option<Filter>,
    /// Dropped since the last line.
    gap: Gap,
    /// Pieces dropped so far.
    dropped: u64,
    /// The latest time of a line.
    latest: Time,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    since: Option<Time>,
    pieces: u64,
    bytes: u64,
}

/// Room for a line without its digits, and for the line about a gap.
const LINE: usize = 160;

/// So many bytes are written as soon as they wait.
#[cfg(feature = "std")]
const BATCH: usize = 128 * 1024;

/// The longest text of an end, in bytes.
const DETAIL: usize = 512;

impl Buffer {
    /// A buffer with the first line in it, which holds at most `limit` bytes of further lines. Each byte of a piece counts
    /// two, and each piece up to 64 besides. Its memory is not more than that.
    #[must_use]
    pub fn new(header: &Header, limit: usize) -> Self {
        Self::with_options(header, limit, RecordingOptions::new())
    }

    /// The same for a recording that leaves out or replaces some of it. At most 64 KiB of each side's bytes are held
    /// besides, while a message comes in that is to be changed.
    #[must_use]
    pub fn with_options(header: &Header, limit: usize, options: RecordingOptions) -> Self {
        let mut lines = Lines::default();
        let filter = Filter::new(options, header.config.network);
        if options.redact {
            lines.push(&header.clone().redacted());
        } else {
            lines.push(header);
        }
        let limit = limit.saturating_add(lines.len());
        let (gap, dropped, latest) = (Gap::default(), 0, Time::ZERO);
        Self { lines, limit, filter, gap, dropped, latest }
    }

    /// Notes a piece that crossed the transport at `at`, which may lie in several places. An empty one is the end of
    /// that side's stream.
    pub fn piece<'a>(
        &mut self,
        at: Time,
        from: Side,
        chunks: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    ) {
        let chunks = chunks.into_iter();
        let Some(filter) = &mut self.filter else { return self.note(at, from, chunks) };
        let mut kept: Vec<_> = chunks.clone().flat_map(|chunk| filter.filter(from, chunk)).collect();
        let is_end = chunks.clone().all(<[u8]>::is_empty);
        if is_end {
            kept = filter.finish(from);
        }
        self.note_kept(at, from, kept);
        if is_end {
            self.note(at, from, [].into_iter());
        }
    }

    fn note<'a>(&mut self, at: Time, from: Side, chunks: impl Iterator<Item = &'a [u8]> + Clone) {
        let bytes = chunks.clone().fold(0_usize, |sum, chunk| sum.saturating_add(chunk.len()));
        self.latest = at;
        let needed = bytes.saturating_mul(2).saturating_add(LINE);
        if self.lines.len().saturating_add(needed) > self.limit {
            return self.note_dropped(at, bytes);
        }
        self.note_gap();
        self.lines.push_piece(at, from, chunks);
    }

    fn note_kept(&mut self, at: Time, from: Side, kept: Vec<Kept>) {
        for kept in kept {
            match kept {
                Kept::Bytes(bytes) => self.note(at, from, [&*bytes].into_iter()),
                Kept::Skipped { bytes, hash } => self.note_skipped(at, from, bytes, hash),
            }
        }
    }

    fn note_skipped(&mut self, at: Time, from: Side, bytes: u64, hash: Hash) {
        self.latest = at;
        if self.lines.len().saturating_add(2 * LINE) > self.limit {
            return self.note_dropped(at, 0);
        }
        self.note_gap();
        self.lines.push(&Entry { at, kind: EntryKind::Skipped { from, bytes, hash } });
    }

    fn note_dropped(&mut self, at: Time, bytes: usize) {
        self.gap.since.get_or_insert(at);
        self.gap.pieces = self.gap.pieces.saturating_add(1);
        self.gap.bytes = self.gap.bytes.saturating_add(bytes as u64);
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Notes the end of the connection, at the time of the last piece. There is always room for it.
    pub fn end(&mut self, reason: &Error) {
        for side in [Side::Dialer, Side::Listener] {
            let kept = self.filter.as_mut().map(|filter| filter.finish(side)).unwrap_or_default();
            self.note_kept(self.latest, side, kept);
        }
        self.note_gap();
        let mut detail = Limited { text: String::new(), room: DETAIL };
        // It fails where the text is longer, which then stays cut.
        write!(detail, "{reason}").ok();
        let kind = EntryKind::End { reason: reason.name(), detail: detail.text };
        self.lines.push(&Entry { at: self.latest, kind });
    }

    /// Takes the lines that wait, each with its line feed. If some were dropped behind them, the line that says so waits then.
    #[must_use]
    pub fn take(&mut self) -> String {
        let text = self.lines.text();
        self.lines = Lines::default();
        self.note_gap();
        text
    }

    /// Whether no line waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether lines should be taken before more come.
    #[cfg(feature = "std")]
    pub(super) fn is_batch(&self) -> bool {
        self.lines.len() > BATCH.min(self.limit / 2)
    }

    /// As [`take`](Self::take), without their text, and with the memory of lines that were taken before. A new one for each
    /// batch would cost a connection that sends much a tenth of its speed.
    #[cfg(feature = "std")]
    pub(super) fn take_into(&mut self, lines: &mut Lines) {
        lines.clear(8 * BATCH);
        mem::swap(&mut self.lines, lines);
        self.note_gap();
    }

    /// How many pieces were dropped so far.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn note_gap(&mut self) {
        let Gap { since, pieces, bytes } = mem::take(&mut self.gap);
        if let Some(at) = since {
            self.lines.push(&Entry { at, kind: EntryKind::Dropped { pieces, bytes } });
        }
    }
}

/// A text that takes no more than so many bytes.
struct Limited {
    text: String,
    room: usize,
}

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            self.room = self.room.checked_sub(char.len_utf8()).ok_or(fmt::Error)?;
            self.text.push(char);
        }
        Ok(())
    }
}
