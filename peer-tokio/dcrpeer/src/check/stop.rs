//! Why a check stops before its end.

use peer_core::{FrameError, Message};

use crate::error::{Failure, chain};

/// What a check finds: evidence that the node passes, or why it stopped.
pub(super) type Outcome = Result<String, Stop>;

/// Why a check stops before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The node did not do what the check demands.
    Fail(String),
    /// The check cannot tell, for this reason.
    Skip(String),
    /// The node closed the connection without a byte, as it does where it is full or has banned this host.
    TurnedAway,
    /// The node sent bytes that are no frame of its network.
    BadFrame(Box<FrameError>),
    /// The tool itself failed.
    Tool(Failure),
}

impl Stop {
    pub(super) fn fail(evidence: impl Into<String>) -> Self {
        Self::Fail(evidence.into())
    }

    pub(super) fn skip(reason: impl Into<String>) -> Self {
        Self::Skip(reason.into())
    }

    /// Another message came than the one that was due.
    pub(super) fn unexpected(message: &Message, due: &str) -> Self {
        Self::Fail(format!("{} came where {due} was due", message.command()))
    }
}

impl From<FrameError> for Stop {
    fn from(error: FrameError) -> Self {
        Self::BadFrame(Box::new(error))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Tool(failure)
    }
}

/// A message of ours cannot be encoded, which no check asks for.
impl From<peer_core::CodecError> for Stop {
    fn from(error: peer_core::CodecError) -> Self {
        Self::Tool(Failure::new(format!("cannot write a message: {}", chain(&error))))
    }
}
