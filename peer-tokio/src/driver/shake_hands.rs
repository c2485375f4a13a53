//! The handshake in the task that waits for it. A driver with a task of its own would hand each step over to the
//! caller's task and back, perhaps to another thread.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};

use peer_core::{Closed, Event, Mark};
use rand_core::Rng;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Driver;
use crate::write_waiters::is_flushed;

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Driver<S, R> {
    /// Drives the connection until it is established and our part of the handshake is written. Accepts the remote, and
    /// takes the events of the handshake.
    pub(crate) async fn shake_hands(&mut self) -> Result<(), Closed> {
        let mut last = None;
        poll_fn(|cx| self.poll_handshake(&mut last, cx)).await
    }

    /// `last` is the end of our part, once the connection is established.
    fn poll_handshake(
        &mut self,
        last: &mut Option<[Mark; 2]>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        loop {
            if let Poll::Ready(closed) = Pin::new(&mut *self).poll(cx) {
                return Poll::Ready(Err(closed));
            }
            let peer = self.connection.peer();
            if let Some(last) = last {
                return if is_flushed(peer, last) { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            match self.accept_event() {
                Some(Event::Established) => *last = Some(peer.marks()),
                Some(_) => {}
                None => return Poll::Pending,
            }
        }
    }

    /// Takes the next event for the owner, who asks for the one behind it, too.
    fn accept_event(&self) -> Option<Event> {
        let mut state = self.shared.lock();
        let (event, _) = state.take_event()?;
        state.held = false;
        Some(event)
    }
}
