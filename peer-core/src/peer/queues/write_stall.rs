//! The clock of the write stall: how long the transport has had for the frame that is written now.

use core::time::Duration;

use super::{Queues, RATE, STALL};
use crate::message::Lane;
use crate::peer::evidence::Evidence;
use crate::peer::piece::Piece;
use crate::time::Time;

impl Queues {
    /// Begins the time of the front, and of the replies that wait with it.
    pub(super) const fn begin_time(&mut self, now: Time) {
        self.offered = now;
        self.used = Duration::ZERO;
        self.sharing = self.owed;
        self.is_late = false;
        (self.evidence, self.was_sought) = (Evidence::Missing, false);
    }

    /// Whether this front is a reply that overtakes a bulk frame, not the first one, or a bulk frame that may still be
    /// overtaken. All replies that overtake it share one time, even if they never wait together.
    pub(super) fn overtakes_again(&self, front: &Piece) -> bool {
        match front.lane {
            Lane::Bulk => self.on_show == 0 && self.overtaking > 0,
            Lane::Control => !self.bulk.is_empty() && self.overtaking > front.len(),
        }
    }

    /// When the transport must have taken the frame it was shown: 20 s after it was offered, and a second more for each
    /// whole 256 KiB of the frame.
    pub(in crate::peer) fn stall_deadline(&self) -> Option<Time> {
        let front = self.front.as_ref().filter(|_| self.on_show > 0)?;
        let allowed = STALL.saturating_add(Duration::from_secs(front.len() as u64 / RATE));
        Some(self.offered + allowed.saturating_sub(self.used))
    }

    /// Whether the write stall is overdue.
    pub(super) fn is_overdue(&self, now: Time) -> bool {
        self.stall_deadline().is_some_and(|deadline| deadline <= now)
    }

    pub(in crate::peer) const fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// See [`Outbox::refuse`](crate::peer::outbox::Outbox::refuse).
    pub(in crate::peer) fn refuse(&mut self, now: Time) -> bool {
        if self.is_overdue(now) {
            self.evidence = Evidence::Found;
        }
        self.seen = now;
        self.on_show > 0
    }

    pub(in crate::peer) const fn seek(&mut self) {
        (self.evidence, self.was_sought) = (Evidence::Sought(0), true);
    }

    pub(in crate::peer) fn on_call(&mut self, gap: Duration) {
        self.evidence.on_call(gap);
    }

    pub(in crate::peer) const fn on_late_call(&mut self) {
        self.evidence.on_late_call();
    }

    pub(in crate::peer) fn end_search(&mut self, now: Time) {
        if self.was_sought && !self.is_overdue(now) {
            (self.evidence, self.was_sought) = (Evidence::Missing, false);
        }
    }

    pub(in crate::peer) fn rest(&mut self, duration: Duration, now: Time) {
        self.offered = (self.offered + duration).min(now);
    }

    pub(in crate::peer) fn bound(&mut self, now: Time) {
        if self.offered > now {
            // It cannot have taken longer.
            (self.offered, self.used) = (now, Duration::ZERO);
        }
        self.seen = self.seen.min(now);
    }

    pub(in crate::peer) fn bound_failure(&mut self, until: Time) {
        if let Some(failure) = &mut self.failure {
            failure.until = failure.until.min(until);
        }
    }

    /// Evidence may have been reported with a time that was ahead, unless a timer found before that it was needed.
    pub(in crate::peer) fn doubt_evidence(&mut self, now: Time) {
        // What was seen at a time that is still to come was seen before it.
        self.seen = self.seen.min(now);
        if self.evidence == Evidence::Found && !(self.was_sought && self.is_overdue(now)) {
            self.evidence = Evidence::Missing;
        }
    }
}
