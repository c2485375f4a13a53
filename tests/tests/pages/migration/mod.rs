//! `docs/migration.md` names everything that the reference exports, and nothing of ours that does not exist.

mod ours;
mod page;
mod reference;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::migration::page::{Page, last_part};

/// Names for which a search through our documentation has nothing to find, and why.
const WITHOUT_ALIAS: [(&str, &str); 7] = [
    ("Error.Description", "the text of an error is its `Display`"),
    ("Error.Err", "the kind of an error is its variant"),
    ("Error.Unwrap", "what an error comes from is in its text and a field of its variant"),
    ("Peer.LocalAddr", "the transport is the owner's"),
    ("Peer.String", "the text of a peer is its `Display`"),
    ("DisableLog", "a feature is no item"),
    ("UseLogger", "a feature is no item"),
];

#[test]
fn every_name_of_ours_on_the_page_exists_and_no_other_is_listed() {
    let listed: BTreeSet<_> = ours::names().map(str::to_owned).collect();
    let on_page = Page::read().ours();
    assert_eq!(
        on_page.difference(&listed).collect::<Vec<_>>(),
        [""; 0],
        "on the page, not listed in `ours.rs`"
    );
    assert_eq!(
        listed.difference(&on_page).collect::<Vec<_>>(),
        [""; 0],
        "listed in `ours.rs`, not on the page"
    );
}

#[test]
fn every_name_in_the_list_stands_beside_its_own_use() {
    let entries: Vec<_> = include_str!("ours.rs").split("item(").skip(1).collect();
    assert_eq!(entries.len(), ours::names().count());
    for entry in entries {
        let [_, name, used] = entry.splitn(3, '"').collect::<Vec<_>>()[..] else { panic!("{entry}") };
        assert!(used.contains(last_part(name)), "{name} stands beside something else");
    }
}

#[test]
fn every_exported_name_of_the_reference_is_on_the_page_and_no_other() {
    let exported: BTreeSet<_> = reference::names().collect();
    let on_page = Page::read().reference();
    assert_eq!(exported.difference(&on_page).collect::<Vec<_>>(), [""; 0], "not on the page");
    assert_eq!(on_page.difference(&exported).collect::<Vec<_>>(), [""; 0], "not exported by the reference");
}

#[test]
fn a_search_for_a_name_of_the_reference_finds_ours() {
    let aliases = aliases();
    let page = Page::read();
    let missing = page.rows().filter(|row| {
        let name = last_part(&row.reference);
        let is_alias = |alias: &String| *alias == name || *alias == format!("peer.{name}");
        let is_alike = |ours: &String| last_part(ours).replace('_', "").eq_ignore_ascii_case(name);
        !aliases.iter().any(is_alias) && !row.ours.iter().any(is_alike)
    });
    let missing: BTreeSet<_> = missing.map(|row| row.reference.clone()).collect();
    let expected = WITHOUT_ALIAS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(missing, expected);
}

#[test]
fn every_message_is_called_as_the_references_listener() {
    let table = include_str!("../../../../peer-core/src/message/registry/table.rs");
    let exported: BTreeSet<_> = reference::names().map(|name| last_part(&name).to_owned()).collect();
    let (mut alias, mut nameless) = ("", Vec::new());
    for line in table.lines().skip_while(|line| *line != "messages! {").map(str::trim_start) {
        if let Some(rest) = line.strip_prefix("#[doc(alias = \"") {
            alias = rest.trim_end_matches("\")]");
        } else if line.starts_with(char::is_uppercase) && !exported.contains(core::mem::take(&mut alias)) {
            nameless.push(line.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default());
        }
    }
    // The reference tells of these two by `OnVersion` and `OnVerAck`, which are events of ours.
    assert_eq!(nameless, ["Version", "Verack"]);
}

/// What `#[doc(alias)]` says in the sources of the crates.
fn aliases() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = ["peer-core/src", "peer-tokio/src"].map(|folder| sources(&root.join(folder))).concat();
    let ends = sources.split("#[doc(alias = \"").skip(1);
    ends.filter_map(|end| Some(end.split_once('"')?.0.to_owned())).collect()
}

fn sources(folder: &Path) -> String {
    let entries =
        fs::read_dir(folder).expect("the sources are there").map(|entry| entry.expect("readable").path());
    let text = |path: &Path| fs::read_to_string(path).expect("sources are text");
    entries.map(|path| if path.is_dir() { sources(&path) } else { text(&path) }).collect()
}
