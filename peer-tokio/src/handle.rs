//! Commands for the machine, from any task.

use core::future::Future;
use std::sync::Arc;

use peer_core::message::Inventory;
use peer_core::{Closed, Hash, Mark, Message, Peer, SendError, Stats, Time};
use tokio::sync::{SemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::shared::Shared;

/// Commands a connection. Clones command the same one.
///
/// A command is a closure that the driver runs on the machine ([`with`](Self::with)); the common ones have
/// methods of their own. At most 16 commands are queued for the driver; further calls wait. A command that
/// the machine refuses returns the error, and the connection continues. After the end each command returns the reason.
///
/// When the last handle is dropped the connection finishes: everything queued is written, including batches of
/// announcements, within the time that the machine allows for each frame. Events continue until then.
/// [`Events`](crate::Events) alone do not keep a connection open, so a task that only listens keeps a handle.
///
/// # Cancel safety
///
/// A command whose future is dropped before it was queued does not run. If the future is dropped later the command
/// still runs, once, and its result is dropped. Call [`reserve`](Self::reserve) first to know which. This holds for
/// every method without a section of its own.
#[derive(Debug)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
}

/// The permission to queue one command. Dropping it unused gives its place back.
///
/// # Cancel safety
///
/// Its methods give the command before they return, and their futures only wait for the answer: dropped, even
/// unpolled, they do not take the command back.
#[derive(Debug)]
pub struct Permit<'a> {
    shared: &'a Arc<Shared>,
    permit: SemaphorePermit<'a>,
}

impl Handle {
    /// The first one of a connection.
    pub(crate) fn new(shared: Arc<Shared>, clock: Clock) -> Self {
        shared.lock().handles = 1;
        Self { shared, clock }
    }

    /// Waits until one command can be queued.
    ///
    /// # Errors
    ///
    /// The reason, if the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost but the turn in the queue of those who wait. With the permit in hand a command is
    /// given without waiting, so that between waiting and commanding there is nothing to cancel.
    pub async fn reserve(&self) -> Result<Permit<'_>, Closed> {
        Permit::reserve(&self.shared).await
    }

    /// Runs `command` on the machine, inside the driver, and returns what it returned.
    ///
    /// The closure may look at everything and command everything. It runs between two polls of the stream, so it should be short, and
    /// if it panics it takes the driver with it.
    ///
    /// ```
    /// use peer_tokio::peer_core::{Hash, SendError};
    ///
    /// /// Asks for what follows a block, and does not ask twice.
    /// async fn follow(peer: &peer_tokio::Handle, newest: Hash) -> Result<bool, SendError> {
    ///     peer.with(move |peer, now| peer.request_blocks(&[newest], Hash::ZERO, now)).await?
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The reason, if the connection has ended.
    pub async fn with<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Peer, Time) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        self.reserve().await?.with(command).await
    }

    /// Queues a message. It is on its way when this returns, and has been handed to the transport when
    /// [`flush`](Self::flush) returns or the machine says so of the [`Mark`].
    ///
    /// # Errors
    ///
    /// As [`Peer::send`]. What to do:
    ///
    /// * [`SendError::Full`]: wait for [`flush`](Self::flush) and try again. Where announcements wait for their batch,
    ///   their room comes back when that has left.
    /// * [`SendError::TooManyRequests`]: wait for answers and try again.
    /// * [`SendError::NeverFits`] and [`SendError::RequestTooLarge`]: never as it is; send or ask for less at a time, or
    ///   raise the limit.
    /// * [`SendError::Closed`]: the connection is over.
    /// * All others: the message itself cannot be sent here.
    pub async fn send(&self, message: impl Into<Message>) -> Result<Mark, SendError> {
        let message = message.into();
        self.reserve().await?.send(message).await
    }

    /// Announces `item` with the next batch; `false` where the remote has it or it waits already.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce`].
    pub async fn announce(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce(item, now)).await?
    }

    /// Announces `item` at once; `false` where the remote has it.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce_now`].
    pub async fn announce_now(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce_now(item, now)).await?
    }

    /// Asks for headers after the first locator entry that the remote knows; `false` where that repeats the
    /// last such request.
    ///
    /// # Errors
    ///
    /// As [`Peer::request_headers`].
    pub async fn request_headers(&self, locator: Vec<Hash>, stop: Hash) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.request_headers(&locator, stop, now)).await?
    }

    /// Notes that the remote has `item`.
    ///
    /// # Errors
    ///
    /// The reason, if the connection has ended.
    pub async fn add_known(&self, item: Inventory) -> Result<(), Closed> {
        self.with(move |peer, now| peer.add_known(&item, now)).await
    }

    /// A snapshot of everything that is counted; after the end, as it was at the end.
    pub async fn stats(&self) -> Stats {
        match self.with(|peer, _| peer.stats()).await {
            Ok(stats) => stats,
            Err(_) => self.shared.end.wait().await.stats.clone(),
        }
    }

    /// Waits until everything that is queued by now, in both lanes, has been handed to the transport and is
    /// flushed there. Announcements are not queued before their batch leaves.
    ///
    /// # Errors
    ///
    /// Why the connection is over, or at once, before the end, that writing failed; some of it may not have
    /// been written then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: queued frames are still written.
    pub async fn flush(&self) -> Result<(), Closed> {
        let mut ends = None;
        let all_out = move |peer: &mut Peer, _| {
            let ends = ends.get_or_insert_with(|| peer.marks());
            ends.iter().all(|end| peer.is_flushed(*end)).then_some(())
        };
        self.reserve().await?.give(all_out).await
    }

    /// Ends the connection at once: what waits to be written, and commands that wait for the driver, are
    /// dropped. [`flush`](Self::flush) first if that matters. Events that were pulled already can still be
    /// asked for.
    ///
    /// The stream is shut down and dropped without waiting for the remote. Over TCP flushed data still
    /// arrives, unless bytes from the remote were unread: then the system may reset the connection. To be sure, flush,
    /// send a ping, and wait for its pong before closing.
    #[doc(alias = "Disconnect")]
    pub fn close(&self) {
        self.shared.tell_driver(|state| state.close = true);
    }

    /// Waits for the end, and returns the reason.
    ///
    /// The end comes after every event before it. If more events wait than [`Events`](crate::Events) buffers, it comes
    /// after the owner has taken them, has dropped its `Events`, or has closed the connection. Until then a remote that
    /// has left is not noticed, and a connection whose writes fail keeps its stream; [`flush`](Self::flush) reports
    /// the failure at once.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost; it can be asked again at any time.
    #[doc(alias = "WaitForDisconnect")]
    pub async fn closed(&self) -> Closed {
        self.shared.end.wait().await.closed.clone()
    }

    /// The instant that a time in [`Stats`] stands for; `None` where it is too far away to be one.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }
}

impl<'a> Permit<'a> {
    pub(crate) async fn reserve(shared: &'a Arc<Shared>) -> Result<Self, Closed> {
        match shared.permits.acquire().await {
            Ok(permit) => Ok(Self { shared, permit }),
            Err(_) => Err(shared.end.wait().await.closed.clone()),
        }
    }

    /// As [`Handle::with`].
    ///
    /// # Errors
    ///
    /// The future's: the reason, if the connection has ended.
    pub fn with<T: Send + 'static, F>(
        self,
        command: F,
    ) -> impl Future<Output = Result<T, Closed>> + Send + use<T, F>
    where
        F: FnOnce(&mut Peer, Time) -> T + Send + 'static,
    {
        let mut command = Some(command);
        self.give(move |peer, now| command.take().map(|command| command(peer, now)))
    }

    /// As [`Handle::send`].
    ///
    /// # Errors
    ///
    /// The future's: as [`Peer::send`].
    pub fn send(self, message: Message) -> impl Future<Output = Result<Mark, SendError>> + Send + use<> {
        let answer = self.with(move |peer, now| peer.send(&message, now));
        async move { answer.await? }
    }

    /// Gives a command that may need several attempts. One that is dropped without having succeeded means that
    /// the connection is over or about to be, or that nothing is written any more.
    fn give<T: Send + 'static, F>(
        self,
        mut attempt: F,
    ) -> impl Future<Output = Result<T, Closed>> + Send + use<T, F>
    where
        F: FnMut(&mut Peer, Time) -> Option<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let mut reply = Some(reply);
        self.permit.forget();
        self.shared.command(Box::new(move |peer, now| match attempt(peer, now) {
            Some(value) => {
                // Nobody may be waiting any more.
                reply.take().map(|reply| reply.send(value));
                true
            }
            None => reply.as_ref().is_none_or(oneshot::Sender::is_closed),
        }));
        let shared = Arc::clone(self.shared);
        async move {
            match answer.await {
                Ok(value) => Ok(value),
                Err(_) => Err(shared.why_dropped().await),
            }
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        let mut state = self.shared.lock();
        state.handles = state.handles.saturating_add(1);
        drop(state);
        Self { shared: Arc::clone(&self.shared), clock: self.clock }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.tell_driver(|state| state.handles = state.handles.saturating_sub(1));
    }
}
