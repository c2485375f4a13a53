//! Fits text for people to the width of their terminal.

use std::env;
use std::io::{self, IsTerminal};

use crossterm::terminal::size;

use crate::format::clip;

/// Columns of a table where standard output is no terminal.
const DEFAULT: usize = 80;

/// Between two facts on one line.
const FACT_GAP: &str = "   ";

/// The width of the terminal that standard output is; elsewhere what `COLUMNS` says, if it is set.
pub(crate) fn terminal_width() -> Option<usize> {
    let measured = io::stdout().is_terminal().then(size).and_then(Result::ok);
    let columns = || env::var("COLUMNS").ok()?.parse().ok();
    measured.map(|(width, _)| usize::from(width)).or_else(columns).filter(|width| *width > 0)
}

/// The width for a table.
pub(crate) fn table_width() -> usize {
    terminal_width().unwrap_or(DEFAULT)
}

/// Puts `facts` on as few lines of `width` as they need.
pub(crate) fn wrap(facts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if len(line).saturating_add(FACT_GAP.len()).saturating_add(len(fact)) <= width => {
                line.push_str(FACT_GAP);
                line.push_str(fact);
            }
            _ => lines.push(clip(fact, width)),
        }
    }
    lines
}

/// A text that begins at column `indent` of a terminal, broken between words; each further line begins at that column.
/// A word that is longer than a line stays whole. Unchanged where there is no terminal, so that programs find it on one
/// line.
pub(crate) fn fill(text: &str, indent: usize) -> String {
    terminal_width().map_or_else(|| text.to_owned(), |width| fill_to(text, indent, width))
}

fn fill_to(text: &str, indent: usize, width: usize) -> String {
    let mut filled = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let is_first = column == indent;
        let end = column.saturating_add(len(word)).saturating_add(usize::from(!is_first));
        if is_first {
            column = column.saturating_add(len(word));
        } else if end <= width {
            filled.push(' ');
            column = end;
        } else {
            filled.push('\n');
            filled.extend(core::iter::repeat_n(' ', indent));
            column = indent.saturating_add(len(word));
        }
        filled.push_str(word);
    }
    filled
}

/// The columns that a text without escape sequences takes, if each character takes one.
pub(crate) fn len(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{fill_to, wrap};

    #[test]
    fn facts_go_on_as_few_lines_as_they_need() {
        let facts = ["5,000 peers", "12 left", "1.5 MB in"].map(str::to_owned);
        assert_eq!(wrap(&facts, 80), ["5,000 peers   12 left   1.5 MB in"]);
        assert_eq!(wrap(&facts, 24), ["5,000 peers   12 left", "1.5 MB in"]);
        assert_eq!(wrap(&facts, 8), ["5,000 p…", "12 left", "1.5 MB …"]);
    }

    #[test]
    fn a_long_text_continues_below_its_beginning() {
        assert_eq!(fill_to("one two three", 4, 80), "one two three");
        assert_eq!(fill_to("one two three", 4, 11), "one two\n    three");
        assert_eq!(fill_to("one two three", 4, 1), "one\n    two\n    three");
    }
}
