//! When the program ends: after `--for`, or when a signal asks for it.

use core::fmt;
use core::future::pending;
use core::time::Duration;
use std::sync::mpsc;
use std::{io, process, thread};

use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::{Failure, plain};
use crate::format::Span;
#[cfg(unix)]
use crate::system;
use crate::terminal;

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownReason {
    /// `--for` is over.
    Elapsed(Duration),
    /// The user pressed Ctrl-C, the terminal hung up, or the system asked us to end.
    Interrupted,
    /// The user pressed the key that quits.
    Quit,
}

impl ShutdownReason {
    /// The name for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Elapsed(_) => "DurationElapsed",
            Self::Interrupted | Self::Quit => "Interrupted",
        }
    }
}

impl fmt::Display for ShutdownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(duration) => write!(f, "--for {} is over", Span(*duration)),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Quit => f.write_str("q was pressed"),
        }
    }
}

/// How long the program may take to end once it is asked to. Without this limit it may hang: its only thread blocks
/// on output that is not read.
const GRACE: Duration = Duration::from_secs(5);

/// How long restoring the terminal may take, which may block, too.
const RESTORE_TIMEOUT: Duration = Duration::from_millis(200);

/// The exit status of a program that Ctrl-C ended.
const FORCED: i32 = 130;

/// The exit status of one that Ctrl-\ ended.
const QUIT: i32 = 131;

/// Resolves when it is time to end. Clones wait for the same moment.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<Option<ShutdownReason>>);

impl Shutdown {
    /// Ends after `duration` if there is one, or on a signal. From this call on, not only from the
    /// first wait, neither Ctrl-C nor a hang-up nor the system's request ends the program at once: a second request
    /// does, and so does [`GRACE`], which follows `duration` too.
    pub(crate) fn after(duration: Option<Duration>) -> Result<Self, Failure> {
        let (sender, receiver) = watch::channel(None);
        watch_signals(duration, sender)
            .map_err(|error| Failure::new(format!("cannot watch for Ctrl-C: {}", plain(&error))))?;
        Ok(Self(receiver))
    }

    /// Waits until it is time to end.
    pub(crate) async fn wait(&mut self) -> ShutdownReason {
        let reason = self.0.wait_for(Option::is_some).await.map(|reason| *reason);
        reason.ok().flatten().unwrap_or(ShutdownReason::Interrupted)
    }
}

/// Watches on a thread of its own, because the main thread may block on output.
fn watch_signals(
    duration: Option<Duration>,
    sender: watch::Sender<Option<ShutdownReason>>,
) -> io::Result<()> {
    let (ready, is_ready) = mpsc::channel();
    let watching = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let prepared = runtime.and_then(|runtime| {
            let _context = runtime.enter();
            Signals::watch().map(|signals| (runtime, signals))
        });
        match prepared {
            Ok((runtime, signals)) => {
                // The receiver waits for this message, so sending does not fail.
                ready.send(Ok(())).ok();
                let status = runtime.block_on(run_timers_and_signals(signals, duration, &sender));
                force_exit(status)
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watching)?;
    is_ready.recv().map_err(io::Error::other)?
}

/// Sends the reason when it is time to end. Returns the exit status once the program has to be forced to end.
async fn run_timers_and_signals(
    mut signals: Signals,
    duration: Option<Duration>,
    sender: &watch::Sender<Option<ShutdownReason>>,
) -> i32 {
    let elapsed = async {
        match duration {
            Some(duration) => {
                sleep(duration).await;
                ShutdownReason::Elapsed(duration)
            }
            None => pending().await,
        }
    };
    let reason = tokio::select! {
        signal = signals.next() => match signal {
            Signal::End | Signal::HangUp => ShutdownReason::Interrupted,
            Signal::Quit => return QUIT,
        },
        reason = elapsed => reason,
    };
    sender.send_replace(Some(reason));
    let forced = async {
        loop {
            match signals.next().await {
                Signal::End => return FORCED,
                Signal::Quit => return QUIT,
                // The shell and the system both signal one hang-up, so a second one is no second request.
                Signal::HangUp => {}
            }
        }
    };
    tokio::select! {
        status = forced => status,
        () = sleep(GRACE) => FORCED,
    }
}

/// Ends the program at once.
fn force_exit(status: i32) -> ! {
    let (done, is_done) = mpsc::channel();
    // On a thread of its own, because it may block for ever.
    let restore = move || {
        terminal::restore();
        done.send(())
    };
    thread::Builder::new().spawn(restore).ok();
    is_done.recv_timeout(RESTORE_TIMEOUT).ok();
    process::exit(status)
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// To end.
    End,
    /// To end, because its terminal is gone.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has none"))]
    HangUp,
    /// To end at once.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has none"))]
    Quit,
}

/// Ctrl-C, the system's request to end, a hang-up, and Ctrl-\.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Not watched where hang-ups are ignored, as `nohup` has it: watching would undo that.
    hang_up: Option<tokio::signal::unix::Signal>,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From this call on, none ends the program by itself.
    fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: (!system::ignores_hang_ups()).then(|| signal(SignalKind::hangup())).transpose()?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> Signal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::End,
            _ = self.terminate.recv() => Signal::End,
            _ = hang_up => Signal::HangUp,
            _ = self.quit.recv() => Signal::Quit,
        }
    }
}

/// Ctrl-C.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// From this call on, it does not end the program by itself.
    fn watch() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::End
    }
}
