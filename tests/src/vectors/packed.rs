//! The packed form: long bytes are in one file, `bytes.bin`, and the lines refer to them.
//!
//! A text that begins with `@` stands for bytes in hexadecimal. What follows is a list of parts, with a
//! space between them:
//!
//! | part | stands for |
//! | --- | --- |
//! | `A+N` | `N` bytes of `bytes.bin`, from byte `A` on |
//! | `xHEX` | these bytes |
//! | `c` | how a frame of the line's `net` and `command` begins: 16 bytes, up to the length |
//! | `h` | the line's `frame_header_hex` |
//! | `p` | the line's payload |
//! | `pA+N` | `N` bytes of the line's payload, from byte `A` on |
//! | `~pA+N` | the same in reverse (the text form of a hash) |
//!
//! A list of objects that have the same keys may be `{"@keys":[...],"@rows":[[...],...]}`: the keys once, and
//! the values of each object.

use crate::hex;
use core::ops::Range;
use serde_json::Value;
use std::collections::BTreeMap;

/// Name of the file with the long bytes; a folder that has it is a packed one.
pub const BLOB: &str = "bytes.bin";

/// Name of the file that says which of those bytes make up each file of `bin/`.
pub const BLOB_NAMES: &str = "bin.jsonl";

/// Key of the keys that the objects of a list have in common.
pub const TABLE_KEYS: &str = "@keys";

/// Key of the values of those objects.
pub const TABLE_ROWS: &str = "@rows";

/// How a frame of the line's `net` and `command` begins, if the line has both.
pub fn frame_start(line: &Value) -> Option<Vec<u8>> {
    let magic: u32 = match line.get("net")?.as_str()? {
        "mainnet" => 0xd9b4_00f9,
        "testnet3" => 0xb194_aa75,
        "regnet" => 0xdab5_00fa,
        "simnet" => 0x1214_1c16,
        _ => return None,
    };
    let mut start = magic.to_le_bytes().to_vec();
    start.extend(line.get("command")?.as_str()?.bytes());
    start.resize(16, 0);
    Some(start)
}

/// How a part that is found in [`BLOB`] is written.
pub fn part_of_blob(range: &Range<usize>) -> String {
    format!("{}+{}", range.start, range.len())
}

/// How a part that is found in the line's payload, or in it reversed, is written.
pub fn part_of_payload(range: &Range<usize>, is_reversed: bool) -> String {
    format!("{}p{}+{}", if is_reversed { "~" } else { "" }, range.start, range.len())
}

/// The long bytes of a packed folder.
#[derive(Debug)]
pub(super) struct Blob {
    bytes: Vec<u8>,
    /// The text in place of each file of `bin/`.
    names: BTreeMap<String, String>,
}

/// What the parts of a text may refer to.
struct Scope<'a> {
    blob: &'a [u8],
    frame_start: &'a [u8],
    header: &'a [u8],
    payload: &'a [u8],
    place: &'a str,
}

impl Blob {
    pub(super) fn new(bytes: Vec<u8>, names: &[Value]) -> Self {
        let text = |entry: &Value, key| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let names = names.iter().map(|entry| (text(entry, "name"), text(entry, "bytes"))).collect();
        Self { bytes, names }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    pub(super) fn named(&self, name: &str) -> Option<Vec<u8>> {
        self.names.get(name).map(|text| self.scope(name).bytes(text))
    }

    /// Puts the original texts into a line. The payload comes first, as others may refer to it.
    pub(super) fn unpack(&self, line: &mut Value, long_payload: Option<&[u8]>, place: &str) {
        let frame_start = frame_start(line).unwrap_or_default();
        let scope = Scope { frame_start: &frame_start, ..self.scope(place) };
        let header = scope.bytes_at(line, "frame_header_hex");
        let payload = scope.bytes_at(line, "payload_hex");
        let payload = long_payload.unwrap_or(&payload);
        Scope { header: &header, payload, ..scope }.unpack(line);
    }

    fn scope<'a>(&'a self, place: &'a str) -> Scope<'a> {
        Scope { blob: &self.bytes, frame_start: &[], header: &[], payload: &[], place }
    }
}

impl Scope<'_> {
    fn unpack(&self, value: &mut Value) {
        if let Some(objects) = self.objects(value) {
            *value = objects;
        }
        match value {
            Value::Object(members) => members.values_mut().for_each(|member| self.unpack(member)),
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.unpack(element)),
            Value::String(text) if text.starts_with('@') => *text = hex::encode(&self.bytes(text)),
            _ => {}
        }
    }

    /// The list of objects that a table stands for.
    fn objects(&self, table: &mut Value) -> Option<Value> {
        let rows = table.get_mut(TABLE_ROWS)?.take();
        let keys: Option<Vec<_>> = table.get(TABLE_KEYS)?.as_array()?.iter().map(Value::as_str).collect();
        let keys = keys?;
        let Value::Array(rows) = rows else {
            return None;
        };
        let objects = rows.into_iter().map(|row| match row {
            Value::Array(row) if row.len() == keys.len() => {
                keys.iter().map(|key| (*key).to_owned()).zip(row).collect::<Value>()
            }
            _ => panic!("{}: a row with another number of values than keys", self.place),
        });
        Some(objects.collect())
    }

    fn bytes_at(&self, line: &Value, key: &str) -> Vec<u8> {
        line.get(key).and_then(Value::as_str).map(|text| self.bytes(text)).unwrap_or_default()
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        let parts = text.strip_prefix('@').map(|parts| {
            let parts: Option<Vec<_>> = parts.split(' ').map(|part| self.part(part)).collect();
            parts.map(|parts| parts.concat())
        });
        let bytes = parts.unwrap_or_else(|| hex::decode(text));
        bytes.unwrap_or_else(|| panic!("{}: cannot unpack {text:?}", self.place))
    }

    fn part(&self, part: &str) -> Option<Vec<u8>> {
        if part == "c" {
            Some(self.frame_start.to_vec())
        } else if part == "h" {
            Some(self.header.to_vec())
        } else if part == "p" {
            Some(self.payload.to_vec())
        } else if let Some(range) = part.strip_prefix("~p") {
            Some(slice(self.payload, range)?.iter().rev().copied().collect())
        } else if let Some(range) = part.strip_prefix('p') {
            Some(slice(self.payload, range)?.to_vec())
        } else if let Some(bytes) = part.strip_prefix('x') {
            hex::decode(bytes)
        } else {
            Some(slice(self.blob, part)?.to_vec())
        }
    }
}

fn slice<'a>(bytes: &'a [u8], range: &str) -> Option<&'a [u8]> {
    let (start, length) = range.split_once('+')?;
    bytes.get(start.parse().ok()?..)?.get(..length.parse().ok()?)
}
