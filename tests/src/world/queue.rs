//! What is still to happen, in order.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use peer_core::Time;

use super::{ConnectionId, NodeId};

/// The one queue of a world. What is due at the same time happens in the order in which it was put in.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BinaryHeap<Reverse<Entry>>,
    /// Entries ever put in.
    sequence: u64,
}

/// The fields are compared from the first to the last, so `due` is never reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Time,
    sequence: u64,
    due: Due,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A node begins.
    Start(NodeId),
    /// A dial reaches the other node. The connection is named by the end that will be there.
    Accept(ConnectionId),
    /// The dialling node learns how its dial went.
    Connect(ConnectionId),
    /// Something may have changed for an end: bytes came, its timer is due, its owner gave it work.
    Serve(ConnectionId),
    /// A node wanted to be woken, with this reason.
    Wake(NodeId, u64),
}

impl Queue {
    pub(super) fn push(&mut self, at: Time, due: Due) {
        self.entries.push(Reverse(Entry { at, sequence: self.sequence, due }));
        self.sequence += 1;
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.entries.peek().map(|Reverse(entry)| entry.at)
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Due)> {
        self.entries.pop().map(|Reverse(entry)| (entry.at, entry.due))
    }
}
