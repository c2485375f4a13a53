//! Accepts connections for a set, within limits.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token, event};
use peer_core::{AcceptLimits, Direction, Refused, Time, accept_can_continue};
use rand_core::Rng;

use crate::clock::connection_info;
use crate::entry::PeerId;
use crate::outcome::InsertError;
use crate::peers::Peers;
use crate::transport::{Transport, attempt};

/// Pause after the system could not accept, in case no file descriptor is free.
const RETRY: Duration = Duration::from_millis(100);

/// Most connections that are accepted or refused before the owner polls again.
const BATCH: usize = 64;

/// Accepts connections of a listener into a [`Peers`], within limits for all and for each host.
///
/// A connection above a limit is closed at once, so that its remote does not wait. When the system cannot accept, as where
/// no file descriptor is free, the acceptor pauses for 100 ms, and what waits stays in the listener's queue.
///
/// ```no_run
/// use mio::{Events, Poll};
/// use peer_mio::{AcceptLimits, Acceptor, Peers};
/// use rand_core::Rng;
///
/// fn turn<R: Rng>(poll: &mut Poll, events: &mut Events, acceptor: &mut Acceptor, peers: &mut Peers<R>) {
///     let timeout = peers.timeout().into_iter().chain(acceptor.timeout(peers)).min();
///     if poll.poll(events, timeout).is_ok() {
///         for event in &*events {
///             let _is_known = peers.ready(event) || acceptor.ready(event);
///         }
///     }
///     while let Some(accepted) = acceptor.accept(peers, 0) {
///         match accepted {
///             Ok((id, address)) => println!("{id} is {address}"),
///             Err(error) => println!("{error}"),
///         }
///     }
///     while let Some((id, happened)) = peers.next_event() {
///         println!("{id}: {happened:?}");
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    token: Token,
    limits: AcceptLimits,
    /// The hosts of connections that are counted, until they have ended.
    accepted: BTreeMap<PeerId, IpAddr>,
    /// The poll reported connections once, so this stays set until `accept` would block.
    is_ready: bool,
    /// The system could not accept. It is not asked again before this time.
    paused_until: Option<Time>,
    /// What is left of the batch.
    left: usize,
}

/// Why a connection was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// A limit is reached. The connection was closed.
    #[error("refused {address}: {reason}")]
    Refused {
        /// The address that was refused.
        address: SocketAddr,
        /// The limit.
        reason: Refused,
    },
    /// The set did not take it. The connection was closed.
    #[error("refused {address}: {reason}")]
    Insert {
        /// The address that was refused.
        address: SocketAddr,
        /// Why.
        reason: InsertError,
    },
    /// The system could not accept. It is asked again after 100 ms, or at once if [only that one
    /// connection](accept_can_continue) is lost.
    #[error("cannot accept: {0}")]
    Io(#[from] io::Error),
}

impl Acceptor {
    /// Registers the listener with `token`, which must be outside of the range of any [`Peers`] on this registry.
    ///
    /// # Errors
    ///
    /// The system cannot register it.
    pub fn new(
        registry: &Registry,
        token: Token,
        mut listener: TcpListener,
        limits: AcceptLimits,
    ) -> io::Result<Self> {
        registry.register(&mut listener, token, Interest::READABLE)?;
        let accepted = BTreeMap::new();
        Ok(Self { listener, token, limits, accepted, is_ready: false, paused_until: None, left: BATCH })
    }

    /// Notes the readiness in an event of the poll. Returns `false` if its token is not the listener's.
    pub fn ready(&mut self, event: &event::Event) -> bool {
        let is_ours = event.token() == self.token;
        self.is_ready |= is_ours;
        is_ours
    }

    /// Accepts the next waiting connection, and inserts it in `peers`, which must be the same set at every call.
    /// `best_height` is the height that our `version` tells. Returns `None` if none waits, after 64 in a row, and
    /// during a pause. Poll again then.
    ///
    /// # Errors
    ///
    /// Why the next connection was not taken. More may wait: call again until `None`.
    pub fn accept<R: Rng, S: Transport + From<TcpStream>>(
        &mut self,
        peers: &mut Peers<R, S>,
        best_height: i32,
    ) -> Option<Result<(PeerId, SocketAddr), AcceptError>> {
        let now = peers.now();
        let is_paused = self.paused_until.is_some_and(|until| now < until);
        if !self.is_ready || is_paused || self.left == 0 {
            self.left = BATCH;
            return None;
        }
        self.paused_until = None;
        match attempt(|| self.listener.accept()).transpose() {
            None => {
                self.is_ready = false;
                self.left = BATCH;
                None
            }
            Some(Ok((stream, address))) => {
                self.left = self.left.saturating_sub(1);
                Some(self.admit(stream, address, peers, best_height))
            }
            Some(Err(error)) => {
                self.left = self.left.saturating_sub(1);
                if !accept_can_continue(&error) {
                    self.paused_until = Some(now + RETRY);
                }
                Some(Err(error.into()))
            }
        }
    }

    /// How long the poll may sleep: not at all while connections may wait, and until the end of a pause.
    #[must_use]
    pub fn timeout<R: Rng, S: Transport>(&self, peers: &Peers<R, S>) -> Option<Duration> {
        let until = self.paused_until.unwrap_or(Time::ZERO);
        self.is_ready.then(|| until.saturating_since(peers.now()))
    }

    /// The listener, for its address.
    #[must_use]
    pub const fn listener(&self) -> &TcpListener {
        &self.listener
    }

    fn admit<R: Rng, S: Transport + From<TcpStream>>(
        &mut self,
        stream: TcpStream,
        address: SocketAddr,
        peers: &mut Peers<R, S>,
        best_height: i32,
    ) -> Result<(PeerId, SocketAddr), AcceptError> {
        let limits = &mut self.limits;
        self.accepted.retain(|id, host| {
            let is_open = peers.contains(*id);
            if !is_open {
                limits.release(*host);
            }
            is_open
        });
        limits.admit(address.ip()).map_err(|reason| AcceptError::Refused { address, reason })?;
        let info = connection_info(address, best_height);
        match peers.insert(stream.into(), Direction::Inbound, info) {
            Ok(id) => {
                self.accepted.insert(id, address.ip());
                Ok((id, address))
            }
            Err(reason) => {
                limits.release(address.ip());
                Err(AcceptError::Insert { address, reason })
            }
        }
    }
}
