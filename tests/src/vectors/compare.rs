//! Comparing what came out of bytes with what the vectors say.

use super::Line;
use peer_core::ErrorKind;
use serde_json::{Map, Value};

/// Values that need BLAKE3, script analysis or signature checks. They are outside what this project is for.
const OUTSIDE: [&str; 4] = ["pow_hash_v2", "script_class", "signature_valid", "pairing_hex"];

/// The reference's error name as ours: without `Err`, both ends of file as one.
pub fn kind_name(reference: &str) -> String {
    match reference {
        "EOF" | "UnexpectedEOF" => ErrorKind::Truncated.to_string(),
        other => other.strip_prefix("Err").unwrap_or(other).to_owned(),
    }
}

/// The rule by which `reject` is read where today's reference no longer knows it.
pub const REJECT_IS_READ: &str = "reject at 1 to 8 is read as in the old era";

/// Whether a line is about a `reject` to which [`REJECT_IS_READ`] applies.
pub fn is_reject_of_old_era(line: &Line) -> bool {
    let version: u32 = line.int("pver");
    line.str("command") == "reject" && (1..=8).contains(&version)
}

/// Fails unless `actual` has everything that `expected` has, and nothing else. A long list `x` may be expected
/// through `x_count`, `x_first` and `x_last`; derived values outside our scope are left out.
pub fn assert_fields(place: &str, expected: &Value, actual: &Value) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => assert_object(place, expected, actual),
        (Value::Array(expected), Value::Array(actual)) => {
            assert_eq!(expected.len(), actual.len(), "{place}: number of items");
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                assert_fields(&format!("{place}[{index}]"), expected, actual);
            }
        }
        _ => assert_eq!(expected, actual, "{place}"),
    }
}

/// Lists that some blocks of the vectors show by their number alone.
const COUNTED: [(&str, &str); 2] = [("input_count", "inputs"), ("output_count", "outputs")];

/// What the vectors leave out in some places: headers of the old era lack `pow_hash_v1`, a transaction shown
/// by numbers lacks the offsets of its scripts, a filter is shown either in full or by size and hash, and a
/// large mixing matrix by the hash of its message alone.
const LEFT_OUT: [&str; 7] =
    ["pow_hash_v1", "pk_script_locs", "data", "data_len", "data_blake256", "dc_mix", "dc_net"];

fn assert_object(place: &str, expected: &Map<String, Value>, actual: &Map<String, Value>) {
    let mut used = LEFT_OUT.to_vec();
    for (key, value) in expected.iter() {
        if OUTSIDE.contains(&key.as_str()) && !actual.contains_key(key) {
            continue;
        }
        let place = format!("{place}.{key}");
        if let Some(own) = actual.get(key) {
            used.push(key.as_str());
            assert_fields(&place, value, own);
            continue;
        }
        let (name, end) = list_of(key).unwrap_or_else(|| panic!("{place}: we do not have it"));
        let list = actual.get(name).and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("{place}: no list {name}"));
        used.push(name);
        match end {
            "first" => assert_fields(&place, value, list.first().unwrap_or(&Value::Null)),
            "last" => assert_fields(&place, value, list.last().unwrap_or(&Value::Null)),
            _ => assert_eq!(value, &Value::from(list.len()), "{place}"),
        }
    }
    for key in actual.keys() {
        assert!(used.contains(&key.as_str()), "{place}.{key}: the vectors do not have it");
    }
}

/// The list that a key like `x_count`, `x_first` or `x_last` is about, and which of these it is.
fn list_of(key: &str) -> Option<(&str, &str)> {
    let counted = COUNTED.iter().find(|(count, _)| *count == key).map(|(_, list)| (*list, "count"));
    counted.or_else(|| key.rsplit_once('_'))
}
