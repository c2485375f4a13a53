//! Positions in the lanes of outgoing frames.

use crate::message::Lane;

/// A position in one of the two [lanes](super::Peer::send) of outgoing frames.
///
/// [`Peer::is_flushed`](super::Peer::is_flushed) tells whether everything up to it was handed to the transport. Lanes
/// do not wait for each other: a flushed pong says nothing about an earlier block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    lane: Lane,
    end: u64,
}

impl Mark {
    pub(crate) fn shares_lane(self, other: Self) -> bool {
        self.lane == other.lane
    }
}

/// Bytes that went through each lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lanes {
    control: u64,
    bulk: u64,
}

impl Lanes {
    pub(super) const fn add(&mut self, lane: Lane, count: usize) {
        let position = match lane {
            Lane::Control => &mut self.control,
            Lane::Bulk => &mut self.bulk,
        };
        *position = position.saturating_add(count as u64);
    }

    /// Where this lane is.
    pub(super) const fn mark(self, lane: Lane) -> Mark {
        let end = match lane {
            Lane::Control => self.control,
            Lane::Bulk => self.bulk,
        };
        Mark { lane, end }
    }

    /// Whether its lane has reached a mark.
    pub(super) const fn has_reached(self, mark: Mark) -> bool {
        mark.end <= self.mark(mark.lane).end
    }
}
