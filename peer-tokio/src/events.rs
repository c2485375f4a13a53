//! Events: what the machine tells its owner.

use core::future::poll_fn;
use core::mem;
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::sync::Arc;

use peer_core::{Closed, Event};

use crate::shared::Shared;

/// What happens on a connection, in order. With the feature `stream` it is a `futures_core::Stream`.
///
/// At most 16 events wait to be asked for, and no more once their frames have 64 KiB together; then the remote is
/// not read until the owner asks again, and it is not blamed for being silent meanwhile, nor noticed if it leaves:
/// whoever wants no events drops this or reads them. Dropping this ends the connection at once.
#[derive(Debug)]
pub struct Events {
    shared: Arc<Shared>,
}

impl Events {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Waits for the next event; `None` after the last one, when [`closed`](Self::closed) tells why.
    ///
    /// [`Event::Version`] comes before the remote is answered. Asking again, which is polling the next call
    /// of this method for the first time, is consent; to refuse the remote, drop `self` or
    /// [`close`](crate::Handle::close) the connection instead.
    ///
    /// # Cancel safety
    ///
    /// No event is lost: it stays until a call returns it. Consent is not taken back.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for those who write futures by hand. Only the latest waker is woken.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.shared.owner.register(cx.waker());
        let mut state = self.shared.lock();
        let (next, resumes) = match state.take_event() {
            Some((event, resumes)) => (Poll::Ready(Some(event)), resumes),
            None if self.shared.remains.get().is_some() => (Poll::Ready(None), false),
            None => {
                state.events = VecDeque::new();
                (Poll::Pending, mem::take(&mut state.held))
            }
        };
        drop(state);
        if resumes {
            self.shared.driver.wake();
        }
        next
    }

    /// Why the connection is over, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.shared.remains.get().map(|remains| &remains.closed)
    }
}

#[cfg(feature = "stream")]
impl futures_core::Stream for Events {
    type Item = Event;

    fn poll_next(self: core::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll_next(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        drop(self.shared.tell_driver(|state| {
            state.close = true;
            mem::take(&mut state.events)
        }));
    }
}
