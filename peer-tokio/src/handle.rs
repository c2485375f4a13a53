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

    /// Waits until there is room for a message and queues it. It is on its way when this returns, and has been handed to the
    /// transport when [`flush`](Self::flush) returns or the machine says so of the [`Mark`].
    ///
    /// In the task that takes the events of the connection, wait for [`room`](Self::room) beside them instead, or
    /// [`try_send`](Self::try_send): two ends of which neither takes events while it waits for room lock each other up.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send), but for [`SendError::Full`].
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for room it does not queue the message. Otherwise as the other commands.
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
    /// * [`SendError::NeverFits`] and [`SendError::RequestTooLarge`]: never as it is; send or ask for less at a time, or
    ///   raise the limit.
    /// * [`SendError::Closed`]: the connection is over.
    /// * All others: the message itself cannot be sent here.
    pub async fn try_send(&self, message: impl Into<Message>) -> Result<Mark, SendError> {
        let message = message.into();
        self.reserve().await?.try_send(message).await
    }

    /// Waits until frames of so many bytes together, 24 for each header included, can be queued; where that is more than
    /// the [send limit](peer_core::ConfigBuilder::send_limit), until nothing of the owner's waits. It first waits for the
    /// handshake. Those who wait are served in order. Room is not reserved: another task may use it first.
    ///
    /// Made to be awaited beside the events, so that they are taken while the remote does not take what we send:
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
    /// Why the connection is over, or at once, before the end, that writing failed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost but the turn among those who wait.
    pub async fn room(&self, bytes: usize) -> Result<(), Closed> {
        let permit = self.reserve().await?;
        let mut place = Place(Some(&self.shared));
        let result = permit.give(|reply| Command::Room(bytes, reply)).await;
        place.0 = None;
        result
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

    /// As [`stats`](Self::stats), without waiting: as it was when the driver last ran. Made for code that is not async, as an
    /// exporter of metrics. From the first call on the driver keeps a copy at hand, so `None` is returned until it has run
    /// once more.
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

    /// Waits until everything that is queued by now, in both lanes, has been handed to the transport and is
    /// flushed there. Announcements are not queued before their batch leaves.
    ///
    /// # Errors
    ///
    /// Why the connection is over, or at once, before the end, that writing failed; some of it may not have
    /// been written then. If the owner ended it in order, and everything that was queued is written, there is no
    /// error.
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

    /// Ends the connection in order: everything queued is written, including batches of announcements, then our direction of
    /// the stream is shut down, and what comes is read and dropped until the remote ends its own. So the remote gets our last
    /// words, which a system may lose if it closes a connection with unread input. Returns the reason, which is
    /// [`Error::ClosedByOwner`](peer_core::Error::ClosedByOwner) unless something else happened first.
    ///
    /// It is over at `deadline` at the latest, written or not; and 5 s, or 16 MiB of input, after the last word.
    /// Commands given before still run, and later ones that queue something are refused. Events are dropped from now on.
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

    /// Ends the connection at once: what waits to be written, and commands that wait for the driver, are
    /// dropped. [`flush`](Self::flush) first if that matters. Events that were pulled already can still be
    /// asked for.
    ///
    /// The stream is shut down and dropped without waiting for the remote. Over TCP flushed data still
    /// arrives, unless bytes from the remote were unread: then the system may reset the connection.
    /// [`leave`](Self::leave) has no such losses.
    #[doc(alias = "Disconnect")]
    pub fn close(&self) {
        self.shared.tell_driver(|state| state.close = true);
    }

    /// Waits for the end, and returns the reason.
    ///
    /// The end comes after every event before it. If more events wait than [`Events`](crate::Events) buffers, it comes
    /// after the owner has taken them, has [discarded](crate::Events::discard) them, or has closed the connection. Until then a remote that
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

    /// Why the connection has ended, and how everything stood then; `None` while it is open. [`closed`](Self::closed) waits
    /// for it.
    #[must_use]
    #[doc(alias = "Connected")]
    pub fn end(&self) -> Option<(&Closed, &Stats)> {
        self.shared.end.get().map(|end| (&end.closed, &end.stats))
    }

    /// The instant that a time in [`Stats`] stands for; `None` where it is too far away to be one.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }
}

/// The place of one who waits for room. Where it is given up, the driver looks at those behind it.
struct Place<'a>(Option<&'a Shared>);

impl Drop for Place<'_> {
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
