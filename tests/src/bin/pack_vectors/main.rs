//! Packs a folder of vectors of the original form: `pack_vectors SOURCE [DEST]`. Without DEST it makes the
//! copy that comes with this package. `tests/vectors/README.md` explains the packed form.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a tool for developers fails by panicking"
)]

mod shorten;
mod store;

use core::cmp::Reverse;
use peer_tests::vectors::{BLOB, BLOB_NAMES, Folder, Line};
use serde_json::json;
use shorten::{Long, shorten};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use store::Store;

fn main() {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let source = arguments.next().expect("usage: pack_vectors SOURCE [DEST]");
    let dest = arguments.next().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"));

    let source = Folder::at(source);
    assert!(!source.is_packed(), "{} is packed already", source.root().display());
    fs::create_dir_all(&dest).unwrap();
    let before = Folder::at(&dest);
    let is_ours = before.is_packed() || before.files().is_empty();
    assert!(is_ours, "{} holds files that are not packed ones", dest.display());
    clear(&dest);
    let sizes = pack(&source, &dest);
    verify(&source, &Folder::at(&dest));
    print(&sizes);
}

/// Removes what an earlier run has made.
fn clear(dest: &Path) {
    for folder in [dest.join("transcripts"), dest.to_owned()] {
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_lines = path.extension().is_some_and(|extension| extension == "jsonl");
            if is_lines || path.file_name().is_some_and(|name| name == BLOB) {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

/// Writes the packed files and returns the sizes of each, before and after.
fn pack(source: &Folder, dest: &Path) -> BTreeMap<String, (usize, usize)> {
    let (bins, files): (Vec<_>, Vec<_>) =
        source.files().into_iter().partition(|name| name.starts_with("bin/"));
    let bins: Vec<_> = bins.into_iter().map(|name| (source.bin(&name).unwrap(), name)).collect();
    let files: Vec<_> = files.into_iter().map(|name| (source.lines(&name).unwrap(), name)).collect();
    let store = fill(&bins, files.iter().flat_map(|(lines, _)| lines));

    let mut sizes = BTreeMap::new();
    let mut write = |name: &str, before, bytes: &[u8]| {
        fs::write(dest.join(name), bytes).unwrap();
        sizes.insert(name.to_owned(), (before, bytes.len()));
    };
    for (lines, name) in &files {
        let lines = lines.iter().map(|line| shorten(line, &mut |long| store.parts(&long.bytes)));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        write(name, fs::read(source.root().join(name)).unwrap().len(), text.as_bytes());
    }
    let names = bins.iter().map(|(bytes, name)| {
        format!("{}\n", json!({ "name": name, "bytes": format!("@{}", store.parts(bytes)) }))
    });
    write(BLOB_NAMES, 0, names.collect::<String>().as_bytes());
    write(BLOB, bins.iter().map(|(bytes, _)| bytes.len()).sum(), store.blob());
    sizes
}

/// A store with all long bytes: payloads before what is likely to be a piece of one, long ones first.
fn fill<'a>(bins: &[(Vec<u8>, String)], lines: impl Iterator<Item = &'a Line>) -> Store {
    let mut all: Vec<_> =
        bins.iter().map(|(bytes, _)| Long { bytes: bytes.clone(), is_payload: true }).collect();
    for line in lines {
        shorten(line, &mut |long| {
            all.push(long);
            String::new()
        });
    }
    all.sort_by_key(|long| (!long.is_payload, Reverse(long.bytes.len())));
    let mut store = Store::default();
    for long in all {
        store.add(long.bytes);
    }
    store
}

/// Fails unless both folders have the same files with the same lines.
fn verify(source: &Folder, packed: &Folder) {
    assert!(packed.is_packed(), "{} is not packed", packed.root().display());
    assert_eq!(source.files(), packed.files(), "not the same files");
    for name in source.files() {
        if name.starts_with("bin/") {
            assert!(source.bin(&name) == packed.bin(&name), "{name} differs");
            continue;
        }
        let (before, after) = (source.lines(&name).unwrap(), packed.lines(&name).unwrap());
        assert_eq!(before.len(), after.len(), "{name} has another number of lines");
        for (before, after) in before.iter().zip(&after) {
            // As text, so that the order of the keys counts too.
            assert_eq!(before.value().to_string(), after.value().to_string(), "{}", before.place());
        }
    }
}

fn print(sizes: &BTreeMap<String, (usize, usize)>) {
    println!("{:36} {:>9} {:>9}", "file", "before", "after");
    let mut total = (0, 0);
    for (name, (before, after)) in sizes {
        println!("{name:36} {before:>9} {after:>9}");
        total = (total.0 + before, total.1 + after);
    }
    println!("{:36} {:>9} {:>9}", "total", total.0, total.1);
}
