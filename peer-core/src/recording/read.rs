//! Reading the lines.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::json::Object;
use super::{Entry, EntryKind, Header, Recording, Side, VERSION, settings};
use crate::error::ConfigError;
use crate::event::Direction;
use crate::hash::Hash;
use crate::message::Timestamp;
use crate::network::Network;
use crate::time::Time;

/// Why a text is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct ReadError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not one JSON object.
    #[error("not a JSON object; each line of a recording is one")]
    NotAnObject,
    /// A member is missing, or has a value that it cannot have.
    #[error("no valid {0:?}")]
    Member(&'static str),
    /// The bytes are in the packed form of test vectors, which only their tests read: `@6774035+141` refers to bytes of
    /// another file.
    #[error(
        "the bytes are packed ({0:?}): this form refers to another file, and only the tests of its folder read it"
    )]
    Packed(String),
    /// A newer version of the format.
    #[error("version {0} of the format; this program reads up to {VERSION}")]
    Version(String),
    /// The configuration has a setting that this version does not know, or a value that it cannot have.
    #[error("no valid setting {0:?} in the configuration")]
    Setting(String),
    /// The configuration does not fit together.
    #[error("configuration: {0}")]
    Config(ConfigError),
}

/// How much of a packed text an error shows.
const PACKED_SHOWN: usize = 40;

/// A line.
enum Line {
    Header(Box<Header>),
    Entry(Entry),
}

impl Recording {
    /// Reads a recording. Empty lines and unknown members are skipped. A last line that is cut off is left out, so that a
    /// file cut anywhere is read up to the cut.
    ///
    /// The result takes half the memory of the text where pieces are large, and at most 16 times as much where every line
    /// is tiny.
    ///
    /// # Errors
    ///
    /// The first line that is wrong, unless it is the last one and has no line feed at its end.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let mut recording = Self::default();
        let whole = text.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let (whole, last) = text.split_at_checked(whole).unwrap_or((text, ""));
        let mut count = 0_usize;
        for line in whole.lines() {
            count = count.saturating_add(1);
            recording.add(line).map_err(|problem| ReadError { line: count, problem })?;
        }
        recording.is_cut = recording.add(last).is_err();
        Ok(recording)
    }

    fn add(&mut self, line: &str) -> Result<(), Problem> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        match read_line(line)? {
            Line::Header(header) => {
                self.network = Some(header.config.network);
                self.header = Some(*header);
            }
            Line::Entry(entry) => self.entries.push(entry),
        }
        Ok(())
    }
}

fn read_line(line: &str) -> Result<Line, Problem> {
    let object = Object::parse(line).ok_or(Problem::NotAnObject)?;
    if object.has("recording") {
        return read_header(&object).map(|header| Line::Header(Box::new(header)));
    }
    let at = object.other("t_ms").and_then(read_milliseconds).ok_or(Problem::Member("t_ms"))?;
    let at = Time::from_elapsed(at);
    read_kind(&object).map(|kind| Line::Entry(Entry { at, kind }))
}

fn read_kind(object: &Object<'_>) -> Result<EntryKind, Problem> {
    if let Some(reason) = object.text("end") {
        let detail = object.text("detail").unwrap_or_default();
        return Ok(EntryKind::End { reason: reason.to_string(), detail: detail.to_string() });
    }
    if object.has("dropped") {
        let (pieces, bytes) = (number(object, "dropped")?, number(object, "bytes")?);
        return Ok(EntryKind::Dropped { pieces, bytes });
    }
    let from = object.text("from").and_then(Side::from_name).ok_or(Problem::Member("from"))?;
    if object.has("skipped") {
        let hash = object.text("hash").and_then(read_hex).and_then(|hash| hash.first_chunk().copied());
        let hash = Hash::from_bytes(hash.ok_or(Problem::Member("hash"))?);
        return Ok(EntryKind::Skipped { from, bytes: number(object, "skipped")?, hash });
    }
    let hex = object.text("hex").ok_or(Problem::Member("hex"))?;
    if hex.starts_with('@') {
        return Err(Problem::Packed(hex.chars().take(PACKED_SHOWN).collect()));
    }
    let bytes = read_hex(hex).ok_or(Problem::Member("hex"))?;
    Ok(if bytes.is_empty() { EntryKind::Eof(from) } else { EntryKind::Bytes { from, bytes } })
}

fn read_header(object: &Object<'_>) -> Result<Header, Problem> {
    let version = object.other("recording").unwrap_or_default();
    if !version.parse().is_ok_and(|version: u32| version <= VERSION) {
        return Err(Problem::Version(version.to_string()));
    }
    let by_name = object.text("network").and_then(|name| name.parse().ok());
    let by_magic = || object.other("network")?.parse().ok().map(Network::from_magic);
    let network = by_name.or_else(by_magic).ok_or(Problem::Member("network"))?;
    let direction = match object.text("direction") {
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::Outbound),
        Some("between") => None,
        _ => return Err(Problem::Member("direction")),
    };
    let config = settings::read(network, object.other("config").unwrap_or("{}"))?;
    let unix_time = Timestamp::new(number(object, "unix_time")?);
    Ok(Header {
        config,
        direction,
        software: object.text("software").unwrap_or_default().to_string(),
        unix_time: unix_time.map_err(|_| Problem::Member("unix_time"))?,
        address: object.text("address").unwrap_or_default().to_string(),
    })
}

fn number(object: &Object<'_>, name: &'static str) -> Result<u64, Problem> {
    object.other(name).and_then(|text| text.parse().ok()).ok_or(Problem::Member(name))
}

/// A time in milliseconds with up to six decimals; further ones are left out.
pub(super) fn read_milliseconds(text: &str) -> Option<Duration> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let digits = decimals.bytes().chain(core::iter::repeat(b'0')).take(6);
    let nanos = digits.fold(0_u64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
    });
    Duration::from_millis(whole.parse().ok()?).checked_add(Duration::from_nanos(nanos))
}

fn read_hex(text: &str) -> Option<Bytes> {
    let (pairs, []) = text.as_bytes().as_chunks() else { return None };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect();
    bytes.map(Bytes::from)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a' - 10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A' - 10)),
        _ => None,
    }
}
