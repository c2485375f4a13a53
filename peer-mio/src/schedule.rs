//! The run queue and the deadlines of all connections.

use std::collections::{BTreeSet, VecDeque};

use peer_core::Time;

use crate::entry::Entry;
use crate::transport::Transport;

/// Connections that are ready for a turn, and the deadlines of all connections.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// Slots, first in, first out. The turn of the first one may have begun.
    queue: VecDeque<usize>,
    /// The next deadline of each connection, as in its `timer`: at most one per slot.
    timers: BTreeSet<(Time, usize)>,
}

impl Schedule {
    /// Queues a connection for a turn. Does nothing if it is queued already.
    pub(crate) fn enqueue<S>(&mut self, entry: &mut Entry<S>) {
        if !entry.queued {
            entry.queued = true;
            self.queue.push_back(entry.id.slot());
        }
    }

    /// Number of queued connections.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The connection whose turn it is.
    pub(crate) fn first(&self) -> Option<usize> {
        self.queue.front().copied()
    }

    /// Ends the turn of the first connection. It goes to the back of the queue if it has more to do, else it leaves
    /// the queue until an edge, a command or its deadline.
    pub(crate) fn end_turn<S: Transport>(&mut self, entry: &mut Entry<S>) {
        self.queue.pop_front();
        entry.queued = false;
        let (slot, deadline) = (entry.id.slot(), entry.deadline());
        // Most turns leave the deadline as it is, so the tree is touched only where it moved.
        if entry.timer != deadline {
            entry.timer.map(|at| self.timers.remove(&(at, slot)));
            entry.timer = deadline;
            deadline.map(|at| self.timers.insert((at, slot)));
        }
        if entry.has_more() {
            self.enqueue(entry);
        }
    }

    /// Removes one deadline that is due by `now`. The caller passes its connection to [`expire`](Self::expire).
    pub(crate) fn due(&mut self, now: Time) -> Option<usize> {
        self.timers.first().filter(|(at, _)| *at <= now)?;
        self.timers.pop_first().map(|(_, slot)| slot)
    }

    /// Queues a connection whose deadline was removed by [`due`](Self::due).
    pub(crate) fn expire<S>(&mut self, entry: &mut Entry<S>) {
        entry.timer = None;
        self.enqueue(entry);
    }

    /// The time of the next work: `now` if a connection is queued.
    pub(crate) fn next(&self, now: Time) -> Option<Time> {
        if self.queue.is_empty() { self.timers.first().map(|(at, _)| *at) } else { Some(now) }
    }
}
