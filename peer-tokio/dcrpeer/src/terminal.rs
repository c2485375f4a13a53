//! The terminal: switches to the alternate screen and to keys that are read one by one, and restores it.

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
        #[cfg(unix)]
        keyboard::restore();
        let mut out = io::stdout();
        // A terminal that is gone needs no restoring.
        queue!(out, Show, LeaveAlternateScreen).and_then(|()| out.flush()).ok();
    }
}

/// Switches the terminal to the alternate screen.
pub(crate) fn take() -> io::Result<()> {
    queue!(io::stdout(), EnterAlternateScreen, Hide)?;
    IS_OURS.store(true, Ordering::Relaxed);
    #[cfg(unix)]
    if is_foreground() {
        keyboard::take();
    }
    Ok(())
}

/// How the terminal passes on what is typed.
#[cfg(unix)]
mod keyboard {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The modes before this program changed them.
    static MODES: Mutex<Option<Termios>> = Mutex::new(None);

    /// Passes each key on at once, and does not show it. Ctrl-C and Ctrl-Z still send their signals. Does nothing if
    /// standard input is no terminal.
    pub(super) fn take() {
        let Ok(before) = tcgetattr(io::stdin()) else { return };
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        if tcsetattr(io::stdin(), OptionalActions::Now, &modes).is_ok() {
            *MODES.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        }
    }

    pub(super) fn restore() {
        if let Some(before) = MODES.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is gone needs no restoring. What was typed for this program is dropped.
            tcsetattr(io::stdin(), OptionalActions::Flush, &before).ok();
        }
    }
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
pub(crate) fn is_foreground() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |foreground| foreground == getpgrp())
}
