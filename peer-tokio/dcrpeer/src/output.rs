//! Standard output, for people and for programs.

use core::fmt;
use std::env;
use std::io::{self, BufWriter, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::error::Failure;

/// Secondary text: times, labels.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Emphasis: titles, names.
pub(crate) const STRONG: Style = Style::new().bold();
/// Incoming messages.
pub(crate) const IN: Style = AnsiColor::Cyan.on_default();
/// Outgoing messages.
pub(crate) const OUT: Style = AnsiColor::Magenta.on_default();
/// Success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Buffered standard output. The writer flushes what should be seen now.
pub(crate) type Output = BufWriter<AutoStream<Stdout>>;

/// For people: in colours where it is a terminal and `NO_COLOR` does not forbid it.
pub(crate) fn for_people() -> Output {
    BufWriter::with_capacity(CAPACITY, AutoStream::auto(io::stdout()))
}

/// For programs: bytes pass unchanged.
pub(crate) fn for_programs() -> Output {
    BufWriter::with_capacity(CAPACITY, AutoStream::new(io::stdout(), ColorChoice::AlwaysAnsi))
}

/// Writes one object a line for programs, and flushes it.
pub(crate) fn write_object(out: &mut Output, object: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, object).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// Writes a failure as JSON, unless it has been written.
pub(crate) fn report_failure(failure: Failure) -> Failure {
    match failure {
        Failure::Unreported(line) => {
            let failed = Failed { event: "failed", ok: false, detail: &line };
            let written = write_object(&mut for_programs(), &failed);
            Failure::Reported(line).after_reporting(written)
        }
        other => other,
    }
}

/// The last line for programs, if no other reports the failure.
#[derive(Serialize)]
struct Failed<'a> {
    event: &'static str,
    ok: bool,
    /// The text for people.
    detail: &'a str,
}

const CAPACITY: usize = 64 * 1024;

/// A value in a style. Widths apply to the value, not to the codes around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Styled<T>(pub(crate) Style, pub(crate) T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.1.fmt(f)?;
        write!(f, "{:#}", self.0)
    }
}

/// A remote's text, escaped for a terminal: control characters are shown as escape sequences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| {
            if is_printable(char) { write!(f, "{char}") } else { write!(f, "{}", char.escape_default()) }
        })
    }
}

/// Neither a control character nor one that changes the direction of the text around it.
fn is_printable(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How the tool was invoked, for lines that tell the user a next command.
pub(crate) fn invocation() -> &'static str {
    if env::var_os("CARGO").is_some() { "cargo dcrpeer" } else { "dcrpeer" }
}
