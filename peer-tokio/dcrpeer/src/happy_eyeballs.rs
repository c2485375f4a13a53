//! Connects to the first of several addresses that answers, as in RFC 8305 ("happy eyeballs"): a dead address costs a
//! fraction of a second, not the whole timeout.
//!
//! The system finds the addresses of both families together and puts the best first, so what is left of the RFC is
//! section 4, the order, and section 5, the attempts.

use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clock::Stopwatch;

/// The attempt that succeeded first.
#[derive(Debug)]
pub(crate) struct Connected<T> {
    pub(crate) stream: T,
    pub(crate) address: SocketAddr,
    /// How long this attempt took.
    pub(crate) took: Duration,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct FailedAttempt {
    pub(crate) address: SocketAddr,
    pub(crate) reason: ConnectError,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum ConnectError {
    System(io::Error),
    /// There was no answer within this time.
    TimedOut(Duration),
}

/// The connection attempt delay that the RFC recommends.
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the first of `addresses` that answers, each within `limit`.
///
/// The next attempt begins a [`ATTEMPT_DELAY`] after the one before, or as soon as one fails, and those before go on.
/// Returns all failures, in the order of the attempts, where every address failed.
pub(crate) async fn connect<T, F>(
    addresses: &[SocketAddr],
    limit: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<Connected<T>, Vec<FailedAttempt>>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let order = alternate(addresses);
    let mut waiting = order.iter().enumerate();
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        if let Some((index, &address)) = waiting.next() {
            let attempt = attempt(address, limit, connect(address));
            attempts.spawn(async move { (index, attempt.await) });
        }
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended {
                Ok((_, Ok(connected))) => return Ok(connected),
                Ok((index, Err(failed))) => failures.push((index, failed)),
                // A task that ends with the runtime has no result.
                Err(_) => {}
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => {}
            else => break,
        }
    }
    failures.sort_by_key(|(index, _)| *index);
    Err(failures.into_iter().map(|(_, failed)| failed).collect())
}

async fn attempt<T>(
    address: SocketAddr,
    limit: Duration,
    connect: impl Future<Output = io::Result<T>>,
) -> Result<Connected<T>, FailedAttempt> {
    let clock = Stopwatch::start();
    let reason = match timeout(limit, connect).await {
        Ok(Ok(stream)) => return Ok(Connected { stream, address, took: clock.elapsed() }),
        Ok(Err(error)) => ConnectError::System(error),
        Err(_) => ConnectError::TimedOut(limit),
    };
    Err(FailedAttempt { address, reason })
}

/// The addresses with their families in turn, beginning with that of the first. A network that lacks one family
/// then costs one head start, however many addresses of that family there are.
fn alternate(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_first =
        |address: &SocketAddr| Some(address.is_ipv4()) == addresses.first().map(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = Vec::with_capacity(addresses.len());
    while first.len() > 0 || second.len() > 0 {
        order.extend(first.next());
        order.extend(second.next());
    }
    order
}

#[cfg(test)]
mod tests;
