//! Committed files that tests compare with what they find, and write anew when `PEER_BLESS` is set.

use std::env;
use std::fs;
use std::path::Path;

/// Compares a committed file, named from the root of the workspace, with what it should say. With
/// `PEER_BLESS=1` it is written instead; look at the difference before you commit it.
///
/// # Panics
///
/// If they differ; the message has the first line that does, and the command that writes the file.
pub fn assert_says(file: &str, test: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if env::var_os("PEER_BLESS").is_some() {
        fs::write(&path, expected).unwrap_or_else(|error| panic!("{file}: {error}"));
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    if committed == expected {
        return;
    }
    let mut lines = committed.lines().zip(expected.lines()).zip(1..);
    let differing = lines.find(|((committed, found), _)| committed != found);
    let (number, committed, found) = differing.map_or((0, "", ""), |((old, new), number)| (number, old, new));
    panic!(
        "{file}:{number} differs\n committed: {committed}\n     found: {found}\nIf that is right, write it anew \
         with\n  PEER_BLESS=1 cargo test --profile checked -p peer-tests --test {test}\nand look at the difference."
    );
}
