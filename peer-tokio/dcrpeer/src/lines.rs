//! Reads an input line by line. Input and lines may be endless.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use peer_core::frame::Header;
use peer_core::recording::Recording;

use crate::error::{Failure, about_file, chain};

/// An input that is read line by line.
pub(crate) struct Lines {
    input: BufReader<Box<dyn Read + Send>>,
    /// Its name in failures.
    name: String,
    line: Vec<u8>,
    /// Whether the rest of a line that is too long comes next.
    is_skipping: bool,
}

/// A line without its end, and without the byte order mark that some programs begin a text with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// More than [`LONGEST`].
    TooLong,
}

/// The largest frame in hexadecimal, and room for what may stand before it.
pub(crate) const LONGEST: usize = 2 * (Header::LEN + LARGEST_PAYLOAD) + COLUMNS;

/// The limit of payloads on all networks: 32 MiB.
const LARGEST_PAYLOAD: usize = 32 * 1024 * 1024;

/// A protocol version of ten digits, the longest name of a network, a byte order mark, and generous space around
/// them.
const COLUMNS: usize = 64;

const CAPACITY: usize = 64 * 1024;

/// Whether the user types the input: it is standard input, and that is a terminal.
pub(crate) fn is_typed(file: Option<&Path>) -> bool {
    is_standard_input(file) && io::stdin().is_terminal()
}

fn is_standard_input(file: Option<&Path>) -> bool {
    file.is_none_or(|file| file == Path::new("-"))
}

impl Lines {
    /// Of a file, or of standard input.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        match file.filter(|file| !is_standard_input(Some(file))) {
            Some(path) => match File::open(path) {
                Ok(file) => Ok(Self::new(Box::new(file), path.display().to_string())),
                Err(error) => {
                    Err(Failure::new(format!("cannot read {}: {}", path.display(), about_file(&error))))
                }
            },
            None => Ok(Self::new(Box::new(io::stdin()), "standard input".to_owned())),
        }
    }

    fn new(input: Box<dyn Read + Send>, name: String) -> Self {
        let input = BufReader::with_capacity(CAPACITY, input);
        Self { input, name, line: Vec::new(), is_skipping: false }
    }

    /// The first bytes, at least one unless the input is empty.
    pub(crate) fn peek(&mut self) -> Result<&[u8], Failure> {
        let name = &self.name;
        self.input
            .fill_buf()
            .map_err(|error| Failure::new(format!("cannot read {name}: {}", about_file(&error))))
    }

    /// Its name in failures.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The input from its first byte that was not read.
    pub(crate) fn into_inner(self) -> impl Read + Send {
        self.input
    }

    /// Reads the rest, which is a recording.
    pub(crate) fn read_recording(mut self) -> Result<Recording, Failure> {
        let (name, mut bytes) = (&self.name, Vec::new());
        let read = self.input.read_to_end(&mut bytes);
        read.map_err(|error| Failure::new(format!("cannot read {name}: {}", about_file(&error))))?;
        let recording = Recording::read(&String::from_utf8_lossy(&bytes));
        recording.map_err(|error| Failure::new(format!("{name}: {}", chain(&error))))
    }

    /// The next line. Flushes `out` before it waits for more input, so that its reader sees all that came
    /// of the input so far.
    ///
    /// A line that is too long is returned when that is known, and its rest is skipped by the next call.
    pub(crate) fn next(&mut self, out: &mut impl Write) -> Result<Option<Line<'_>>, Failure> {
        self.line.clear();
        loop {
            if self.input.buffer().is_empty() {
                out.flush()?;
            }
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::new(format!("cannot read {}: {}", self.name, about_file(&error))));
                }
            };
            if bytes.is_empty() {
                // An input of only a byte order mark has no line.
                let is_line = !matches!(self.line.as_slice(), [] | MARK);
                return Ok(is_line.then(|| Line::Whole(without_mark(&self.line))));
            }
            let mut pieces = bytes.splitn(2, |byte| *byte == b'\n');
            let piece = pieces.next().unwrap_or_default();
            let is_end = pieces.next().is_some();
            let len = piece.len().saturating_add(usize::from(is_end));
            let is_excess = piece.len() > LONGEST.saturating_sub(self.line.len());
            if self.is_skipping || is_excess {
                let is_first = !self.is_skipping;
                self.is_skipping = !is_end;
                self.input.consume(len);
                if is_first {
                    return Ok(Some(Line::TooLong));
                }
                continue;
            }
            self.line.extend_from_slice(piece);
            self.input.consume(len);
            if is_end {
                return Ok(Some(Line::Whole(without_mark(&self.line))));
            }
        }
    }
}

/// Any line may begin with the mark: each of several concatenated files has one.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(MARK).unwrap_or(line)
}

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
