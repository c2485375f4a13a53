//! What a user of the world writes: the owner of a node's connections.

use core::fmt;

use peer_core::{Error, Event, Expected, TooManyHandshakes};

use super::{ConnectionId, Turn};

/// The logic of one node: the owner of its peers. Each call gets a [`Turn`] to act with.
///
/// Nothing else may decide what it does: no clock, no entropy, no hash order. Then a world replays from its
/// seed.
#[expect(unused_variables, reason = "an owner need not care for everything")]
pub trait Logic {
    /// The node begins.
    fn on_start(&mut self, turn: &mut Turn<'_>) {}

    /// A transport is there: a dial of this node succeeded, or another node dialled it. The handshake follows.
    fn on_connected(&mut self, connection: ConnectionId, turn: &mut Turn<'_>) {}

    /// Something surfaced. After [`Event::Version`], returning is consent and [`Turn::close`] is refusal.
    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {}

    /// A connection is over, no matter which side ended it. Its peer is gone.
    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {}

    /// The time came that this node asked for by [`Turn::wake_in`], with the same `reason`.
    fn on_wake(&mut self, reason: u64, turn: &mut Turn<'_>) {}
}

/// For worlds whose nodes differ.
impl<L: Logic + ?Sized> Logic for Box<L> {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        (**self).on_start(turn);
    }

    fn on_connected(&mut self, connection: ConnectionId, turn: &mut Turn<'_>) {
        (**self).on_connected(connection, turn);
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        (**self).on_event(connection, event, turn);
    }

    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        (**self).on_ended(connection, ended, turn);
    }

    fn on_wake(&mut self, reason: u64, turn: &mut Turn<'_>) {
        (**self).on_wake(reason, turn);
    }
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Ended {
    /// The dialled node could not be reached.
    Unreachable,
    /// The node has as many outbound handshakes open as its configuration allows.
    TooManyHandshakes(TooManyHandshakes),
    /// What the peer said.
    Connection(Error),
}

impl Ended {
    /// The reason without what differs from case to case, to count by.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Connection(Error::Stalled(Expected::Item(item))) => {
                format!("remote did not send {} in time", item.kind)
            }
            Self::Connection(error @ Error::Frame(frame)) => {
                error.kind().map_or_else(|| frame.to_string(), |kind| kind.to_string())
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("unreachable"),
            Self::TooManyHandshakes(error) => error.fmt(f),
            Self::Connection(error) => error.fmt(f),
        }
    }
}
