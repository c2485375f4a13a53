//! Draws frames on the terminal, each over the one before.

use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use core::time::Duration;
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
#[cfg(unix)]
use rustix::process::{Signal, getpgrp, getpid, kill_process};
#[cfg(unix)]
use rustix::termios::tcgetpgrp;
#[cfg(unix)]
use tokio::signal::unix::{self, SignalKind};
#[cfg(unix)]
use tokio::task::JoinHandle;
#[cfg(unix)]
use tokio::time::{sleep, timeout};

/// A screen of its own on the terminal. Dropping it gives the terminal back as it was.
#[derive(Debug)]
pub(super) struct Screen {
    out: Stdout,
    colours: bool,
    /// Gives the terminal to others for as long as we are stopped.
    #[cfg(unix)]
    pausing: JoinHandle<io::Result<()>>,
}

/// Whether the terminal shows our screen now.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back as it was, if it is ours: before a sudden end, which drops nothing. Waits where it is
/// not read.
pub(crate) fn give_terminal_back() {
    if IS_OURS.swap(false, Ordering::Relaxed) {
        let mut out = io::stdout();
        // A terminal that is gone needs nothing.
        queue!(out, Show, LeaveAlternateScreen).and_then(|()| out.flush()).ok();
    }
}

fn take_terminal() -> io::Result<()> {
    queue!(io::stdout(), EnterAlternateScreen, Hide)?;
    IS_OURS.store(true, Ordering::Relaxed);
    Ok(())
}

/// How often to see whether we are stopped, or in front again.
#[cfg(unix)]
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Stops when Ctrl-Z says so, as programs do that want nothing of it, but leaves the terminal to the shell.
#[cfg(unix)]
async fn leave_terminal_while_stopped() -> io::Result<()> {
    let listen = |signal: Signal| unix::signal(SignalKind::from_raw(signal.as_raw()));
    let mut asked = listen(Signal::TSTP)?;
    while asked.recv().await.is_some() {
        let mut resumed = listen(Signal::CONT)?;
        give_terminal_back();
        // Unlike the signal that always stops, this one does nothing where no shell would let us go on.
        kill_process(getpid(), Signal::TTIN)?;
        timeout(POLL_INTERVAL, resumed.recv()).await.ok();
        while !is_in_front() {
            sleep(POLL_INTERVAL).await;
        }
        take_terminal()?;
    }
    Ok(())
}

/// Whether the terminal is ours to draw on: a shell may let us go on behind itself.
#[cfg(unix)]
fn is_in_front() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |front| front == getpgrp())
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
        take_terminal()?;
        Ok(Some(Self {
            out,
            colours,
            #[cfg(unix)]
            pausing: tokio::spawn(leave_terminal_while_stopped()),
        }))
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
        if !IS_OURS.load(Ordering::Relaxed) {
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
        // What is typed meanwhile scrolls nothing away up there.
        queue!(frame, MoveTo(0, 0), EndSynchronizedUpdate)?;
        // In one piece, so that no half of a frame is ever seen.
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        #[cfg(unix)]
        self.pausing.abort();
        give_terminal_back();
    }
}
