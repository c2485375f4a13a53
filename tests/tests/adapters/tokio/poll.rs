//! Polling by hand, and futures that are dropped at every poll.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use tokio::time::timeout;

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

/// Plays `scene`, which cuts a future off, for every place where it can be dropped: until the scene says that
/// the future came to its end. Needs a paused clock.
pub(crate) async fn at_every_poll(mut scene: impl AsyncFnMut(Cut) -> bool) {
    for woken in [false, true] {
        for polls in 0.. {
            let cut = Cut { polls, woken };
            let finished = timeout(HOUR, scene(cut)).await;
            if finished.unwrap_or_else(|_| panic!("somebody waits in vain after {cut:?}")) {
                assert_ne!(polls, 0, "a future that was not polled cannot have come to its end");
                break;
            }
        }
    }
}
