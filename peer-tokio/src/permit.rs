//! The permission to give one command.

use core::future::Future;
use std::sync::Arc;

use peer_core::{Closed, Mark, Message, Peer, SendError, Time};
use tokio::sync::SemaphorePermit;
use tokio::sync::oneshot::{self, Sender};

use crate::shared::{Command, Shared};

/// The permission to queue one command. Dropping it unused releases its slot.
///
/// # Cancel safety
///
/// Its methods give the command before they return. Their futures only wait for the result: dropping one, even
/// unpolled, does not take the command back.
#[derive(Debug)]
pub struct Permit<'a> {
    shared: &'a Arc<Shared>,
    permit: SemaphorePermit<'a>,
}

impl<'a> Permit<'a> {
    pub(crate) async fn reserve(shared: &'a Arc<Shared>) -> Result<Self, Closed> {
        match shared.driven(shared.permits.acquire()).await? {
            Ok(permit) => Ok(Self { shared, permit }),
            Err(_) => Err(shared.end.wait().await.closed.clone()),
        }
    }

    /// A permit, if one is free now.
    pub(crate) fn try_reserve(shared: &'a Arc<Shared>) -> Option<Self> {
        shared.permits.try_acquire().ok().map(|permit| Self { shared, permit })
    }

    /// As [`Handle::with`](crate::Handle::with).
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
        self.give(|reply| {
            Command::Run(Box::new(move |peer, now| {
                // The caller may have stopped waiting.
                reply.send(command(peer, now)).ok();
            }))
        })
    }

    /// As [`Handle::try_send`](crate::Handle::try_send).
    ///
    /// # Errors
    ///
    /// The future's: as [`Peer::send`].
    pub fn try_send(self, message: Message) -> impl Future<Output = Result<Mark, SendError>> + Send + use<> {
        let answer = self.with(move |peer, now| peer.send(&message, now));
        async move { answer.await? }
    }

    /// Gives a command with the channel for its result. If the channel is dropped without a result, the connection has
    /// ended or is about to, or writing has failed.
    pub(crate) fn give<T, F>(self, command: F) -> impl Future<Output = Result<T, Closed>> + use<T, F>
    where
        F: FnOnce(Sender<T>) -> Command,
    {
        let (reply, answer) = oneshot::channel();
        self.permit.forget();
        self.shared.command(command(reply));
        let shared = Arc::clone(self.shared);
        async move {
            match shared.driven(answer).await? {
                Ok(value) => Ok(value),
                Err(_) => Err(shared.why_dropped().await),
            }
        }
    }
}
