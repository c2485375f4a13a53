//! What is counted.

use core::time::Duration;
use std::collections::BTreeMap;

use peer_core::Command;

/// What happened in a world so far, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Things taken off the queue.
    pub steps: u64,
    /// Dials of any node.
    pub dials: u64,
    /// Handshakes that became complete, counted at each end.
    pub established: u64,
    /// Frames that surfaced, handshakes included.
    pub messages: u64,
    /// The same by command.
    pub commands: BTreeMap<Command, u64>,
    /// Bytes that transports took.
    pub bytes: u64,
    /// How often a transport took none.
    pub blocked: u64,
    /// Ends of connections that are over, by reason.
    pub ended: BTreeMap<String, u64>,
    /// Lifetimes of all peers that are over, together.
    pub peer_time: Duration,
}

impl Tally {
    /// The numbers of two worlds together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add(other);
        sum
    }

    /// Adds the numbers of another world.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.dials += other.dials;
        self.established += other.established;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.blocked += other.blocked;
        self.peer_time += other.peer_time;
        for (command, count) in &other.commands {
            *self.commands.entry(*command).or_default() += count;
        }
        for (reason, count) in &other.ended {
            *self.ended.entry(reason.clone()).or_default() += count;
        }
    }
}
