use super::{Folder, Line, reader_of};
use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::thread;

/// What one test did with each line of the files it read. A test ends with [`finish`](Self::finish), which
/// fails unless every line was checked, or skipped by a rule that has a name.
#[derive(Debug)]
pub struct Tally {
    test: &'static str,
    files: BTreeMap<String, Vec<Outcome>>,
    is_finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Checked,
    Skipped(&'static str),
}

impl Tally {
    /// Begins the test with this name, the one that [`known_files`](super::known_files) has for the files it must read.
    pub fn new(test: &'static str) -> Self {
        Self { test, files: BTreeMap::new(), is_finished: false }
    }

    /// The lines of a file, each of which must now be checked or skipped. None if there is no such file.
    pub fn lines(&mut self, folder: &Folder, name: &str) -> Vec<Line> {
        let Some(lines) = folder.lines(name) else {
            return Vec::new();
        };
        let before = self.files.insert(name.to_owned(), vec![Outcome::Open; lines.len()]);
        assert!(before.is_none(), "{}: {name} is read twice", self.test);
        lines
    }

    /// The lines of all files in the folder that this test must read.
    pub fn all_lines(&mut self, folder: &Folder) -> Vec<Line> {
        let names = folder.files().into_iter().filter(|name| reader_of(name) == Some(self.test));
        names.collect::<Vec<_>>().iter().flat_map(|name| self.lines(folder, name)).collect()
    }

    /// Counts a line as checked.
    pub fn checked(&mut self, line: &Line) {
        self.count(line, Outcome::Checked);
    }

    /// Counts a line as skipped by the rule with this name.
    pub fn skipped(&mut self, line: &Line, rule: &'static str) {
        assert!(!rule.trim().is_empty(), "{}: a rule needs a name", line.place());
        self.count(line, Outcome::Skipped(rule));
    }

    /// Prints how many lines of each file were checked and skipped, and fails if there is one that was
    /// neither, or a file that this test had to read and did not.
    pub fn finish(mut self, folder: &Folder) {
        self.is_finished = true;
        print(&self.table());
        let is_ours = |name: &String| reader_of(name) == Some(self.test);
        let unread: Vec<_> = folder
            .files()
            .into_iter()
            .filter(|name| is_ours(name) && !self.files.contains_key(name))
            .collect();
        assert!(unread.is_empty(), "{}: not read: {unread:?}", self.test);
        for (file, outcomes) in &self.files {
            let open = outcomes.iter().zip(1..).filter(|(outcome, _)| **outcome == Outcome::Open);
            let open: Vec<usize> = open.map(|(_, number)| number).collect();
            assert!(open.is_empty(), "{}: {file}: neither checked nor skipped: lines {open:?}", self.test);
        }
    }

    fn count(&mut self, line: &Line, outcome: Outcome) {
        let place = line.place();
        let file = self.files.get_mut(line.file());
        let file = file.unwrap_or_else(|| panic!("{place}: not read through this tally"));
        let before = core::mem::replace(&mut file[line.number() - 1], outcome);
        assert_eq!(before, Outcome::Open, "{place}: counted twice");
    }

    fn table(&self) -> String {
        let mut table = format!("\n{}: lines of each file\n", self.test);
        let width = self.files.keys().map(String::len).max().unwrap_or_default().max("file".len());
        writeln!(table, "  {:width$} {:>6} {:>8}  skipped by rule", "file", "lines", "checked").unwrap();
        for (file, outcomes) in &self.files {
            let checked = outcomes.iter().filter(|outcome| **outcome == Outcome::Checked).count();
            write!(table, "  {file:width$} {:>6} {checked:>8}", outcomes.len()).unwrap();
            let mut rules = BTreeMap::<_, usize>::new();
            for outcome in outcomes {
                if let Outcome::Skipped(rule) = outcome {
                    *rules.entry(*rule).or_default() += 1;
                }
            }
            let rules: Vec<_> = rules.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
            writeln!(table, "{}{}", if rules.is_empty() { "" } else { "  " }, rules.join(", ")).unwrap();
        }
        table
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        assert!(self.is_finished || thread::panicking(), "{}: the tally was not finished", self.test);
    }
}

/// Prints even where the test runner keeps to itself what passing tests print: the counts are the evidence.
fn print(table: &str) {
    io::stdout().lock().write_all(table.as_bytes()).unwrap();
}
