//! Lines whose text is not made yet.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::{Side, write};
use crate::time::Time;

/// Lines of a recording, each with its line feed.
///
/// Pieces are kept as bytes, so that their text costs the time of the thread that writes it, and the connection only a copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    /// The bytes of all pieces, one after the other.
    bytes: Vec<u8>,
    /// The length of the text, or a little more. The memory of the lines is not more than that.
    len: usize,
}

#[derive(Clone, Debug)]
enum Line {
    Piece { at: Time, from: Side, len: usize },
    Text(String),
}

/// The most that the line of a piece has besides its digits, in bytes.
const PIECE: usize = 64;

impl Lines {
    /// Adds the line of a piece that lies in several places.
    pub(super) fn push_piece<'a>(&mut self, at: Time, from: Side, chunks: impl Iterator<Item = &'a [u8]>) {
        let before = self.bytes.len();
        chunks.for_each(|chunk| self.bytes.extend_from_slice(chunk));
        let len = self.bytes.len().saturating_sub(before);
        self.lines.push(Line::Piece { at, from, len });
        self.len = self.len.saturating_add(len.saturating_mul(2)).saturating_add(PIECE);
    }

    /// Adds any other line.
    pub(super) fn push(&mut self, line: &impl fmt::Display) {
        let mut text = String::new();
        // Writing to a string does not fail.
        writeln!(text, "{line}").ok();
        self.len = self.len.saturating_add(text.len());
        self.lines.push(Line::Text(text));
    }

    /// Removes all lines, and keeps the memory for lines of at most `len` bytes.
    #[cfg(feature = "std")]
    pub(super) fn clear(&mut self, len: usize) {
        self.lines.clear();
        self.bytes.clear();
        self.lines.shrink_to(len / PIECE);
        self.bytes.shrink_to(len / 2);
        self.len = 0;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.len);
        // Writing to a string does not fail.
        write!(text, "{self}").ok();
        text
    }
}

/// The text of all lines.
impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = &*self.bytes;
        for line in &self.lines {
            match line {
                Line::Text(text) => f.write_str(text)?,
                Line::Piece { at, from, len } => {
                    let (piece, behind) = rest.split_at_checked(*len).unwrap_or_default();
                    rest = behind;
                    write::write_piece(f, *at, *from, piece)?;
                    f.write_char('\n')?;
                }
            }
        }
        Ok(())
    }
}
