//! The responses to one request, as they come.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use peer_core::message::InventoryList;
use peer_core::{Event, Message, RequestId, Response, Unanswered};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep};

use crate::handle::Handle;
use crate::response_error::ResponseError;

/// If the buffer is full and the owner takes nothing for this long, waiting callers get an error.
const STUCK: Duration = Duration::from_secs(10);

/// The responses to a [request](Handle::request). With the feature `stream` it is a `futures_core::Stream`.
///
/// If a request has several responses, at most 16 wait here, and fewer if their frames reach 64 KiB in total. Then the
/// driver stops reading until some are taken.
///
/// # Cancel safety
///
/// Dropping it cancels the request: what the remote still sends is dropped.
#[derive(Debug)]
#[must_use = "dropping it cancels the request"]
pub struct Responses {
    handle: Handle,
    id: RequestId,
    is_over: bool,
    /// Elapses when the owner may have taken nothing for too long.
    watch: Option<Pin<Box<Sleep>>>,
}

impl Responses {
    pub(crate) const fn new(handle: Handle, id: RequestId) -> Self {
        Self { handle, id, is_over: false, watch: None }
    }

    /// The request's id, as in [`Event::Response`].
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }

    /// Waits for the next response. `None` after the last one, and after an error.
    ///
    /// # Errors
    ///
    /// Why there is no response: [`ResponseError::Unanswered`], which also comes last if only some items are missing;
    /// [`ResponseError::EventsNotTaken`]; or the end of the connection.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a response stays until a call returns it.
    pub async fn next(&mut self) -> Option<Result<Response, ResponseError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for futures written by hand. Only the latest waker is woken.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Response, ResponseError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        // As for events: without the budget, a remote that always has more would keep this task from yielding.
        let budget = ready!(poll_proceed(cx));
        let shared = &self.handle.shared;
        // Both under one lock: events from before a visible end can be taken, and an end that is not visible yet finds
        // the waker.
        let (end, (event, resumes)) = {
            let mut state = shared.lock();
            (shared.end.get(), state.take_response(self.id, cx.waker()))
        };
        if resumes {
            shared.driver.wake();
        }
        let result = match (event, end) {
            (Some(Event::Response(response)), _) => {
                self.is_over = response.remaining == 0;
                Ok(*response)
            }
            (Some(Event::Unanswered { reason, missing, .. }), _) => {
                self.is_over = true;
                Err(ResponseError::Unanswered { reason, missing })
            }
            (_, Some(end)) => {
                self.is_over = true;
                Err(end.closed.clone().into())
            }
            (_, None) => {
                ready!(self.poll_stuck(cx));
                self.is_over = true;
                shared_remove(&self.handle, self.id, false);
                return Poll::Ready(Some(Err(ResponseError::EventsNotTaken)));
            }
        };
        self.watch = None;
        if self.is_over {
            shared_remove(&self.handle, self.id, true);
        }
        budget.made_progress();
        Poll::Ready(Some(result))
    }

    /// Waits for the message that is the whole response: headers, addresses, a `pong`, the initial state or a single
    /// item. If there are several, it returns the first and cancels the rest.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the request.
    pub async fn only(mut self) -> Result<Message, ResponseError> {
        match self.next().await {
            Some(result) => result.map(|response| response.message),
            None => Err(mismatch()),
        }
    }

    /// Ready if the buffer is full and the owner has taken nothing for too long.
    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.handle.clock;
        let full_since = self.handle.shared.lock().full_since();
        let watch = self.watch.get_or_insert_with(|| Box::pin(sleep(STUCK)));
        while watch.as_mut().poll(cx).is_ready() {
            // The buffer may fill up later without a wake-up, so this looks again after the same time.
            let left =
                full_since.map_or(STUCK, |since| STUCK.saturating_sub(clock.now().saturating_since(since)));
            if left.is_zero() {
                return Poll::Ready(());
            }
            watch.set(sleep(left));
        }
        Poll::Pending
    }
}

fn shared_remove(handle: &Handle, id: RequestId, is_over: bool) {
    handle.shared.tell_driver(|state| state.remove_waiter(id, is_over));
}

/// The machine matches responses to requests, so this cannot happen.
pub(crate) fn mismatch() -> ResponseError {
    ResponseError::Unanswered { reason: Unanswered::Mismatch, missing: InventoryList::new() }
}

#[cfg(feature = "stream")]
impl futures_core::Stream for Responses {
    type Item = Result<Response, ResponseError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next(cx)
    }
}

impl Drop for Responses {
    fn drop(&mut self) {
        if !self.is_over {
            shared_remove(&self.handle, self.id, false);
        }
    }
}
