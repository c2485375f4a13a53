//! A terminal that shows one frame after another, each in the place of the one before.

use std::env;
use std::io::{self, IsTerminal, Stdout, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};

/// A screen of its own on the terminal. Dropping it gives the terminal back as it was.
#[derive(Debug)]
pub(super) struct Screen {
    out: Stdout,
    colours: bool,
}

impl Screen {
    /// The terminal that standard output is; `None` if it is none, or one that cannot move its cursor.
    pub(super) fn open() -> io::Result<Option<Self>> {
        let mut out = io::stdout();
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !out.is_terminal() || is_dumb {
            return Ok(None);
        }
        let colours = AutoStream::choice(&out) != ColorChoice::Never;
        queue!(out, EnterAlternateScreen, Hide)?;
        Ok(Some(Self { out, colours }))
    }

    /// Columns and lines. A terminal that has none does not know.
    pub(super) fn size(&self) -> (usize, usize) {
        match terminal::size() {
            Ok((width, height)) if width > 0 && height > 0 => (width.into(), height.into()),
            _ => (80, 24),
        }
    }

    /// Shows these lines, none of which is wider than the screen.
    pub(super) fn show(&mut self, lines: &[String]) -> io::Result<()> {
        let mut frame = Vec::new();
        queue!(frame, BeginSynchronizedUpdate)?;
        for (row, line) in (0..).zip(lines) {
            queue!(frame, MoveTo(0, row), Clear(ClearType::CurrentLine))?;
            if self.colours {
                queue!(frame, Print(line))?;
            } else {
                queue!(frame, Print(strip_str(line)))?;
            }
        }
        let end = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        if usize::from(end) < self.size().1 {
            queue!(frame, MoveTo(0, end), Clear(ClearType::FromCursorDown))?;
        }
        // What is typed meanwhile scrolls nothing away up there.
        queue!(frame, MoveTo(0, 0), EndSynchronizedUpdate)?;
        // In one piece, so that no half of a frame is ever seen.
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        queue!(self.out, Show, LeaveAlternateScreen).and_then(|()| self.out.flush()).ok();
    }
}
