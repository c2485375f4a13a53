//! When we leave: `--for` is over, or the user says so.

use core::fmt;
use core::time::Duration;
use std::sync::mpsc;
use std::{io, process, thread};

use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::Failure;
use crate::output::Span;

/// Why we leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `--for` is over.
    Elapsed(Duration),
    /// The user pressed Ctrl-C, or the system asked us to end.
    Interrupted,
}

impl Reason {
    /// The name for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Elapsed(_) => "DurationElapsed",
            Self::Interrupted => "Interrupted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(duration) => write!(f, "--for {} is over", Span(*duration)),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// How long the program may take to end once it is asked to. It may never end by itself: where nobody reads its
/// output, its only thread waits for a reader.
const GRACE: Duration = Duration::from_secs(5);

/// The exit status of a program that Ctrl-C ended.
const CUT_OFF: i32 = 130;

/// Tells everybody who asks when it is time to leave.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<Option<Reason>>);

impl Stop {
    /// Leaves after `duration` if there is one, and when the user says so. From this call on, not only from the
    /// first wait, neither Ctrl-C nor the system's request ends the program at once: a second one does, and so
    /// does [`GRACE`].
    pub(crate) fn after(duration: Option<Duration>) -> Result<Self, Failure> {
        let (sender, receiver) = watch::channel(None);
        let clock = sender.clone();
        watch_signals(sender).map_err(|error| Failure::new(format!("cannot watch for Ctrl-C: {error}")))?;
        if let Some(duration) = duration {
            tokio::spawn(async move {
                sleep(duration).await;
                say(&clock, Reason::Elapsed(duration));
            });
        }
        Ok(Self(receiver))
    }

    /// Waits until it is time to leave.
    pub(crate) async fn wait(&mut self) -> Reason {
        let reason = self.0.wait_for(Option::is_some).await.map(|reason| *reason);
        reason.ok().flatten().unwrap_or(Reason::Interrupted)
    }
}

/// Tells that it is time to leave. The first reason counts.
fn say(sender: &watch::Sender<Option<Reason>>, reason: Reason) {
    sender.send_if_modified(|said| {
        let is_first = said.is_none();
        *said = said.or(Some(reason));
        is_first
    });
}

/// Watches on a thread of its own, which nothing that the program does can hold up.
fn watch_signals(sender: watch::Sender<Option<Reason>>) -> io::Result<()> {
    let (ready, is_ready) = mpsc::channel();
    let watching = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let prepared = runtime.and_then(|runtime| {
            let _context = runtime.enter();
            Signals::watch().map(|signals| (runtime, signals))
        });
        match prepared {
            Ok((runtime, signals)) => {
                // Whoever waits for this is there until it comes.
                ready.send(Ok(())).ok();
                runtime.block_on(obey(signals, &sender));
                process::exit(CUT_OFF);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watching)?;
    is_ready.recv().map_err(io::Error::other)?
}

/// Passes the first signal on. Returns when the program has to end, and has not.
async fn obey(mut signals: Signals, sender: &watch::Sender<Option<Reason>>) {
    signals.next().await;
    say(sender, Reason::Interrupted);
    tokio::select! {
        () = signals.next() => {}
        () = sleep(GRACE) => {}
    }
}

/// Ctrl-C, and the system's request to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From this call on, neither ends the program by itself.
    fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
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

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
