//! Events: what the machine tells its owner.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::sync::Arc;

use peer_core::Event;

use crate::closed::Closed;
use crate::link::Link;

/// What happens on a connection, in order.
///
/// At most 16 events wait to be asked for; then the remote is not read until the owner asks again, and it is
/// not blamed for being silent meanwhile. Dropping this ends the connection at once.
#[derive(Debug)]
pub struct Events {
    link: Arc<Link>,
}

impl Events {
    pub(crate) const fn new(link: Arc<Link>) -> Self {
        Self { link }
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
        self.link.poll_event(cx)
    }

    /// Why the connection is over, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.link.remains().map(|remains| &remains.closed)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.link.drop_events();
    }
}
