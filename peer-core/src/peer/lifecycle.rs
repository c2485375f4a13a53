//! The state of a connection, with the data that only this state has. Entering a state drops the data of the last one.
//!
//! ```text
//!                   their version              our owner pulls again
//! AwaitingVersion ────────────────► VersionReceived ───────────────► AwaitingVerack ─────────────► Established
//!  outbound: our version             Event::Version is held;          inbound: our version          their verack;
//!  is queued at the start            checked next: its number         and verack are queued         outbound: our
//!                                                                                                   verack is queued
//!
//! any of these ───► Failed             below version 9 perhaps ───► Closing ───► Failed
//!                                       a last reject is queued      it is written
//! any of these ───► Lingering ───► Failed
//!        the owner left   the remote does,
//!        and all is       or time is over
//!        written
//! ```

use alloc::boxed::Box;

use super::batch::Trickle;
use super::close::{Closing, Finish};
use super::deadline::Deadline;
use super::early::Early;
use super::handshake::PendingHandshake;
use super::keepalive::Keepalive;
use super::matched::{Closed, Match};
use super::requests::Requests;
use crate::error::{Error, SendError};
use crate::frame::FrameReader;
use crate::hash::Hash;
use crate::message::Message;
use crate::node::NonceGuard;
use crate::time::Time;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) enum Lifecycle {
    /// The remote has not sent its `version`.
    AwaitingVersion { handshake: PendingHandshake },
    /// The remote's `version` was handed to the owner, who has not pulled since.
    VersionReceived { handshake: PendingHandshake },
    /// Both versions were exchanged; the remote's `verack` is due.
    AwaitingVerack { handshake: PendingHandshake, early: Early },
    /// The handshake is complete.
    Established(Session),
    /// The connection fails for this reason as soon as what is queued is written.
    Closing(Box<Closing>),
    /// The owner left, and everything is written. Input is discarded until the remote ends its stream.
    Lingering { until: Deadline, most_received: u64 },
    /// The connection failed for this reason.
    Failed(Box<Error>),
}

/// Data of an established connection.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) reader: FrameReader,
    /// Frames that came before the remote's `verack` and are still to be delivered.
    pub(crate) early: Early,
    pub(crate) keepalive: Keepalive,
    pub(crate) trickle: Trickle,
    /// `None` if no request is open, which is the usual case.
    pub(crate) requests: Option<Box<Requests>>,
    pub(crate) finish: Option<Box<Finish>>,
}

impl Session {
    pub(crate) fn new(handshake: PendingHandshake, early: Early, keepalive: Keepalive) -> Self {
        let PendingHandshake { nonce: _, guard: _, reader, trickle, finish } = handshake;
        Self { reader, early, keepalive, trickle, requests: None, finish }
    }

    /// Whether no request is open, nothing waits, and the owner did not end it.
    pub(crate) fn is_idle(&self) -> bool {
        self.requests.is_none() && self.finish.is_none() && self.trickle.due().is_none()
    }

    /// A request was written. Returns whether it is the first with something due.
    pub(crate) fn on_request_written(&mut self, waited: Time) -> bool {
        debug_assert!(self.requests.is_some(), "a request that waits to be written is open");
        let is_first = self.requests.as_mut().is_some_and(|open| open.on_written(waited));
        self.requests.take_if(|open| open.is_empty());
        is_first
    }

    /// Closes the request that `message` responds to, whose payload has this hash.
    pub(crate) fn close_request(
        &mut self,
        message: &Message,
        hash: &Hash,
        waited: Time,
        shown: usize,
    ) -> Closed {
        let none = || Closed::from(Match::Nothing);
        let closed =
            self.requests.as_mut().map_or_else(none, |open| open.close(message, hash, waited, shown));
        self.requests.take_if(|open| open.is_empty());
        closed
    }
}

impl Lifecycle {
    pub(crate) const fn session(&self) -> Option<&Session> {
        let Self::Established(session) = self else { return None };
        Some(session)
    }

    pub(crate) const fn session_mut(&mut self) -> Option<&mut Session> {
        let Self::Established(session) = self else { return None };
        Some(session)
    }

    /// The session, if the owner may queue something.
    pub(crate) fn open_session(&mut self) -> Result<&mut Session, SendError> {
        self.can_send()?;
        self.session_mut().ok_or(SendError::NotEstablished)
    }

    /// Whether the owner may queue something.
    pub(crate) fn can_send(&self) -> Result<(), SendError> {
        match self {
            Self::Closing(closing) => Err(closing.reason.clone().into()),
            Self::Failed(error) => Err(Error::clone(error).into()),
            Self::Lingering { .. } => Err(Error::ClosedByOwner.into()),
            _ if self.finish().is_some() => Err(Error::ClosedByOwner.into()),
            Self::Established(_) => Ok(()),
            Self::AwaitingVersion { .. } | Self::VersionReceived { .. } | Self::AwaitingVerack { .. } => {
                Err(SendError::NotEstablished)
            }
        }
    }

    /// Whether bytes of the remote are only discarded.
    pub(crate) const fn is_lingering(&self) -> bool {
        matches!(self, Self::Lingering { .. })
    }

    /// Whether bytes of the remote are still read.
    pub(crate) const fn reads(&self) -> bool {
        self.reader().is_some()
    }

    pub(crate) const fn reader(&self) -> Option<&FrameReader> {
        match self {
            Self::AwaitingVersion { handshake }
            | Self::VersionReceived { handshake }
            | Self::AwaitingVerack { handshake, .. } => Some(&handshake.reader),
            Self::Established(session) => Some(&session.reader),
            Self::Closing(_) | Self::Lingering { .. } | Self::Failed(_) => None,
        }
    }

    /// What must happen before the connection ends, if the owner wants it to end.
    pub(crate) fn finish(&self) -> Option<Finish> {
        match self {
            Self::AwaitingVersion { handshake }
            | Self::VersionReceived { handshake }
            | Self::AwaitingVerack { handshake, .. } => handshake.finish.as_deref().copied(),
            Self::Established(session) => session.finish.as_deref().copied(),
            Self::Closing(_) | Self::Lingering { .. } | Self::Failed(_) => None,
        }
    }

    /// Notes what must happen first. A connection that ends for another reason waits for nothing.
    pub(crate) fn set_finish(&mut self, left: Finish) {
        match self {
            Self::AwaitingVersion { handshake }
            | Self::VersionReceived { handshake }
            | Self::AwaitingVerack { handshake, .. } => handshake.finish = Some(Box::new(left)),
            Self::Established(session) => session.finish = Some(Box::new(left)),
            Self::Closing(_) | Self::Lingering { .. } | Self::Failed(_) => {}
        }
    }

    /// The latest time at which a connection ends that its owner left.
    pub(crate) fn leave_by(&self) -> Option<Deadline> {
        match self {
            Self::Closing(closing) => closing.by,
            Self::Lingering { until, .. } => Some(*until),
            _ => self.finish()?.leave_by,
        }
    }

    pub(crate) fn leave_by_mut(&mut self) -> Option<&mut Deadline> {
        match self {
            Self::AwaitingVersion { handshake }
            | Self::VersionReceived { handshake }
            | Self::AwaitingVerack { handshake, .. } => handshake.finish.as_mut()?.leave_by.as_mut(),
            Self::Established(session) => session.finish.as_mut()?.leave_by.as_mut(),
            Self::Closing(closing) => closing.by.as_mut(),
            Self::Lingering { until, .. } => Some(until),
            Self::Failed(_) => None,
        }
    }

    /// Whether the other end of this handshake turned out to be this node.
    pub(crate) fn saw_self(&self) -> bool {
        match self {
            Self::AwaitingVersion { handshake }
            | Self::VersionReceived { handshake }
            | Self::AwaitingVerack { handshake, .. } => {
                handshake.guard.as_ref().is_some_and(NonceGuard::saw_self)
            }
            Self::Established(_) | Self::Closing(_) | Self::Lingering { .. } | Self::Failed(_) => false,
        }
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        let Self::Failed(error) = self else { return None };
        Some(error)
    }
}
