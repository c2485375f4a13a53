//! The folder of golden vectors itself: whole, known, and read back as it was.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use blake_hash::{Blake256, Digest};
use peer_tests::hex;
use peer_tests::vectors::{Folder, Line, Node, Tally, assert_all_files_known, known_files};
use serde_json::Value;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

#[test]
fn all_files_are_known() {
    assert_all_files_known(&Folder::packaged());
    assert_all_files_known(&Folder::open());
}

#[test]
fn every_known_file_has_a_test_that_reads_it() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    for (file, test) in known_files() {
        assert!(sources.contains(&format!("Tally::new(\"{test}\")")), "{file}: no test {test}");
    }
}

/// The text of all tests but those in this file.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let others = entries.filter(|path| !path.ends_with("vectors_folder.rs"));
    others
        .map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() })
        .collect()
}

#[test]
fn the_packaged_folder_is_complete() {
    let folder = Folder::packaged();
    assert!(folder.is_packed());
    let files = folder.files();
    let lines: usize = files.iter().filter_map(|name| folder.lines(name)).map(|lines| lines.len()).sum();
    let bins: usize = files.iter().filter(|name| name.starts_with("bin/")).count();
    assert_eq!((files.len(), bins, lines), (86, 16, 9_537));
    for (known, _) in known_files() {
        assert!(files.iter().any(|name| name.starts_with(&known)), "{known} is not there");
    }
}

#[test]
fn every_line_is_sound() {
    let folder = Folder::open();
    let mut tally = Tally::new("vectors_folder");
    for name in folder.files() {
        for line in tally.lines(&folder, &name) {
            check_texts(&line.root(), "");
            if line.has("frame_header_hex") {
                check_message(&line);
            }
            tally.checked(&line);
        }
    }
    tally.finish(&folder);
}

/// What a header says of its payload, and that the copies of either agree.
fn check_message(line: &Line) {
    let place = line.place();
    let (header, payload, frame) = (line.bytes("frame_header_hex"), line.payload(), line.frame());
    assert_eq!(payload.len(), line.int::<usize>("payload_len"), "{place}: payload_len");
    assert_eq!(header.len(), 24, "{place}: length of the header");
    assert!(frame.starts_with(&header) && frame[24..] == payload, "{place}: frame");

    let command = line.str("command").as_bytes();
    assert!(header[4..16].starts_with(command), "{place}: command");
    assert!(header[4 + command.len()..16].iter().all(|byte| *byte == 0), "{place}: padding");
    let len = u32::from_le_bytes(*header[16..].first_chunk().unwrap());
    assert_eq!(usize::try_from(len), Ok(payload.len()), "{place}: length");
    assert_eq!(header[20..], Blake256::digest(&payload)[..4], "{place}: checksum");
}

/// Texts that are bytes decode, and none is left in its packed form.
fn check_texts(node: &Node<'_>, key: &str) {
    match node.value() {
        Value::Object(members) => members.keys().for_each(|key| check_texts(&node.at(key), key)),
        Value::Array(_) => node.as_list().iter().for_each(|element| check_texts(element, key)),
        Value::String(text) => {
            assert!(!text.starts_with('@'), "{}: still packed", node.place());
            assert!(!key.ends_with("hex") || hex::decode(text).is_some(), "{}: not bytes", node.place());
        }
        _ => {}
    }
}

#[test]
fn both_forms_read_alike() {
    let folder = Folder::packaged();
    let original = Scratch::new("both-forms");
    for name in ["ping.jsonl", "invalid.jsonl", "headers.jsonl"] {
        let lines = folder.lines(name).unwrap();
        let text: String = lines.iter().map(|line| format!("{}\n", line.value())).collect();
        original.write(name, &text);
    }
    original.write_bytes("bin/headers_2000.bin", &folder.bin("bin/headers_2000.bin").unwrap());

    let original = original.open();
    assert!(!original.is_packed());
    for name in ["ping.jsonl", "invalid.jsonl", "headers.jsonl"] {
        let (original, packed) = (original.lines(name).unwrap(), folder.lines(name).unwrap());
        for (original, packed) in original.iter().zip(&packed) {
            assert_eq!(original.value(), packed.value(), "{}", packed.place());
            let payload = |line: &Line| line.has("payload_len").then(|| line.payload());
            assert_eq!(payload(original), payload(packed), "{}", packed.place());
        }
    }
}

#[test]
fn explanations_for_people_are_left_out() {
    let scratch = Scratch::new("explanations");
    let line = r#"{"error":"EOF","error_text":"a","error_func":"b","decode":{"error":"","func":"c"}}"#;
    scratch.write("invalid.jsonl", line);
    scratch.write("hashes.jsonl", r#"{"error_text":"all that says it fails"}"#);
    let keys = |name, key: &str| -> BTreeSet<String> {
        let line = scratch.open().lines(name).unwrap().remove(0);
        let object = if key.is_empty() { line.root() } else { line.at(key) };
        object.value().as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys("invalid.jsonl", ""), ["decode", "error"].map(str::to_owned).into());
    assert_eq!(keys("invalid.jsonl", "decode"), ["error"].map(str::to_owned).into());
    assert_eq!(keys("hashes.jsonl", ""), ["error_text"].map(str::to_owned).into());
}

#[test]
#[should_panic(expected = "no test reads these files")]
fn an_unknown_file_is_a_failure() {
    let scratch = Scratch::new("unknown");
    scratch.write("nosuch.jsonl", "{}");
    assert_all_files_known(&scratch.open());
}

#[test]
#[should_panic(expected = r#"["bin/unnamed.bin"]"#)]
fn a_bin_file_that_no_line_names_is_a_failure() {
    let scratch = Scratch::new("unnamed");
    scratch.write("block.jsonl", r#"{"payload_bin":"bin/named.bin","payload_hex":""}"#);
    scratch.write("bin/named.bin", "");
    scratch.write("bin/unnamed.bin", "");
    assert_all_files_known(&scratch.open());
}

#[test]
#[should_panic(expected = "neither checked nor skipped: lines [2]")]
fn a_line_that_was_not_counted_is_a_failure() {
    let scratch = Scratch::new("open-line");
    scratch.write("names.jsonl", "{}\n{}\n{}\n");
    let folder = scratch.open();
    let mut tally = Tally::new("bookkeeping, one line open");
    let lines = tally.lines(&folder, "names.jsonl");
    tally.checked(&lines[0]);
    tally.skipped(&lines[2], "a stated rule");
    tally.finish(&folder);
}

#[test]
#[should_panic(expected = r#"not read: ["varint.jsonl"]"#)]
fn a_file_that_its_test_did_not_read_is_a_failure() {
    let scratch = Scratch::new("unread");
    scratch.write("varint.jsonl", "");
    Tally::new("varint").finish(&scratch.open());
}

#[test]
#[should_panic(expected = "names.jsonl:2 value: not an integer of 64 bits")]
fn a_wrong_value_is_named() {
    let scratch = Scratch::new("value");
    scratch.write("names.jsonl", "{\"value\":18446744073709551615}\n{\"value\":18446744073709551616}\n");
    let lines = scratch.open().lines("names.jsonl").unwrap();
    assert_eq!(lines[0].u64("value"), u64::MAX);
    lines[1].u64("value");
}

/// A folder of vectors that is gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let root = env::temp_dir().join(format!("peer-vectors-{}-{name}", process::id()));
        fs::create_dir_all(root.join("bin")).unwrap();
        Self(root)
    }

    fn write(&self, name: &str, text: &str) {
        self.write_bytes(name, text.as_bytes());
    }

    fn write_bytes(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn open(&self) -> Folder {
        Folder::at(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary one harms no one.
        drop(fs::remove_dir_all(&self.0));
    }
}
