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

/// How long the owner may take nothing while the buffer is full, before those who wait are told.
const STUCK: Duration = Duration::from_secs(10);

/// The responses to a [request](Handle::request). With the feature `stream` it is a `futures_core::Stream`.
///
/// Of a request for several items or filters at most 16 responses wait here, and no more once their frames have 64 KiB
/// together: then the driver reads nothing until some are taken.
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
    /// Ends when the owner may have taken nothing for too long.
    watch: Option<Pin<Box<Sleep>>>,
}

impl Responses {
    pub(crate) const fn new(handle: Handle, id: RequestId) -> Self {
        Self { handle, id, is_over: false, watch: None }
    }

    /// The request, as [`Event::Response`] names it.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }

    /// Waits for the next response. `None` after the last one, and after an error.
    ///
    /// # Errors
    ///
    /// Why there is none: [`ResponseError::Unanswered`], also where only some items are missing, after all others;
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
        // As for events: a remote that always has more would keep this task from ever giving way.
        let budget = ready!(poll_proceed(cx));
        let shared = &self.handle.shared;
        // Under one lock: what came before an end that is seen is there to be taken, and an end that is not seen yet finds
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

    /// Waits for the message that is the whole response, as it is of headers, addresses, a `ping`, the initial state and a
    /// single item. Of several it returns the first, and cancels the rest.
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

    /// Ready where the owner has taken nothing for too long although the buffer is full.
    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.handle.clock;
        let full_since = self.handle.shared.lock().full_since();
        let watch = self.watch.get_or_insert_with(|| Box::pin(sleep(STUCK)));
        while watch.as_mut().poll(cx).is_ready() {
            // While there is room no one tells when there is none any more, so that is looked for as often.
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

/// The machine matches responses, so this does not come.
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
