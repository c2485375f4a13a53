//! The handshake: who says what first, and what may come in between.
//!
//! ```text
//!               their version           our owner pulls again
//! AwaitVersion ───────────────► Offered ─────────────────────► AwaitVerack ──────────► Established
//!  outbound: our version         Event::Version is held;        inbound: our version    their verack;
//!  is queued at the start        checked next: its number       and verack are queued   outbound: our
//!                                                                                       verack is queued
//! ```

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::error::Error;
use crate::message::{Command, Message};
use crate::protocol::ProtocolVersion;
use crate::time::Time;

/// The largest payload before a version is accepted, in bytes: that of a `version`.
pub(crate) const MAX_VERSION: usize = 358;

/// Most bytes of messages that may come between `version` and `verack`.
pub(crate) const MAX_EARLY_BYTES: usize = 64 * 1024;

/// Most messages that may, below version 12 and from version 9 on.
const MAX_EARLY_MESSAGES: usize = 2;

/// Where the handshake stands.
#[derive(Clone, Debug)]
pub(crate) enum Handshake {
    /// The remote has said nothing.
    AwaitVersion,
    /// Its `version` was handed to the owner, who has not pulled since.
    Offered,
    /// Both introduced themselves; the remote's `verack` is due.
    AwaitVerack(Early),
    /// Complete. What came early is still to be handed out.
    Established(Early),
}

/// Messages that came between `version` and `verack`, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Early {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Early {
    /// Keeps a message that came early, as far as the negotiated version tolerates it.
    pub(crate) fn push(
        &mut self,
        message: Message,
        len: usize,
        version: ProtocolVersion,
    ) -> Result<(), Error> {
        let got = message.command();
        let count = self.messages.len();
        self.admit(got, len, version)?;
        if version >= ProtocolVersion::REMOVE_REJECT && count >= MAX_EARLY_MESSAGES {
            return Err(Error::NotVerAckMessage { got });
        }
        self.bytes = self.bytes.saturating_add(len);
        self.messages.push_back(message);
        Ok(())
    }

    /// Whether a payload of `len` bytes may come before `verack`, going by its header. At version 12 a small
    /// one is read to be told apart from a malformed one, as the reference does.
    pub(crate) const fn admit(
        &self,
        got: Command,
        len: usize,
        version: ProtocolVersion,
    ) -> Result<(), Error> {
        let room = if version.get() >= ProtocolVersion::ADDR_V2.get() {
            MAX_VERSION
        } else {
            MAX_EARLY_BYTES.saturating_sub(self.bytes)
        };
        if len > room { Err(Error::NotVerAckMessage { got }) } else { Ok(()) }
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front();
        if self.messages.is_empty() {
            // Gives the memory back: most of the connection is still to come.
            self.messages = VecDeque::new();
        }
        message
    }
}

/// The time left for the handshake. It rests while the owner holds the remote's `version`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// It fails then.
    Running(Time),
    /// So much is left.
    Resting(Duration),
    /// The handshake is over.
    Stopped,
}

impl Clock {
    pub(crate) fn rest(&mut self, now: Time) {
        if let Self::Running(deadline) = *self {
            *self = Self::Resting(deadline.saturating_since(now));
        }
    }

    pub(crate) fn resume(&mut self, now: Time) {
        if let Self::Resting(left) = *self {
            *self = Self::Running(now + left);
        }
    }

    pub(crate) const fn deadline(self) -> Option<Time> {
        match self {
            Self::Running(deadline) => Some(deadline),
            Self::Resting(_) | Self::Stopped => None,
        }
    }
}
