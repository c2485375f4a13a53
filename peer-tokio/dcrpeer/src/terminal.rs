//! The terminal that standard output is: taken for a screen of our own, and given back as it was.

use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use core::time::Duration;
use std::io::{self, Write};

use crossterm::cursor::{Hide, Show};
use crossterm::queue;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
#[cfg(unix)]
use rustix::process::{Signal, getpgrp, getpid, kill_process};
#[cfg(unix)]
use rustix::termios::tcgetpgrp;
#[cfg(unix)]
use tokio::signal::unix::{self, SignalKind};
#[cfg(unix)]
use tokio::time::{sleep, timeout};

/// Whether the terminal shows our screen now.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Whether the terminal shows our screen now.
pub(crate) fn is_ours() -> bool {
    IS_OURS.load(Ordering::Relaxed)
}

/// Restores the terminal, if it is ours: before a sudden end, which drops nothing. Waits where it is
/// not read.
pub(crate) fn give_back() {
    if IS_OURS.swap(false, Ordering::Relaxed) {
        let mut out = io::stdout();
        // A terminal that is gone needs nothing.
        queue!(out, Show, LeaveAlternateScreen).and_then(|()| out.flush()).ok();
    }
}

/// Takes the terminal for a screen of our own.
pub(crate) fn take() -> io::Result<()> {
    queue!(io::stdout(), EnterAlternateScreen, Hide)?;
    IS_OURS.store(true, Ordering::Relaxed);
    Ok(())
}

/// How often to see whether we are stopped, or in front again.
#[cfg(unix)]
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Stops when Ctrl-Z says so, as programs do that want nothing of it, but leaves the terminal to the shell.
#[cfg(unix)]
pub(crate) async fn give_back_while_stopped() -> io::Result<()> {
    let listen = |signal: Signal| unix::signal(SignalKind::from_raw(signal.as_raw()));
    let mut asked = listen(Signal::TSTP)?;
    while asked.recv().await.is_some() {
        let mut resumed = listen(Signal::CONT)?;
        give_back();
        // Unlike the signal that always stops, this one does nothing where no shell would let us go on.
        kill_process(getpid(), Signal::TTIN)?;
        timeout(POLL_INTERVAL, resumed.recv()).await.ok();
        while !is_in_front() {
            sleep(POLL_INTERVAL).await;
        }
        take()?;
    }
    Ok(())
}

/// Whether the terminal is ours to draw on: a shell may let us go on behind itself.
#[cfg(unix)]
fn is_in_front() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |front| front == getpgrp())
}
