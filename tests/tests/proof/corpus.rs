//! The committed fuzz inputs, replayed: what once made a target fail never does again.

use std::fs;
use std::path::PathBuf;

use peer_tests::fuzz::{FORMAT, TARGETS};

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

#[test]
fn every_committed_input_passes_its_target() {
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut replayed = 0;
        for file in files {
            target(&fs::read(file.expect("readable").path()).expect("readable"));
            replayed += 1;
        }
        println!("{name}: {replayed} inputs replayed");
        assert!(replayed > 0, "{name} has no corpus");
    }
}

#[test]
fn every_corpus_belongs_to_a_target() {
    for folder in fs::read_dir(corpus()).expect("readable") {
        let name = folder.expect("readable").file_name();
        assert!(TARGETS.iter().any(|(target, _)| name == *target), "no target {}", name.display());
    }
}

#[test]
fn the_scripts_of_the_corpus_are_of_the_format_that_is_read() {
    let readme = fs::read_to_string(corpus().join("../README.md")).expect("readable");
    assert!(readme.contains(&format!("The scripts here are of format {FORMAT},")), "it has changed");
}
