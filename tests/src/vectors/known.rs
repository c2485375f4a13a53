use super::Folder;
use peer_core::Command;
use std::collections::BTreeSet;

/// The name of the test that reads the files of messages, which are named like their commands.
const MESSAGES: &str = "messages";

/// Every other file that a folder of vectors may hold, and the name of the test that reads it: the one that a
/// [`Tally`](super::Tally) is made with, and that must read the file if it is there. A name that ends in `/`
/// stands for all files in that folder. Those of `bin/` are read through the lines that name them.
const OTHERS: [(&str, &str); 16] = [
    ("encode_errors.jsonl", "encode_errors"),
    ("genesis.jsonl", "genesis"),
    ("hashes.jsonl", "hashes"),
    ("invalid.jsonl", "invalid"),
    ("invalid_legacy.jsonl", "invalid_legacy"),
    ("max_payload.jsonl", "max_payload"),
    ("mutated.jsonl", "mutated"),
    ("names.jsonl", "names"),
    ("peer_scenarios.jsonl", "scenarios"),
    ("pver_matrix.jsonl", "pver_matrix"),
    ("reject_legacy.jsonl", MESSAGES),
    ("server_cases.jsonl", "server_cases"),
    ("stream.jsonl", "stream"),
    ("sync_frames.jsonl", "sync_frames"),
    ("transcripts/", "transcripts"),
    ("varint.jsonl", "varint"),
];

/// The files that a folder of vectors may hold, each with the name of the test that reads it.
pub fn known_files() -> impl Iterator<Item = (String, &'static str)> {
    let messages = Command::all().map(|command| (format!("{command}.jsonl"), MESSAGES));
    messages.chain(OTHERS.iter().map(|(name, test)| ((*name).to_owned(), *test)))
}

/// The test that must read the file with this name, if the file is known.
pub fn reader_of(name: &str) -> Option<&'static str> {
    let is_lines = name.ends_with(".jsonl");
    let is_it = |known: &str| match known.ends_with('/') {
        true => name.starts_with(known) && is_lines,
        false => name == known,
    };
    known_files().find(|(known, _)| is_it(known)).map(|(_, test)| test)
}

/// Fails for every file of the folder that no test reads: it is not known, or it is one of `bin/` that no
/// line names.
pub fn assert_all_files_known(folder: &Folder) {
    let files = folder.files();
    let mut named = BTreeSet::new();
    for name in files.iter().filter(|name| reader_of(name).is_some()) {
        let lines = folder.lines(name).unwrap_or_default();
        named.extend(lines.iter().filter_map(|line| Some(line.get("payload_bin")?.as_str().to_owned())));
    }
    let unknown: Vec<_> =
        files.into_iter().filter(|name| reader_of(name).is_none() && !named.contains(name)).collect();
    assert!(unknown.is_empty(), "no test reads these files of {}: {unknown:?}", folder.root().display());
}
