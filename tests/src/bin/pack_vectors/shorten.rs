use peer_tests::hex;
use peer_tests::vectors::{Line, TABLE_KEYS, TABLE_ROWS, frame_start, part_of_payload};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Shorter bytes stay in the line, in hexadecimal.
const LEAST_STORED: usize = 32;
/// Shorter bytes are not looked for in the payload of their line.
const LEAST_IN_PAYLOAD: usize = 20;
/// A table for fewer objects is hardly shorter than the objects, and harder to read.
const LEAST_TABLE: usize = 3;
const FRAME_HEADER_LEN: usize = 24;

/// A byte string of a line that may be a reference instead.
#[derive(Clone, Debug)]
pub(crate) struct Long {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_payload: bool,
}

/// The line with all its texts shortened that can be. `store` returns the parts to write for long bytes.
pub(crate) fn shorten(line: &Line, store: &mut impl FnMut(Long) -> String) -> Value {
    let mut value = line.value().clone();
    Context::new(line).shorten("", &mut value, store);
    value
}

/// What the parts of the line's texts may refer to.
struct Context {
    frame_start: Vec<u8>,
    header: Vec<u8>,
    payload: Vec<u8>,
    /// Where each piece of the payload begins.
    places: HashMap<[u8; LEAST_IN_PAYLOAD], Vec<usize>>,
}

impl Context {
    fn new(line: &Line) -> Self {
        let frame_start = frame_start(line.value()).unwrap_or_default();
        // Without a header there is no accepted message that fields could be a part of.
        if !line.has("frame_header_hex") {
            return Self { frame_start, header: Vec::new(), payload: Vec::new(), places: HashMap::new() };
        }
        let payload = line.payload();
        let mut places = HashMap::<_, Vec<_>>::new();
        for start in 0..payload.len() {
            if let Some(piece) = payload[start..].first_chunk() {
                places.entry(*piece).or_default().push(start);
            }
        }
        Self { frame_start, header: line.bytes("frame_header_hex"), payload, places }
    }

    fn shorten(&self, key: &str, value: &mut Value, store: &mut impl FnMut(Long) -> String) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.shorten(key, member, store);
                }
            }
            Value::Array(elements) => {
                for element in elements.iter_mut() {
                    self.shorten(key, element, store);
                }
                if let Some(table) = table(elements) {
                    *value = table;
                }
            }
            Value::String(text) => {
                assert!(!text.starts_with('@'), "this begins like a packed text: {text}");
                if let Some(parts) = self.parts(key, text, store) {
                    *text = format!("@{parts}");
                }
            }
            _ => {}
        }
    }

    fn parts(&self, key: &str, text: &str, store: &mut impl FnMut(Long) -> String) -> Option<String> {
        let bytes = hex::decode(text).filter(|bytes| hex::encode(bytes) == text)?;
        match key {
            "payload_hex" => stored(&bytes, true, store),
            "frame_header_hex" | "frame_hex" => self.parts_of_frame(key, &bytes, store),
            _ => self.part_of_payload(&bytes).or_else(|| stored(&bytes, false, store)),
        }
    }

    /// The header of a frame stays legible.
    fn parts_of_frame(
        &self,
        key: &str,
        frame: &[u8],
        store: &mut impl FnMut(Long) -> String,
    ) -> Option<String> {
        let is_own = !self.header.is_empty() && frame.strip_prefix(&*self.header) == Some(&self.payload);
        if is_own && key == "frame_hex" {
            return Some("h p".to_owned());
        }
        let (header, payload) = frame.split_at(FRAME_HEADER_LEN.min(frame.len()));
        let after_start = header.strip_prefix(&*self.frame_start).filter(|_| !self.frame_start.is_empty());
        let payload_parts = stored(payload, false, store);
        if after_start.is_none() && payload_parts.is_none() {
            return None;
        }
        let mut inline = hex::encode(after_start.unwrap_or(header));
        if payload_parts.is_none() {
            inline += &hex::encode(payload);
        }
        let start = after_start.map(|_| "c".to_owned());
        let inline = (!inline.is_empty()).then(|| format!("x{inline}"));
        let parts: Vec<_> = [start, inline, payload_parts].into_iter().flatten().collect();
        Some(parts.join(" "))
    }

    fn part_of_payload(&self, bytes: &[u8]) -> Option<String> {
        let reversed: Vec<_> = bytes.iter().rev().copied().collect();
        let find = |bytes: &[u8], is_reversed| {
            let starts = self.places.get(bytes.first_chunk()?)?;
            let start = *starts.iter().find(|start| self.payload[**start..].starts_with(bytes))?;
            Some(part_of_payload(&(start..start + bytes.len()), is_reversed))
        };
        find(bytes, false).or_else(|| find(&reversed, true))
    }
}

fn stored(bytes: &[u8], is_payload: bool, store: &mut impl FnMut(Long) -> String) -> Option<String> {
    (bytes.len() >= LEAST_STORED).then(|| store(Long { bytes: bytes.to_vec(), is_payload }))
}

/// Objects with the same keys in the same order, written so that the keys are there only once.
fn table(elements: &[Value]) -> Option<Value> {
    let keys: Vec<_> = elements.first()?.as_object()?.keys().collect();
    let row = |element: &Value| {
        let object = element.as_object()?;
        object.keys().eq(keys.iter().copied()).then(|| object.values().cloned().collect())
    };
    let rows: Vec<Vec<_>> = elements.iter().map(row).collect::<Option<_>>()?;
    (rows.len() >= LEAST_TABLE).then(|| json!({ TABLE_KEYS: keys, TABLE_ROWS: rows }))
}
