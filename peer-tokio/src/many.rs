//! Commands for many connections: a message is encoded once, and announced to each remote in the way it wants.

use peer_core::{Announced, Announcement, EncodedFrame, Mark, Peer, SendError, Time};

use crate::Closed;
use crate::handle::Handle;
use crate::permit::Permit;

impl Handle {
    /// Waits until there is room for a message that was encoded before, and queues it, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As [`Peer::send_encoded`], except [`SendError::Full`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it waits for room, the message is not queued. Otherwise as the other commands.
    pub async fn send_encoded(&self, frame: &EncodedFrame) -> Result<Mark, SendError> {
        loop {
            match self.try_send_encoded(frame).await {
                Err(SendError::Full { wanted, .. }) => self.room(wanted).await?,
                result => return result,
            }
        }
    }

    /// Queues a message that was encoded before, if there is room for it.
    ///
    /// # Errors
    ///
    /// As [`Peer::send_encoded`]. [`try_send`](Self::try_send) says what to do about each.
    pub async fn try_send_encoded(&self, frame: &EncodedFrame) -> Result<Mark, SendError> {
        let frame = frame.clone();
        self.with(move |peer, now| peer.send_encoded(&frame, now)).await?
    }

    /// Announces something new if the remote wants to hear of it, in the way it wants.
    ///
    /// [`Peer::announce_as_wanted`] has the rules.
    pub async fn announce_as_wanted(&self, announcement: &Announcement) -> Announced {
        let announcement = announcement.clone();
        let done = self.with(move |peer, now| peer.announce_as_wanted(&announcement, now)).await;
        done.unwrap_or_else(|closed| Announced::Refused(closed.into()))
    }
}

/// Queues `frame` for each connection that has room for it, and returns the results in the same order.
///
/// It does not wait for room. If the frame does not fit, the result is [`SendError::Full`]; call
/// [`Handle::send_encoded`] for that connection alone. It returns when every driver has run the command.
///
/// ```
/// use peer_tokio::peer_core::{CodecError, Message, Network, ProtocolVersion};
///
/// async fn relay(peers: &[peer_tokio::Handle], block: Message) -> Result<(), CodecError> {
///     let frame = block.encode_frame(Network::MAINNET, ProtocolVersion::LATEST)?;
///     let sent = peer_tokio::send_encoded_to(peers, &frame).await;
///     println!("queued for {} of {}", sent.iter().flatten().count(), sent.len());
///     Ok(())
/// }
/// ```
///
/// # Cancel safety
///
/// If the future is dropped, the frame may be queued for some of the connections. Commands that were given still run.
pub async fn send_encoded_to<'a>(
    handles: impl IntoIterator<Item = &'a Handle>,
    frame: &EncodedFrame,
) -> Vec<Result<Mark, SendError>> {
    let command = || {
        let frame = frame.clone();
        move |peer: &mut Peer, now: Time| peer.send_encoded(&frame, now)
    };
    let results = run_on_each(handles.into_iter().collect(), command).await;
    results.into_iter().map(|result| result.unwrap_or_else(|closed| Err(closed.into()))).collect()
}

/// Announces something new to each connection whose remote wants to hear of it, and returns what was done for each, in
/// their order.
///
/// [`Peer::announce_as_wanted`] has the rules. It returns when every driver has run the command.
///
/// # Cancel safety
///
/// As [`send_encoded_to`].
pub async fn announce_to<'a>(
    handles: impl IntoIterator<Item = &'a Handle>,
    announcement: &Announcement,
) -> Vec<Announced> {
    let command = || {
        let announcement = announcement.clone();
        move |peer: &mut Peer, now: Time| peer.announce_as_wanted(&announcement, now)
    };
    let results = run_on_each(handles.into_iter().collect(), command).await;
    let done = |result: Result<_, Closed>| result.unwrap_or_else(|closed| Announced::Refused(closed.into()));
    results.into_iter().map(done).collect()
}

/// Gives each connection a command before it waits for any result, so that all drivers work at the same time. Those whose
/// 16 places for commands are taken come last, one after the other.
async fn run_on_each<T, F>(handles: Vec<&Handle>, command: impl Fn() -> F) -> Vec<Result<T, Closed>>
where
    T: Send + 'static,
    F: FnOnce(&mut Peer, Time) -> T + Send + 'static,
{
    let given: Vec<_> = handles
        .iter()
        .map(|handle| Permit::try_reserve(&handle.shared).map(|permit| permit.with(command())))
        .collect();
    let mut results = Vec::with_capacity(given.len());
    for (handle, given) in handles.iter().zip(given) {
        results.push(match given {
            Some(answer) => answer.await,
            None => handle.with(command()).await,
        });
    }
    results
}
