//! The totals of a node with many peers.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;

use serde::Serialize;

use crate::format::{Count, Size, per_second};

/// Counts of a node with many peers.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Status {
    /// Open connections, with or without a completed handshake.
    pub(crate) peers: u64,
    /// Most connections at a time.
    pub(crate) max: u32,
    /// Accepted connections.
    pub(crate) came: u64,
    /// Completed handshakes.
    pub(crate) established: u64,
    /// Ended connections.
    pub(crate) left: u64,
    /// In the last second.
    pub(crate) handshakes_per_second: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    /// Of this process, in bytes.
    pub(crate) memory: Option<u64>,
}

impl Status {
    /// In the order of their importance.
    pub(crate) fn facts(&self) -> Vec<String> {
        let mut facts = vec![
            format!("{} of {} peers", Count(self.peers), Count(self.max.into())),
            format!("{} came", Count(self.came)),
            format!("{} left", Count(self.left)),
            format!("{} handshakes/s", Count(self.handshakes_per_second)),
            format!("{} in", Size(self.bytes_received)),
            format!("{} out", Size(self.bytes_sent)),
        ];
        facts.extend(self.memory.map(|memory| format!("{} memory", Size(memory))));
        facts
    }

    /// Whether a peer connected, completed its handshake or left since `before`.
    pub(crate) const fn differs_from(&self, before: &Self) -> bool {
        self.came != before.came || self.established != before.established || self.left != before.left
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.facts().join(", "))
    }
}

/// How fast a number grows.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    marks: VecDeque<(Duration, u64)>,
    busiest: u64,
}

/// The time over which growth is measured.
const WINDOW: Duration = Duration::from_secs(1);

impl Rate {
    /// Growth a second, now that the number is `count`.
    pub(crate) fn measure(&mut self, now: Duration, count: u64) -> u64 {
        self.marks.push_back((now, count));
        while self.marks.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= WINDOW) {
            self.marks.pop_front();
        }
        let Some((at, before)) = self.marks.front() else { return 0 };
        // Less than a second counts as a whole one, so that a short time gives no high rate.
        let time = now.saturating_sub(*at).max(WINDOW);
        let rate = per_second(count.saturating_sub(*before), time);
        self.busiest = self.busiest.max(rate);
        rate
    }

    /// The most it grew in a second.
    pub(crate) const fn busiest(&self) -> u64 {
        self.busiest
    }
}
