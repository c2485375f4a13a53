//! Draws frames on the terminal, each over the one before.

use std::env;
use std::io::{self, IsTerminal, Stdout, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use crossterm::cursor::MoveTo;
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, size};
#[cfg(unix)]
use tokio::task::JoinHandle;

use crate::terminal;

/// A screen of its own on the terminal. Dropping it restores the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    out: Stdout,
    colours: bool,
    /// Restores the terminal while the process is stopped.
    #[cfg(unix)]
    pausing: JoinHandle<io::Result<()>>,
}

impl Screen {
    /// The terminal that standard output is; `None` if it is none, or one that cannot move its cursor.
    pub(super) fn open() -> io::Result<Option<Self>> {
        let out = io::stdout();
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !out.is_terminal() || is_dumb {
            return Ok(None);
        }
        let colours = AutoStream::choice(&out) != ColorChoice::Never;
        terminal::take()?;
        Ok(Some(Self {
            out,
            colours,
            #[cfg(unix)]
            pausing: tokio::spawn(terminal::restore_while_stopped()),
        }))
    }

    /// Columns and lines, by default 80 and 24.
    pub(super) fn size(&self) -> (usize, usize) {
        match size() {
            Ok((width, height)) if width > 0 && height > 0 => (width.into(), height.into()),
            _ => (80, 24),
        }
    }

    /// Shows these lines, none of which is wider than the screen.
    pub(super) fn show(&mut self, lines: &[String]) -> io::Result<()> {
        if !terminal::is_ours() {
            return Ok(());
        }
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
        // At the top, typed characters do not scroll the screen.
        queue!(frame, MoveTo(0, 0), EndSynchronizedUpdate)?;
        // One write, so that half a frame is never shown.
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        #[cfg(unix)]
        self.pausing.abort();
        terminal::restore();
    }
}
