//! Polling by hand, and futures that are dropped at every poll.

use core::future::{Future, poll_fn};
use core::panic::Location;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use tokio::time::{Instant, timeout};

use crate::tokio::HOUR;

/// Polls a future once and drops it.
pub(crate) fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("still pending"),
    }
}

/// Where a future is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// How often it is polled before.
    pub(crate) polls: usize,
    /// Whether it is dropped when it is woken again, rather than at once.
    woken: bool,
}

impl Cut {
    /// What `future` returns, if it comes to that.
    pub(crate) async fn off<F: Future>(self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut left = self.polls;
        poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match future.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if left == 0 && !self.woken => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// What `act` returns, for which no time may pass. Needs a paused clock, which jumps to the next deadline as soon as
/// no task has anything to do: so a wake-up that is lost is made up for by a timer, and shows in nothing else.
#[track_caller]
pub(crate) fn at_once<F: Future>(act: F) -> impl Future<Output = F::Output> {
    within(Duration::ZERO, act)
}

/// The same, where so much time may pass.
#[track_caller]
pub(crate) fn within<F: Future>(longest: Duration, act: F) -> impl Future<Output = F::Output> {
    let caller = Location::caller();
    async move {
        let start = Instant::now();
        let output = timeout(HOUR, act).await.unwrap_or_else(|_| panic!("{caller}: someone waits in vain"));
        let passed = start.elapsed();
        assert!(passed <= longest, "{caller}: {passed:?} passed, more than {longest:?}");
        output
    }
}

/// Plays `scene`, which cuts a future off, for every place where it can be dropped: until the scene says that
/// the future came to its end. Each time no more than `longest` may pass. Needs a paused clock.
pub(crate) async fn at_every_poll(longest: Duration, mut scene: impl AsyncFnMut(Cut) -> bool) {
    for woken in [false, true] {
        let mut finished = false;
        for polls in 0..MOST_POLLS {
            finished = within(longest, scene(Cut { polls, woken })).await;
            if finished {
                assert_ne!(polls, 0, "a future that was not polled cannot have come to its end");
                break;
            }
        }
        assert!(finished, "not at its end after {MOST_POLLS} polls");
    }
}

/// More than any future here takes.
const MOST_POLLS: usize = 1000;
