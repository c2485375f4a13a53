//! The terminal of standard output: switches to the alternate screen, and restores it.

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

/// Restores the terminal, if it shows our screen. Called before a forced exit, which runs no destructors. Blocks while
/// the terminal is not read.
pub(crate) fn restore() {
    if IS_OURS.swap(false, Ordering::Relaxed) {
        let mut out = io::stdout();
        // A terminal that is gone needs no restoring.
        queue!(out, Show, LeaveAlternateScreen).and_then(|()| out.flush()).ok();
    }
}

/// Switches the terminal to the alternate screen.
pub(crate) fn take() -> io::Result<()> {
    queue!(io::stdout(), EnterAlternateScreen, Hide)?;
    IS_OURS.store(true, Ordering::Relaxed);
    Ok(())
}

/// How often to check whether the process is stopped, or in the foreground again.
#[cfg(unix)]
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Stops on Ctrl-Z, as a program without a handler does, but restores the terminal first.
#[cfg(unix)]
pub(crate) async fn restore_while_stopped() -> io::Result<()> {
    let listen = |signal: Signal| unix::signal(SignalKind::from_raw(signal.as_raw()));
    let mut stops = listen(Signal::TSTP)?;
    while stops.recv().await.is_some() {
        let mut resumed = listen(Signal::CONT)?;
        restore();
        // Unlike SIGSTOP, SIGTTIN does nothing in an orphaned process group, where no shell could resume us.
        kill_process(getpid(), Signal::TTIN)?;
        timeout(POLL_INTERVAL, resumed.recv()).await.ok();
        while !is_foreground() {
            sleep(POLL_INTERVAL).await;
        }
        take()?;
    }
    Ok(())
}

/// Whether this process may draw on the terminal: a shell may resume it in the background.
#[cfg(unix)]
fn is_foreground() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |foreground| foreground == getpgrp())
}
