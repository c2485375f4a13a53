//! When we leave: `--for` is over, or the user says so.

use core::fmt;
use core::future::{Future, pending};
use core::time::Duration;
use std::io;

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
            Self::Elapsed(duration) => write!(f, "{} are over", Span(*duration)),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Tells everybody who asks when it is time to leave.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<Option<Reason>>);

impl Stop {
    /// Leaves after `duration` if there is one, and when the user says so.
    pub(crate) fn after(duration: Option<Duration>) -> Result<Self, Failure> {
        let (sender, receiver) = watch::channel(None);
        let interrupt =
            interrupt().map_err(|error| Failure::new(format!("cannot watch for Ctrl-C: {error}")))?;
        tokio::spawn(async move {
            let reason = tokio::select! {
                () = elapse(duration) => Reason::Elapsed(duration.unwrap_or_default()),
                () = interrupt => Reason::Interrupted,
            };
            sender.send_replace(Some(reason));
            // Keeps the reason for those who ask later.
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// Waits until it is time to leave.
    pub(crate) async fn wait(&mut self) -> Reason {
        let reason = self.0.wait_for(Option::is_some).await.map(|reason| *reason);
        reason.ok().flatten().unwrap_or(Reason::Interrupted)
    }
}

async fn elapse(duration: Option<Duration>) {
    match duration {
        Some(duration) => sleep(duration).await,
        None => pending().await,
    }
}

/// Waits for Ctrl-C, or for the system to ask for the end. From this call on, not only from the first poll,
/// neither ends the program by itself.
#[cfg(unix)]
fn interrupt() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C. From this call on, not only from the first poll, it does not end the program by itself.
#[cfg(windows)]
fn interrupt() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
