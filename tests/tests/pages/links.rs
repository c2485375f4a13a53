//! Every relative link of every page leads to a file, and to a heading where it names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All pages of the repository. The guides of the crates are links to them.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !["target", "corpus", "artifacts", "vectors", "guide"].contains(&&*name)
            && !name.starts_with('.')
        {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Where the links of a page lead, code left out: those in its text, and those that its last lines define.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| {
        let inline = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        let defined = prose.lines().filter_map(|line| Some(definition(line)?.1));
        inline.chain(defined)
    })
}

/// The name and the target of a link, in a line that defines one.
fn definition(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('[')?.split_once("]: ")
}

/// The names by which the text of a page links to its definitions: `[name]` and `[text][name]`.
fn named(text: &str) -> BTreeSet<&str> {
    let prose = text.split("```").step_by(2).flat_map(str::lines).filter(|line| definition(line).is_none());
    let brackets = prose.flat_map(|line| line.split('[').skip(1));
    brackets.filter_map(|rest| Some(rest.split_once(']')?.0)).collect()
}

/// What the headings of a page are called in links, by the rules of the usual code hosts.
fn anchors(text: &str) -> BTreeSet<String> {
    anchors_from(text, "#")
}

/// Those of the headings that begin like this.
fn anchors_from(text: &str, start: &str) -> BTreeSet<String> {
    let headings = text.split("```").step_by(2).flat_map(str::lines).filter(|line| line.starts_with(start));
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    let name = |line: &str| line.trim_start_matches('#').trim().to_lowercase();
    headings.map(|line| name(line).chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// What is wrong with a link from a page, if anything is.
fn complaint(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    if !path.exists() {
        return Some(format!("{}: {target} does not exist", page.display()));
    }
    let is_there = anchor.is_none_or(|anchor| anchors(&fs::read_to_string(&path).unwrap()).contains(anchor));
    (!is_there).then(|| format!("{}: {target} has no such heading", page.display()))
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut found = Vec::new();
    pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    assert!(found.len() > 8, "{found:?}");
    let wrong = found.iter().flat_map(|page| {
        let text = fs::read_to_string(page).unwrap();
        targets(&text).filter_map(|target| complaint(page, target)).collect::<Vec<_>>()
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_defined_link_is_used() {
    let mut found = Vec::new();
    pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    for page in found {
        let text = fs::read_to_string(&page).unwrap();
        let used = named(&text);
        for (name, _) in text.lines().filter_map(definition) {
            assert!(used.contains(name), "{}: nothing links to [{name}]", page.display());
        }
    }
}

#[test]
fn the_contents_of_a_page_lead_to_each_of_its_parts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = ["README.md", "CONTRIBUTING.md", "RELEASING.md", "fuzz/README.md", "tests/README.md"]
        .map(|page| root.join(page))
        .to_vec();
    pages(&root.join("docs"), &mut found);
    for page in found {
        let text = fs::read_to_string(&page).unwrap();
        let contents = text.split("\nContents: ").nth(1).and_then(|rest| rest.split("\n\n").next());
        let contents = contents.unwrap_or_else(|| panic!("{} has no contents", page.display()));
        for part in anchors_from(&text, "## ") {
            let is_there = contents.contains(&format!("](#{part})")) || part == "licence";
            assert!(is_there, "{}: its contents lack {part}", page.display());
        }
    }
}

/// The crates that have guides, which are pages of `docs`.
const GUIDES: [&str; 2] = ["peer-core", "peer-tokio"];

#[test]
fn the_links_of_a_guide_lead_somewhere_in_the_documentation_of_its_crate_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for library in GUIDES {
        let source = fs::read_to_string(root.join(library).join("src/guide.rs")).unwrap();
        let folder = fs::read_dir(root.join(library).join("guide")).unwrap();
        for path in folder.map(|entry| entry.unwrap().path()) {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text, fs::read_to_string(root.join(format!("docs/{name}.md"))).unwrap(), "{name}");
            let end = format!("#[doc = include_str!(\"../guide/{name}.md\")]\n");
            let before = source.split(&end).next().unwrap();
            assert_ne!(before, source, "{library} has no guide {name}");
            let own = before.rsplit("\n\n").next().unwrap();
            for (link, _) in text.lines().filter_map(definition) {
                assert!(own.contains(&format!("/// [{link}]: ")), "{library}: the guide {name}: [{link}]");
            }
            let inline = text.split("```").step_by(2).flat_map(|prose| prose.split("](").skip(1));
            let files: Vec<_> = inline.filter(|target| !target.starts_with(['#', 'h'])).collect();
            assert_eq!(files, [""; 0], "{library}: the guide {name} links to files");
        }
    }
}
