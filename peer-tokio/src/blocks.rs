//! Blocks in the order in which they were requested.

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::collections::VecDeque;
use std::vec;

use peer_core::message::{Block, Inventory, InventoryList};
use peer_core::{Hash, Message, Request, RequestOptions};

use crate::handle::Handle;
use crate::response_error::ResponseError;
use crate::responses::{Responses, mismatch};

/// Blocks requested at a time. At most this many wait for one that comes before them, which bounds their memory.
const AT_A_TIME: usize = 16;

type Opening = Pin<Box<dyn Future<Output = Result<Responses, ResponseError>> + Send>>;

/// Blocks in the order in which they were [requested](Handle::blocks). With the feature `stream` it is a
/// `futures_core::Stream`.
///
/// 16 are requested at a time, and 16 may wait here: at most 21 MB.
///
/// # Cancel safety
///
/// Dropping it cancels what was requested and has not come.
#[must_use = "nothing is requested before it is polled"]
pub struct Blocks {
    handle: Handle,
    left: vec::IntoIter<Hash>,
    opening: Option<Opening>,
    requested: VecDeque<Responses>,
    /// Why no more are requested. Reported after the blocks that were requested.
    refused: Option<ResponseError>,
}

impl Blocks {
    pub(crate) fn new(handle: Handle, hashes: Vec<Hash>) -> Self {
        Self { handle, left: hashes.into_iter(), opening: None, requested: VecDeque::new(), refused: None }
    }

    /// Waits for the next block. `None` after the last one, and after the end of the connection.
    ///
    /// # Errors
    ///
    /// Why this block is missing. Other blocks may still come, but not after [`ResponseError::Closed`] and
    /// [`ResponseError::Refused`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a block stays until a call returns it.
    pub async fn next(&mut self) -> Option<Result<Block, ResponseError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for futures written by hand.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Block, ResponseError>>> {
        self.poll_requests(cx);
        let Some(first) = self.requested.front_mut() else {
            return if self.opening.is_some() {
                Poll::Pending
            } else {
                Poll::Ready(self.refused.take().map(Err))
            };
        };
        let result = match ready!(first.poll_next(cx)) {
            Some(Ok(response)) => match response.message {
                Message::Block(block) => Ok(block),
                _ => Err(mismatch()),
            },
            Some(Err(error)) => Err(error),
            None => Err(mismatch()),
        };
        self.requested.pop_front();
        if matches!(result, Err(ResponseError::Closed(_))) {
            self.stop();
            self.requested.clear();
        }
        Poll::Ready(Some(result))
    }

    /// Requests as many as may be open at a time.
    fn poll_requests(&mut self, cx: &mut Context<'_>) {
        while self.requested.len() < AT_A_TIME {
            let opening = match &mut self.opening {
                Some(opening) => opening,
                None => match self.left.next() {
                    Some(hash) => self.opening.insert(Box::pin(request(self.handle.clone(), hash))),
                    None => break,
                },
            };
            let Poll::Ready(result) = opening.as_mut().poll(cx) else { break };
            self.opening = None;
            match result {
                Ok(responses) => self.requested.push_back(responses),
                Err(error) => {
                    self.stop();
                    self.refused = Some(error);
                }
            }
        }
    }

    /// Requests no more.
    fn stop(&mut self) {
        (self.left, self.opening, self.refused) = (Vec::new().into_iter(), None, None);
    }
}

async fn request(handle: Handle, block: Hash) -> Result<Responses, ResponseError> {
    let mut items = InventoryList::new();
    // One item always fits.
    items.push(Inventory::block(block)).ok();
    handle.request(Request::Items(items), RequestOptions::new()).await
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks")
            .field("left", &self.left.len())
            .field("requested", &self.requested.len())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
impl futures_core::Stream for Blocks {
    type Item = Result<Block, ResponseError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next(cx)
    }
}
