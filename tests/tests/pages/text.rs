//! The pages as text: which of them, and which sources, must say the same, and the code in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders of tests whose files the index names one by one.
const FOLDERS: [&str; 5] = ["machine", "wire", "proof", "adapters", "programs"];

/// A file of the repository, by its path from the root.
pub(crate) fn file(path: &str) -> String {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The block of code that is a committed file, in a page.
#[track_caller]
pub(crate) fn assert_shows(page: &str, code: &str) {
    let block = format!("```rust\n{}```\n", file(code));
    assert!(file(page).contains(&block), "{page} does not show {code} as it is");
}

#[test]
fn the_front_page_and_the_package_introduce_the_core_in_the_same_words() {
    let introduction = |page: &str| file(page).split("\n\n").take(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(introduction("README.md"), introduction("peer-core/README.md"));
    assert!(file("peer-core/src/lib.rs").starts_with("#![doc = include_str!(\"../README.md\")]\n"));
}

#[test]
fn the_pages_show_what_is_compiled() {
    assert_shows("README.md", "docs/code/first.rs");
    assert_shows("docs/driving.md", "docs/code/drive.rs");
    assert_shows("docs/driving.md", "docs/code/threads.rs");
    assert_shows("docs/requests.md", "docs/code/requests.rs");
    // It goes on from the program above it, so it is compiled here alone.
    let dial = format!("```rust,ignore\n{}```\n", file("docs/code/dial.rs"));
    assert!(file("docs/driving.md").contains(&dial), "docs/driving.md dials in another way");
    let documented = file("docs/code/first.rs").lines().map(|line| format!("//! {line}")).collect::<Vec<_>>();
    let lib = file("peer-tokio/src/lib.rs").replace("//!\n", "//! \n");
    assert!(lib.contains(&documented.join("\n")), "the documentation of peer-tokio shows another program");
}

#[test]
fn the_programs_on_the_pages_are_short() {
    assert!(file("docs/code/first.rs").lines().count() <= 12);
    let drive = file("docs/code/drive.rs");
    assert!(
        drive.lines().skip_while(|line| *line != "    loop {").take_while(|line| *line != "}").count() <= 20
    );
    assert!(drive.lines().all(|line| line.chars().count() <= 100));
    assert!(file("docs/code/threads.rs").lines().count() <= 60);
    let driving = file("docs/driving.md");
    let checklist = driving.split("\n## Checklist\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(checklist.lines().filter(|line| line.starts_with("- [ ]")).count() <= 6);
}

#[test]
fn both_adapters_have_the_same_generator_of_the_system() {
    // They share no crate but the core, which knows no system.
    assert_eq!(file("peer-mio/src/entropy.rs"), file("peer-tokio/src/entropy.rs"));
}

#[test]
fn the_index_of_tests_names_each_and_no_other() {
    let stems = |folder: &Path| -> Vec<String> {
        let path = |entry: io::Result<fs::DirEntry>| entry.unwrap().path();
        let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
        fs::read_dir(folder).unwrap().map(path).filter_map(stem).filter(|name| name != "main").collect()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (folders, alone): (Vec<_>, Vec<_>) =
        stems(&root).into_iter().partition(|name| FOLDERS.contains(&&**name));
    let parts = folders.iter().flat_map(|folder| stems(&root.join(folder)));
    let there: BTreeSet<String> = parts.chain(alone).collect();
    let page = file("tests/README.md");
    // Heads of tables name folders, by the argument that runs one.
    let is_row = |line: &&str| line.starts_with("| `") && !line.starts_with("| `--");
    let cells = page.lines().filter(is_row).filter_map(|line| line.split('|').nth(1));
    let named = cells.flat_map(|cell| cell.split_whitespace().map(|name| name.trim_matches('`').to_owned()));
    assert_eq!(named.collect::<BTreeSet<_>>(), there);
}
