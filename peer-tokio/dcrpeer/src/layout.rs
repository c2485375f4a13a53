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

/// The width of the terminal that standard output is, if it is one.
pub(crate) fn screen_width() -> Option<usize> {
    let measured = io::stdout().is_terminal().then(size).and_then(Result::ok);
    measured.map(|(width, _)| usize::from(width)).filter(|width| *width > 0)
}

/// The width for a table.
pub(crate) fn table_width() -> usize {
    terminal_width().unwrap_or(DEFAULT)
}

/// A text of at most `width` columns: hashes are cut to their head and tail, and what is still too long loses its end.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if len(text) <= width {
        return text.to_owned();
    }
    let words: Vec<_> = text.split(' ').map(shorten_hash).collect();
    clip(&words.join(" "), width)
}

/// A hash as `298e5cc3…4bf3a4b6`; any other word as it is. What follows the hash, a comma, stays.
fn shorten_hash(word: &str) -> String {
    let is_hash = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (word.get(..HASH), word.get(HASH..)) {
        (Some(hash), Some(rest))
            if is_hash(hash) && !rest.starts_with(|char: char| char.is_ascii_hexdigit()) =>
        {
            let (head, tail) = (hash.get(..HASH_PART), hash.get(HASH.saturating_sub(HASH_PART)..));
            format!("{}…{}{rest}", head.unwrap_or_default(), tail.unwrap_or_default())
        }
        _ => word.to_owned(),
    }
}

/// The digits of a hash, and of each part of it that is kept.
const HASH: usize = 64;
const HASH_PART: usize = 8;

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
    use super::{fill_to, shorten, wrap};

    #[test]
    fn facts_go_on_as_few_lines_as_they_need() {
        let facts = ["5,000 peers", "12 left", "1.5 MB in"].map(str::to_owned);
        assert_eq!(wrap(&facts, 80), ["5,000 peers   12 left   1.5 MB in"]);
        assert_eq!(wrap(&facts, 24), ["5,000 peers   12 left", "1.5 MB in"]);
        assert_eq!(wrap(&facts, 8), ["5,000 p…", "12 left", "1.5 MB …"]);
    }

    #[test]
    fn a_long_line_loses_the_middle_of_its_hashes_before_its_end() {
        let text = format!("1 locator, from {}, stop", "0123456789abcdef".repeat(4));
        assert_eq!(shorten(&text, 100), text);
        assert_eq!(shorten(&text, 60), "1 locator, from 01234567…89abcdef, stop");
        assert_eq!(shorten(&text, 20), "1 locator, from 012…");
    }

    #[test]
    fn a_long_text_continues_below_its_beginning() {
        assert_eq!(fill_to("one two three", 4, 80), "one two three");
        assert_eq!(fill_to("one two three", 4, 11), "one two\n    three");
        assert_eq!(fill_to("one two three", 4, 1), "one\n    two\n    three");
    }
}
