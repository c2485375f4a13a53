//! Whose turn it is, and who is to be looked at when.

use std::collections::{BTreeSet, VecDeque};

use peer_core::Time;

use crate::entry::Entry;
use crate::transport::Transport;

/// The queue of those who have something to do, and the deadlines of all.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// First in, first out. The first one's turn may have begun.
    queue: VecDeque<usize>,
    /// Each one's next deadline.
    timers: BTreeSet<(Time, usize)>,
}

impl Schedule {
    /// Lines up for a turn. Harmless for one who waits in line already.
    pub(crate) fn enqueue<S>(&mut self, entry: &mut Entry<S>) {
        if !entry.queued {
            entry.queued = true;
            self.queue.push_back(entry.id.slot());
        }
    }

    /// How many wait in line.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whose turn it is.
    pub(crate) fn first(&self) -> Option<usize> {
        self.queue.front().copied()
    }

    /// Ends the turn of the first one: back to the end of the line, or out of it until its deadline.
    pub(crate) fn end_turn<S: Transport>(&mut self, entry: &mut Entry<S>) {
        self.queue.pop_front();
        entry.queued = false;
        let (slot, deadline) = (entry.id.slot(), entry.deadline());
        if entry.timer != deadline {
            entry.timer.map(|at| self.timers.remove(&(at, slot)));
            entry.timer = deadline;
            deadline.map(|at| self.timers.insert((at, slot)));
        }
        if entry.has_more() {
            self.enqueue(entry);
        }
    }

    /// Takes one whose deadline has come by `now` off the deadlines. It lines up next, by
    /// [`expire`](Self::expire).
    pub(crate) fn due(&mut self, now: Time) -> Option<usize> {
        self.timers.first().filter(|(at, _)| *at <= now)?;
        self.timers.pop_first().map(|(_, slot)| slot)
    }

    /// Lines up because its deadline has come.
    pub(crate) fn expire<S>(&mut self, entry: &mut Entry<S>) {
        entry.timer = None;
        self.enqueue(entry);
    }

    /// When there is something to do: `Some(now)` where it is already.
    pub(crate) fn next(&self, now: Time) -> Option<Time> {
        if self.queue.is_empty() { self.timers.first().map(|(at, _)| *at) } else { Some(now) }
    }
}
