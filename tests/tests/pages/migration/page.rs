//! Reading the page: its tables, and the names in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The page.
pub(crate) struct Page(String);

/// One name of the reference, and what stands for it.
pub(crate) struct Row {
    pub(crate) reference: String,
    pub(crate) ours: Vec<String>,
}

impl Page {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migration.md");
        Self(fs::read_to_string(path).expect("the page is there"))
    }

    /// The rows that begin with names of the reference, each name by itself.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        self.0.lines().flat_map(|line| {
            let cells: Vec<_> = line.split('|').collect();
            let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
            let ours: Vec<_> = quoted(cell(3)).map(str::to_owned).collect();
            let names: Vec<_> = quoted(cell(1)).map(str::to_owned).collect();
            names.into_iter().map(move |reference| Row { reference, ours: ours.clone() })
        })
    }

    /// All names of the reference.
    pub(crate) fn reference(&self) -> BTreeSet<String> {
        self.rows().map(|row| row.reference).collect()
    }

    /// All names of ours: what is quoted anywhere but in the first column, and begins like a type or is a path.
    pub(crate) fn ours(&self) -> BTreeSet<String> {
        let texts = self.0.lines().map(|line| match line.strip_prefix('|') {
            Some(row) => row.split_once('|').map_or("", |(_, rest)| rest),
            None => line,
        });
        let is_name =
            |text: &&str| text.contains("::") || text.starts_with(|first: char| first.is_uppercase());
        texts.flat_map(quoted).filter(is_name).map(str::to_owned).collect()
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The last part of a path, of the reference's kind or of ours.
pub(crate) fn last_part(name: &str) -> &str {
    name.rsplit(['.', ':']).next().unwrap_or(name)
}
