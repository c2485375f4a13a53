//! Commands: what the owner wants of the machine, from any task.

use core::future::Future;
use std::sync::Arc;

use peer_core::message::Inventory;
use peer_core::{Hash, Mark, Message, Peer, SendError, Stats, Time};
use tokio::sync::{SemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::closed::Closed;
use crate::link::{Command, Link};

/// Commands a connection. Clones command the same one.
///
/// A command is a closure that the driver runs on the machine ([`with`](Self::with)); the common ones have
/// methods of their own. At most 16 wait for the driver at a time, more wait for a place. A command that the
/// machine refuses is refused with its error, and the connection lives.
///
/// When the last handle is dropped, what waits to be written is written, with the time the machine allows for
/// each frame, batches of announcements included; then the connection ends. Until then events go on. Living
/// [`Events`](crate::Events) do not keep a connection that nobody can command: a listener keeps a handle.
#[derive(Debug)]
pub struct Handle {
    link: Arc<Link>,
    clock: Clock,
}

/// A place for one command. Dropped without being used, it is given back.
#[derive(Debug)]
pub struct Permit<'a> {
    handle: &'a Handle,
    place: SemaphorePermit<'a>,
}

impl Handle {
    pub(crate) const fn new(link: Arc<Link>, clock: Clock) -> Self {
        Self { link, clock }
    }

    /// Waits for a place for one command.
    ///
    /// # Errors
    ///
    /// Why the connection is over.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost but the turn in the queue of those who wait. With the permit in hand a command is
    /// given without waiting, so that between waiting and commanding there is nothing to cancel.
    pub async fn reserve(&self) -> Result<Permit<'_>, Closed> {
        let place = self.link.place().await?;
        Ok(Permit { handle: self, place })
    }

    /// Runs `command` on the machine, inside the driver, and returns what it returned.
    ///
    /// The closure may look at everything and command everything; it should leave `receive`, `transmit`,
    /// `sent` and `tick` to the driver. It runs between two polls of the stream, so it should be short, and
    /// if it panics it takes the driver with it.
    ///
    /// # Errors
    ///
    /// Why the connection is over.
    ///
    /// # Cancel safety
    ///
    /// Dropped before there was a place, nothing happened. Dropped later, the command runs, and what it
    /// returned is dropped. To know which, [`reserve`](Self::reserve) first.
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
    /// As [`Peer::send`]. With [`SendError::Full`], wait for [`flush`](Self::flush) and try again.
    ///
    /// # Cancel safety
    ///
    /// Dropped before there was a place, the message is dropped with it; dropped later, it is sent all the
    /// same, once. To know which, [`reserve`](Self::reserve) first.
    pub async fn send(&self, message: impl Into<Message>) -> Result<Mark, SendError> {
        let message = message.into();
        self.reserve().await?.send(message).await
    }

    /// Announces `item` with the next batch; `false` where the remote has it or it waits already.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce`].
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    pub async fn announce(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce(item, now)).await?
    }

    /// Announces `item` at once; `false` where the remote has it.
    ///
    /// # Errors
    ///
    /// As [`Peer::announce_now`].
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    pub async fn announce_now(&self, item: Inventory) -> Result<bool, SendError> {
        self.with(move |peer, now| peer.announce_now(item, now)).await?
    }

    /// Asks for headers after the first locator entry that the remote knows; `false` where that repeats the
    /// last such request.
    ///
    /// # Errors
    ///
    /// As [`Peer::request_headers`].
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    pub async fn request_headers(&self, locator: Vec<Hash>, stop: Hash) -> Result<bool, SendError> {
        self.with(move |peer, _| peer.request_headers(&locator, stop)).await?
    }

    /// Notes that the remote has `item`.
    ///
    /// # Errors
    ///
    /// Why the connection is over.
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    pub async fn add_known(&self, item: Inventory) -> Result<(), Closed> {
        self.with(move |peer, now| peer.add_known(&item, now)).await
    }

    /// A snapshot of everything that is counted; after the end, as it was at the end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn stats(&self) -> Stats {
        match self.with(|peer, _| peer.stats()).await {
            Ok(stats) => stats,
            Err(_) => self.link.ended().await.stats.clone(),
        }
    }

    /// Waits until everything that is queued by now, in both lanes, has been handed to the transport.
    /// Announcements are not queued before their batch leaves.
    ///
    /// # Errors
    ///
    /// Why the connection is over; some of it may not have been written then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what is queued is written all the same.
    pub async fn flush(&self) -> Result<(), Closed> {
        let (done, answer) = oneshot::channel();
        self.reserve().await?.give(Command::Flush(done), answer).await
    }

    /// Ends the connection at once: what waits to be written, and commands that wait for the driver, are
    /// dropped. [`flush`](Self::flush) first if that matters. Events that were pulled already can still be
    /// asked for.
    #[doc(alias = "Disconnect")]
    pub fn close(&self) {
        self.link.close();
    }

    /// Waits for the end, and returns the reason.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost; it can be asked again at any time.
    #[doc(alias = "WaitForDisconnect")]
    pub async fn closed(&self) -> Closed {
        self.link.ended().await.closed.clone()
    }

    /// The instant that a time in [`Stats`] stands for; `None` where it is too far away to be one.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        self.clock.instant(time)
    }
}

impl Permit<'_> {
    /// As [`Handle::with`], but the command is given before this returns.
    ///
    /// # Errors
    ///
    /// The future's: why the connection is over.
    ///
    /// # Cancel safety
    ///
    /// The future only waits for the answer: dropped, even unpolled, it does not take the command back.
    pub fn with<T: Send + 'static, F>(
        self,
        command: F,
    ) -> impl Future<Output = Result<T, Closed>> + Send + use<T, F>
    where
        F: FnOnce(&mut Peer, Time) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let run = move |peer: &mut Peer, now| drop(reply.send(command(peer, now)));
        self.give(Command::Run(Box::new(run)), answer)
    }

    /// As [`Handle::send`], but the message is given before this returns.
    ///
    /// # Errors
    ///
    /// The future's: as [`Peer::send`].
    ///
    /// # Cancel safety
    ///
    /// The future only waits for the answer: dropped, even unpolled, it does not take the message back.
    pub fn send(self, message: Message) -> impl Future<Output = Result<Mark, SendError>> + Send + use<> {
        let answer = self.with(move |peer, _| peer.send(&message));
        async move { answer.await? }
    }

    /// Gives a command whose reply comes through `answer`. A command that is dropped without one means that
    /// the connection is over or about to be.
    fn give<T: Send>(
        self,
        command: Command,
        answer: oneshot::Receiver<T>,
    ) -> impl Future<Output = Result<T, Closed>> + Send + use<T> {
        let link = Arc::clone(&self.handle.link);
        link.command(self.place, command);
        async move {
            match answer.await {
                Ok(value) => Ok(value),
                Err(_) => Err(link.ended().await.closed.clone()),
            }
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        self.link.add_handle();
        Self::new(Arc::clone(&self.link), self.clock)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.link.drop_handle();
    }
}
