//! The committed fuzz inputs, replayed: what once made a target fail never does again.

use std::fs;
use std::path::PathBuf;

use peer_tests::fuzz::TARGETS;

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
