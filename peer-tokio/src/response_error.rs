//! Why there is no response.

use core::fmt;

use peer_core::message::InventoryList;
use peer_core::{Closed, RequestError, Unanswered};

/// Why a request has no response, or only a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The request was not made.
    Refused(RequestError),
    /// The remote did not respond, or not completely.
    Unanswered {
        /// Why.
        reason: Unanswered,
        /// What is missing: the items, or the blocks whose filters are missing. Empty for all other requests.
        missing: InventoryList,
    },
    /// For 10 s the buffer was full and nothing was taken from it, so nothing was read.
    ///
    /// This happens if the task that takes [`Events`](crate::Events) waits for a response in its own loop. Wait in
    /// another task, or call [`Events::only`](crate::Events::only) if you need only responses. It also happens if
    /// another [`Responses`](crate::Responses) is kept and not polled.
    EventsNotTaken,
    /// The connection is over.
    Closed(Closed),
}

impl ResponseError {
    /// Whether the remote broke the protocol.
    #[must_use]
    pub fn is_misbehaviour(&self) -> bool {
        match self {
            Self::Unanswered { reason, .. } => reason.is_misbehaviour(),
            Self::Closed(closed) => closed.reason.is_misbehaviour(),
            Self::Refused(_) | Self::EventsNotTaken => false,
        }
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => fmt::Display::fmt(error, f),
            Self::Unanswered { reason, missing } if missing.is_empty() => fmt::Display::fmt(reason, f),
            Self::Unanswered { reason, missing } => write!(f, "{reason}: {} missing", missing.len()),
            Self::EventsNotTaken => f.write_str(
                "events were not taken for 10 s, so nothing was read: take them in another task than the one that waits",
            ),
            Self::Closed(closed) => fmt::Display::fmt(closed, f),
        }
    }
}

impl core::error::Error for ResponseError {}

impl From<RequestError> for ResponseError {
    fn from(error: RequestError) -> Self {
        Self::Refused(error)
    }
}

impl From<Closed> for ResponseError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}
