//! The events of a connection, for its owner.

use core::future::poll_fn;
use core::mem;
use core::task::{Context, Poll, ready};
use std::collections::VecDeque;
use std::sync::Arc;

use peer_core::{Closed, Event, Interest};
use tokio::task::coop::poll_proceed;

use crate::permit::Permit;
use crate::shared::{Shared, State};

/// What happens on a connection, in order. With the feature `stream` it is a `futures_core::Stream`.
///
/// At most 16 events are buffered, and no more once their frames have 64 KiB together. Then the driver stops reading until
/// the owner takes events. Meanwhile it does not blame the remote for silence, and does not notice that it has left.
///
/// Keep taking them, let [`only`](Self::only) pass what you want, or [`discard`](Self::discard) them all. Dropping `Events`
/// is no way to ignore them: it closes the connection at once, unless that is ending in order already.
#[derive(Debug)]
pub struct Events {
    shared: Arc<Shared>,
}

impl Events {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Waits for the next event. Returns `None` after the last one; [`closed`](Self::closed) then has the reason.
    ///
    /// [`Event::Version`] is returned before the remote is answered. The first poll of the next call accepts the
    /// remote. To refuse it, drop `self` or [`close`](crate::Handle::close) the connection instead.
    ///
    /// # Cancel safety
    ///
    /// No event is lost: it stays until a call returns it. Once the remote is accepted, it stays accepted.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for futures written by hand. Only the latest waker is woken.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        // Without the budget, a remote that never pauses would keep the owner's task from yielding.
        let budget = ready!(poll_proceed(cx));
        self.shared.owner.register(cx.waker());
        let mut state = self.shared.lock();
        let (next, resumes) = match state.take_event() {
            Some((event, resumes)) => (Poll::Ready(Some(event)), resumes),
            None if self.shared.end.get().is_some() => (Poll::Ready(None), false),
            None => {
                state.events = VecDeque::new();
                (Poll::Pending, mem::take(&mut state.held))
            }
        };
        drop(state);
        if resumes {
            self.shared.driver.wake();
        }
        if next.is_ready() {
            budget.made_progress();
        }
        next
    }

    /// Takes events until the connection is established, so that the next event is the first message. The remote's
    /// `version` is accepted. If the connection is established already, this waits for its end.
    ///
    /// # Errors
    ///
    /// Why the handshake failed.
    ///
    /// # Cancel safety
    ///
    /// Call it again. Only events of the handshake are taken.
    pub async fn established(&mut self) -> Result<(), Closed> {
        let shared = Arc::clone(&self.shared);
        loop {
            match shared.driven(self.next()).await? {
                Some(Event::Established) => return Ok(()),
                Some(_) => {}
                None => return Err(shared.end.wait().await.closed.clone()),
            }
        }
    }

    /// Waits until the handshake is complete, and from then on reports only the messages of `interest`. Other messages
    /// are still checked, then dropped. Requests that were made without a future are still reported.
    ///
    /// This accepts the remote. With [`Interest::NONE`] no event loop is needed. Keep the `Events`: dropping them
    /// closes the connection.
    ///
    /// ```
    /// use peer_tokio::peer_core::{Hash, Interest};
    /// use peer_tokio::{Events, Handle, ResponseError};
    ///
    /// /// How many headers follow this one.
    /// async fn count(peer: Handle, events: Events, known: Hash) -> Result<usize, ResponseError> {
    ///     let _open = events.only(Interest::NONE).await?;
    ///     Ok(peer.headers(vec![known], Hash::ZERO).await?.len())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The reason, if the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the `Events`, which closes the connection.
    pub async fn only(mut self, interest: Interest) -> Result<Self, Closed> {
        let shared = Arc::clone(&self.shared);
        let permit = Permit::reserve(&shared).await?;
        let set = permit.with(move |peer, _| {
            peer.set_interest(interest);
            peer.is_established()
        });
        let mut is_established = set.await?;
        if is_established {
            // Earlier events would take up room.
            let dropped = shared.lock().sort_out(interest);
            drop(dropped);
            shared.driver.wake();
        }
        while !is_established {
            match self.next().await {
                Some(event) => is_established = event == Event::Established,
                None => return Err(shared.end.wait().await.closed.clone()),
            }
        }
        Ok(self)
    }

    /// Drops every event from now on, including those that wait. Use it if you only send commands. The remote's
    /// `version` is accepted. [`Handle::closed`](crate::Handle::closed) returns the reason of the end.
    pub fn discard(self) {
        drop(self.shared.tell_driver(State::discard));
    }

    /// The reason of the end, if the connection has ended.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.shared.end.get().map(|end| &end.closed)
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
            state.close |= !state.discards && !state.leaves && state.handles > 0;
            state.discard()
        }));
    }
}
