//! Commands for the machine, from any task.

use core::future::Future;
use std::sync::Arc;

use peer_core::message::Inventory;
use peer_core::{Closed, Hash, Mark, Message, Peer, SendError, Stats, Time};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::permit::Permit;
use crate::shared::{Command, Shared};

/// Commands a connection. Clones command the same one.
///
/// A command is a closure that the driver runs on the machine ([`with`](Self::with)); the common ones have
/// methods of their own. At most 16 commands are queued for the driver; further calls wait. A command that
/// the machine refuses returns the error, and the connection continues. After the end each command returns the reason.
///
/// When the last handle is dropped the connection ends in order, as by [`leave`](Self::leave) without a deadline:
/// everything queued is written, including batches of announcements, within the time that the machine allows for each
/// frame. Events continue until then.
/// [`Events`](crate::Events) alone do not keep a connection open, so a task that only listens keeps a handle.
///
/// A command waits 10 s for a driver that has never run, and then fails with
/// [`Error::NeverDriven`](peer_core::Error::NeverDriven). This needs a tokio runtime with its timer enabled.
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
    /// Dropping the future gives up its turn in the queue and loses nothing else. With a permit, a command is given
    /// without waiting.
    pub async fn reserve(&self) -> Result<Permit<'_>, Closed> {
        Permit::reserve(&self.shared).await
    }

    /// Runs `command` on the machine, inside the driver, and returns what it returned.
    ///
    /// The closure may read and command everything. It runs between two polls of the stream, so keep it short. If it
    /// panics, the driver panics too.
    ///
    /// ```
    /// use peer_tokio::peer_core::{Hash, SendError};
    ///
    /// /// Requests what follows a block, once.
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

    /// Waits until there is room for a message, and queues it. It has been handed to the transport when
    /// [`flush`](Self::flush) returns, or when [`Peer::is_flushed`] says so of the [`Mark`].
    ///
    /// Do not wait for this in the task that takes the events: if both ends wait for room without taking events, both
    /// wait for ever. Use [`try_send`](Self::try_send) there, and wait for [`room`](Self::room) beside the events.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send), except [`SendError::Full`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it waits for room, the message is not queued. Otherwise as the other commands.
    pub async fn send(&self, message: impl Into<Message>) -> Result<Mark, SendError> {
        let mut message = message.into();
        loop {
            let attempt = move |peer: &mut Peer, now| match peer.send(&message, now) {
                Err(SendError::Full { wanted, .. }) => Err((wanted, message)),
                result => Ok(result),
            };
            match self.with(attempt).await? {
                Ok(result) => return result,
                Err((wanted, refused)) => {
                    self.room(wanted).await?;
                    message = refused;
                }
            }
        }
    }

    /// Queues a message if there is room for it.
    ///
    /// # Errors
    ///
    /// As [`Peer::send`]. What to do:
    ///
    /// * [`SendError::Full`]: wait for [`room`](Self::room) and try again.
    /// * [`SendError::TooManyRequests`]: wait for answers and try again.
    /// * [`SendError::NeverFits`] and [`SendError::RequestTooLarge`]: send or request less at a time, or raise the
    ///   limit.
    /// * [`SendError::Closed`]: the connection is over.
    /// * All others: this message cannot be sent on this connection.
    pub async fn try_send(&self, message: impl Into<Message>) -> Result<Mark, SendError> {
        let message = message.into();
        self.reserve().await?.try_send(message).await
    }

    /// Waits until frames of `bytes` in total can be queued, 24 bytes for each header included. If `bytes` exceeds the
    /// [send limit](peer_core::ConfigBuilder::send_limit), it waits until none of the owner's frames wait. Before the
    /// handshake is complete there is no room. Waiting callers are served in order. Room is not reserved: another task
    /// may use it first.
    ///
    /// Await it beside the events, so that they are taken while the remote takes nothing:
    ///
    /// ```
    /// # use std::collections::VecDeque;
    /// # use peer_tokio::peer_core::{Event, Message, SendError};
    /// # async fn serve(peer: peer_tokio::Handle, mut events: peer_tokio::Events) -> Result<(), SendError> {
    /// let mut answers = VecDeque::<Message>::new();
    /// loop {
    ///     tokio::select! {
    ///         event = events.next() => match event {
    ///             Some(Event::Message(message)) => println!("{}", message.command()), // which asks for answers
    ///             Some(_) => {}
    ///             None => return Ok(()),
    ///         },
    ///         Ok(()) = peer.room(1 << 20), if !answers.is_empty() => {
    ///             let Some(answer) = answers.pop_front() else { continue };
    ///             peer.try_send(answer).await?;
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Why the connection ended, or, before its end, that writing has failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its turn and loses nothing else.
    pub async fn room(&self, bytes: usize) -> Result<(), Closed> {
        let permit = self.reserve().await?;
        let mut guard = RoomGuard(Some(&self.shared));
        let result = permit.give(|reply| Command::Room(bytes, reply)).await;
        guard.0 = None;
        result
    }

    /// Announces `item` with the next batch. Returns `false` if the remote has it or it waits already.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce`].
    pub async fn announce(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce(item, now)).await?
    }

    /// Announces `item` at once. Returns `false` if the remote has it.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce_now`].
    pub async fn announce_now(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce_now(item, now)).await?
    }

    /// Requests headers after the first locator entry that the remote knows. Returns `false` if this repeats the last
    /// such request.
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

    /// A snapshot of all statistics; after the end, as they were then.
    pub async fn stats(&self) -> Stats {
        match self.with(|peer, _| peer.stats()).await {
            Ok(stats) => stats,
            Err(_) => self.shared.end.wait().await.stats.clone(),
        }
    }

    /// As [`stats`](Self::stats), without waiting: as they were when the driver ran last. For code that is not async,
    /// such as a metrics exporter. The driver keeps a copy from the first call on, so the first call returns `None`.
    #[must_use]
    pub fn latest_stats(&self) -> Option<Stats> {
        if let Some((_, stats)) = self.end() {
            return Some(stats.clone());
        }
        let latest = self.shared.snapshot.look();
        if latest.is_none() {
            self.shared.driver.wake();
        }
        latest
    }

    /// Waits until everything that is queued now, in both lanes, has been handed to the transport and flushed. An
    /// announcement is queued when its batch leaves.
    ///
    /// # Errors
    ///
    /// Why the connection ended, or, before its end, that writing has failed; then some of it may not have been
    /// written. If the owner ended the connection in order and everything was written, there is no error.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: queued frames are still written.
    pub async fn flush(&self) -> Result<(), Closed> {
        let flushed = match self.reserve().await {
            Ok(permit) => permit.give(Command::Flush).await,
            Err(closed) => Err(closed),
        };
        flushed.or_else(|closed| match self.shared.end.get() {
            Some(end) if end.is_flushed => Ok(()),
            _ => Err(closed),
        })
    }

    /// Ends the connection in order. Everything queued is written, including batches of announcements, and our
    /// direction of the stream is shut down. What arrives is discarded until the remote ends its direction: a system
    /// that closes a connection with unread input may lose our last messages. Returns the reason, which is
    /// [`Error::ClosedByOwner`](peer_core::Error::ClosedByOwner) unless the connection ended earlier for another.
    ///
    /// The connection ends at `deadline` at the latest, and at most 5 s or 16 MiB of input after the last message.
    /// Commands given before still run. Later ones that queue something are refused. Events are dropped from now on.
    ///
    /// # Cancel safety
    ///
    /// The connection leaves, whether the future is polled or dropped.
    pub fn leave(&self, deadline: Instant) -> impl Future<Output = Closed> + Send + use<> {
        let deadline = self.clock.time(deadline);
        drop(self.shared.tell_driver(|state| {
            if self.shared.end.get().is_none() {
                state.leave(deadline);
            }
            state.discard()
        }));
        self.shared.owner.wake();
        let shared = Arc::clone(&self.shared);
        async move { shared.end.wait().await.closed.clone() }
    }

    /// Ends the connection at once. Frames and commands that wait are dropped; [`flush`](Self::flush) first to write
    /// them. Events that were pulled already can still be taken.
    ///
    /// The stream is shut down and dropped without waiting for the remote. Over TCP, flushed data still arrives, unless
    /// bytes of the remote were unread: then the system may reset the connection. [`leave`](Self::leave) avoids that.
    #[doc(alias = "Disconnect")]
    pub fn close(&self) {
        self.shared.tell_driver(|state| state.close = true);
    }

    /// Waits for the end, and returns the reason.
    ///
    /// All earlier events come first. If more events wait than [`Events`](crate::Events) buffers, the end comes after
    /// the owner has taken them, has [discarded](crate::Events::discard) them, or has closed the connection. Until then
    /// the end of the remote is not noticed, and a connection whose writes fail keeps its stream.
    /// [`flush`](Self::flush) reports that failure at once.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost. It may be called again at any time.
    #[doc(alias = "WaitForDisconnect")]
    pub async fn closed(&self) -> Closed {
        self.shared.end.wait().await.closed.clone()
    }

    /// Why the connection has ended, and the statistics at its end; `None` while it is open. [`closed`](Self::closed)
    /// waits for the end.
    #[must_use]
    #[doc(alias = "Connected")]
    pub fn end(&self) -> Option<(&Closed, &Stats)> {
        self.shared.end.get().map(|end| (&end.closed, &end.stats))
    }

    /// The instant of a time in [`Stats`]; `None` if it is too far away for an instant.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }
}

/// A wait for room. If it is given up, the driver checks those queued behind it.
struct RoomGuard<'a>(Option<&'a Shared>);

impl Drop for RoomGuard<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            shared.driver.wake();
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
