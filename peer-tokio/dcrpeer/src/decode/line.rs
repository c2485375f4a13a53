//! Reads a line of the input: hexadecimal, with or without protocol version and network before it.

use core::fmt;

use peer_core::frame::Rules;
use peer_core::{Network, ProtocolVersion};

use crate::format::{Count, LONGEST_SHOWN, clip};
use crate::lines::{self, Line};

/// Parses a line: `HEX`, or `PROTOCOL NETWORK HEX`. No HEX at all is an empty frame.
pub(super) fn parse(line: Line<'_>, defaults: Rules) -> Result<(Rules, Vec<u8>), BadLine> {
    let Line::Whole(line) = line else {
        let most = Count::from(lines::LONGEST);
        return Err(format!("no frame is that long, {most} characters are enough for any").into());
    };
    if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
        return Err("the text is UTF-16, write it as UTF-8".to_owned().into());
    }
    let columns: Vec<_> = line.split(u8::is_ascii_whitespace).filter(|column| !column.is_empty()).collect();
    let (rules, hex): (Rules, &[u8]) = match columns.as_slice() {
        [] => (defaults, &[]),
        [hex] => (defaults, hex),
        [version, network] => (parse_rules(version, network)?, &[]),
        [version, network, hex] => (parse_rules(version, network)?, hex),
        more => {
            return Err(format!(
                "HEX or PROTOCOL NETWORK HEX was expected, not {} columns",
                Count::from(more.len())
            )
            .into());
        }
    };
    let frame = hex::decode(hex).map_err(|_| {
        // The hexadecimal digits are the last column.
        let before = line.trim_ascii_end().len().saturating_sub(hex.len());
        explain_hex(line.get(..before).unwrap_or_default(), hex)
    })?;
    Ok((rules, frame))
}

/// Why a line is no frame in hexadecimal.
#[derive(Debug)]
pub(super) struct BadLine {
    /// The character that is wrong, counted from 1.
    column: Option<usize>,
    reason: String,
}

impl From<String> for BadLine {
    fn from(reason: String) -> Self {
        Self { column: None, reason }
    }
}

/// What follows the number of the line.
impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, ", column {column}: {}", self.reason),
            None => write!(f, ": {}", self.reason),
        }
    }
}

/// A wrong digit explains more than an odd number of digits, and it may be a character of several bytes.
fn explain_hex(before: &[u8], text: &[u8]) -> BadLine {
    let lossy = String::from_utf8_lossy(text);
    let first = String::from_utf8_lossy(before).chars().count().saturating_add(1);
    match lossy.chars().zip(first..).find(|(found, _)| !found.is_ascii_hexdigit()) {
        Some((found, column)) => {
            BadLine { column: Some(column), reason: format!("{found:?} is no hexadecimal digit") }
        }
        None => format!("{} is an odd number of hexadecimal digits", Count::from(text.len())).into(),
    }
}

fn parse_rules(version: &[u8], network: &[u8]) -> Result<Rules, String> {
    let (version, network) = (String::from_utf8_lossy(version), String::from_utf8_lossy(network));
    let number = version
        .parse()
        .map_err(|_| format!("{:?} is not a protocol version; write a number like 12", shown(&version)));
    let known = network.parse::<Network>().map_err(|error| format!("{:?}: {error}", shown(&network)));
    Ok(Rules::new(known?, ProtocolVersion::new(number?)))
}

/// As much of a column as an error repeats.
fn shown(column: &str) -> String {
    clip(column, LONGEST_SHOWN)
}
