//! The text of the lines.

use core::fmt::{self, Write};

use super::settings::Settings;
use super::{Entry, EntryKind, Header, Side, VERSION};
use crate::network::Network;
use crate::time::Time;

/// One line, without the line feed at its end.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, direction, software, unix_time, address } = self;
        write!(f, r#"{{"recording":{VERSION},"network":{},"direction":"#, Name(config.network))?;
        match direction {
            Some(direction) => write!(f, r#""{direction}""#)?,
            None => f.write_str(r#""between""#)?,
        }
        write!(f, r#","software":{},"unix_time":{unix_time}"#, Quoted(software))?;
        write!(f, r#","address":{},"config":{}}}"#, Quoted(address), Settings(config))
    }
}

/// One line, without the line feed at its end.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EntryKind::Bytes { from, bytes } => write_piece(f, self.at, *from, bytes),
            EntryKind::Skipped { from, bytes, hash } => {
                write!(f, r#"{{"t_ms":{},"from":"{from}","skipped":{bytes},"#, Milliseconds(self.at))?;
                f.write_str("\"hash\":\"")?;
                write_hex(f, hash.as_bytes())?;
                f.write_str("\"}")
            }
            EntryKind::Eof(side) => write_piece(f, self.at, *side, &[]),
            EntryKind::Dropped { pieces, bytes } => {
                write!(f, r#"{{"t_ms":{},"dropped":{pieces},"bytes":{bytes}}}"#, Milliseconds(self.at))
            }
            EntryKind::End { reason, detail } => {
                let (reason, detail) = (Quoted(reason), Quoted(detail));
                write!(f, r#"{{"t_ms":{},"end":{reason},"detail":{detail}}}"#, Milliseconds(self.at))
            }
        }
    }
}

/// An empty piece is the end of a stream.
pub(super) fn write_piece(out: &mut impl Write, at: Time, from: Side, piece: &[u8]) -> fmt::Result {
    write!(out, r#"{{"t_ms":{},"from":"{from}","hex":""#, Milliseconds(at))?;
    write_hex(out, piece)?;
    out.write_str("\"}")
}

/// Many digits at a time: byte by byte through a formatter costs ten times as much.
fn write_hex(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    let mut digits = [0; 2 * HEX_AT_ONCE];
    for chunk in bytes.chunks(HEX_AT_ONCE) {
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(chunk) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        let written = digits.get(..chunk.len().saturating_mul(2)).unwrap_or_default();
        out.write_str(core::str::from_utf8(written).unwrap_or_default())?;
    }
    Ok(())
}

const HEX_AT_ONCE: usize = 128;

/// The digit of a number below 16. Without a branch, so that the compiler makes many at a time.
const fn digit(nibble: u8) -> u8 {
    // From 10 on the sum reaches 16; 'a' comes 40 behind '9'.
    b'0'.wrapping_add(nibble).wrapping_add((nibble.wrapping_add(6) >> 4).wrapping_mul(39))
}

/// A time in milliseconds, exact to the nanosecond.
pub(super) struct Milliseconds(pub(super) Time);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = self.0.elapsed();
        let rest = elapsed.subsec_nanos() % 1_000_000;
        write!(f, "{}", elapsed.as_millis())?;
        if rest == 0 { Ok(()) } else { write!(f, ".{rest:06}") }
    }
}

/// A text as JSON has it, in ASCII, so that a file may be cut anywhere.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                ' '..='~' => f.write_char(char)?,
                _ => {
                    let mut units = [0; 2];
                    char.encode_utf16(&mut units).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?;
                }
            }
        }
        f.write_char('"')
    }
}

/// A network: its name where it has one, its magic number otherwise.
struct Name(Network);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Network::KNOWN.iter().find(|(network, _)| *network == self.0) {
            Some((_, name)) => write!(f, "\"{name}\""),
            None => write!(f, "{}", self.0.magic()),
        }
    }
}
