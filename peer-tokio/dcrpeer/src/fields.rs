//! The fields of a message for people: indented, and shortened where they are long.

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::format::Count;
use crate::output::{Escaped, FAINT, Styled};

/// Writes the fields of `object`, indented by `depth` steps.
pub(crate) fn write(out: &mut impl Write, object: &Map<String, Value>, depth: usize) -> io::Result<()> {
    let is_plain = |value: &&Value| !matches!(value, Value::Object(_) | Value::Array(_));
    let plain = object.iter().filter(|(_, value)| is_plain(value));
    let width = plain.map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in object {
        indent(out, depth)?;
        match value {
            Value::Object(fields) => {
                writeln!(out, "{}", Styled(FAINT, name))?;
                write(out, fields, depth.saturating_add(1))?;
            }
            Value::Array(items) => {
                writeln!(out, "{} {}", Styled(FAINT, name), Styled(FAINT, count(items.len())))?;
                write_list(out, items, depth.saturating_add(1))?;
            }
            plain => writeln!(out, "{:width$}  {}", Styled(FAINT, name), text(plain))?,
        }
    }
    Ok(())
}

fn write_list(out: &mut impl Write, items: &[Value], depth: usize) -> io::Result<()> {
    let shown = if items.len() <= MOST_ITEMS { MOST_ITEMS } else { FIRST_ITEMS };
    // Either all items fit into one line each, or none is written so.
    let lines: Option<Vec<_>> = items.iter().take(shown).map(one_line).collect();
    for (index, item) in items.iter().enumerate().take(shown) {
        indent(out, depth)?;
        let number = index.saturating_add(1);
        match item {
            Value::Object(fields) => match lines.as_ref().and_then(|lines| lines.get(index)) {
                Some(line) => writeln!(out, "{line}")?,
                None => {
                    writeln!(out, "{}", Styled(FAINT, format_args!("#{number}")))?;
                    write(out, fields, depth.saturating_add(1))?;
                }
            },
            Value::Array(items) => {
                writeln!(out, "{}", Styled(FAINT, format_args!("#{number} {}", count(items.len()))))?;
                write_list(out, items, depth.saturating_add(1))?;
            }
            plain => writeln!(out, "{}", text(plain))?,
        }
    }
    let more = items.len().saturating_sub(shown);
    if more > 0 {
        indent(out, depth)?;
        let more = Count::from(more);
        writeln!(out, "{}", Styled(FAINT, format_args!("… {more} more (--json has all)")))?;
    }
    Ok(())
}

/// A small object as `name value  name value`.
fn one_line(object: &Value) -> Option<String> {
    let object = object.as_object()?;
    let mut line = String::new();
    let mut width = 0_usize;
    for (name, value) in object {
        if matches!(value, Value::Object(_) | Value::Array(_)) {
            return None;
        }
        let (text, gap) = (text(value), if line.is_empty() { "" } else { "  " });
        width = width.saturating_add(gap.len().saturating_add(name.len()).saturating_add(text.len()));
        line.push_str(&format!("{gap}{} {text}", Styled(FAINT, name)));
    }
    (width <= LONGEST_LINE).then_some(line)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => {
                let head = text.get(..end).unwrap_or_default();
                format!(
                    "{}… ({} characters, --json has all)",
                    Escaped(head),
                    Count::from(text.chars().count())
                )
            }
            None => Escaped(text).to_string(),
        },
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn count(items: usize) -> String {
    if items == 0 { "(none)".to_owned() } else { format!("({})", Count::from(items)) }
}

fn indent(out: &mut impl Write, depth: usize) -> io::Result<()> {
    (0..depth).try_for_each(|_| out.write_all(b"    "))
}

/// A list of more items than this is shortened to the first few.
const MOST_ITEMS: usize = 5;
const FIRST_ITEMS: usize = 3;

/// In characters. A hash fits.
const LONGEST_TEXT: usize = 80;
const LONGEST_LINE: usize = 120;
