//! Outgoing frames: two queues, and the frames that the transport has been shown.
//!
//! Control overtakes bulk, but only bulk that was not shown: once [`Outbox::offer`] has shown a frame, its bytes come
//! next until the last one is taken.
//!
//! The counted bytes stand for the memory. So a frame counts in full until its last byte is taken, and what a queue
//! keeps for each frame is small even beside the smallest one, of 24 bytes.

use alloc::boxed::Box;
use core::time::Duration;

use super::linger::WriteFailure;
use super::mark::{Lanes, Mark};
use super::piece::{Piece, Purpose, Written};
use super::queues::Queues;
use crate::frame::Parts;
use crate::message::Lane;
use crate::time::Time;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Frames that were not taken yet. Most peers are idle most of the time and have none.
    queues: Option<Box<Queues>>,
    /// Bytes ever put into each lane. If there are no queues, all of them were taken.
    put: Lanes,
}

impl Outbox {
    /// Queues a frame.
    pub(crate) fn push(&mut self, parts: Parts, lane: Lane, purpose: Purpose) -> Mark {
        let piece = Piece::new(parts, lane, purpose);
        let queues = self.queues.get_or_insert_with(|| Box::new(Queues::new(self.put)));
        if purpose != Purpose::FinalReject {
            self.put.add(lane, piece.len());
        }
        if queues.failure().is_none() {
            queues.push(piece);
        }
        self.put.mark(lane)
    }

    /// What the transport should write next. Empty if nothing waits.
    pub(crate) fn offer(&mut self, now: Time) -> &[u8] {
        self.queues.as_mut().map(|queues| queues.offer(now)).unwrap_or_default()
    }

    /// As [`offer`](Self::offer), in pieces for a vectored write: whole frames until they have at least `enough` bytes
    /// in total.
    pub(crate) fn offer_many(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.queues.iter_mut().flat_map(move |queues| queues.offer_many(enough, now))
    }

    /// Notes that the transport took `count` bytes of what it was shown, and calls `written` for each frame that this
    /// completes. Returns the bytes taken, at most those shown.
    pub(crate) fn take(&mut self, count: usize, now: Time, mut written: impl FnMut(Written)) -> usize {
        let Some(queues) = &mut self.queues else { return 0 };
        let mut left = count;
        while let Some(step) = queues.take(left, now) {
            left = left.saturating_sub(step.count);
            let Some(done) = step.done else { break };
            written(done);
        }
        if queues.queued() > 0 {
            queues.shrink();
        } else {
            self.settle();
        }
        count.saturating_sub(left)
    }

    /// Finds a ping with this nonce among the shown frames that were not reported as taken, and returns its purpose and
    /// when the first of them was offered. The ping then counts as written; nothing follows when it is taken.
    pub(crate) fn settle_ping(&mut self, nonce: u64) -> Option<(Purpose, Time)> {
        self.queues.as_mut()?.settle_ping(nonce)
    }

    /// How many frames of these purposes were shown and not reported as taken.
    pub(crate) fn shown(&self, purposes: &[Purpose]) -> usize {
        self.queues.as_ref().map_or(0, |queues| queues.shown(purposes))
    }

    /// No frame was offered after `now`.
    pub(crate) fn bound(&mut self, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.bound(now);
        }
    }

    /// Evidence may have been reported with a time that was ahead.
    pub(crate) fn doubt_evidence(&mut self, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.doubt_evidence(now);
        }
    }

    /// The clock of the write stall rested for this long before `now`.
    pub(crate) fn rest(&mut self, duration: Duration, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.rest(duration, now);
        }
    }

    /// The transport took nothing of what it was offered at `now`. Returns whether it was offered anything.
    pub(crate) fn refuse(&mut self, now: Time) -> bool {
        self.queues.as_mut().is_some_and(|queues| queues.refuse(now))
    }

    /// A timer found the write stall due, and no evidence.
    pub(crate) const fn seek(&mut self) {
        if let Some(queues) = &mut self.queues {
            queues.seek();
        }
    }

    /// The driver called after such a gap.
    pub(crate) fn on_call(&mut self, gap: Duration) {
        if let Some(queues) = &mut self.queues {
            queues.on_call(gap);
        }
    }

    /// The driver called late.
    pub(crate) const fn on_late_call(&mut self) {
        if let Some(queues) = &mut self.queues {
            queues.on_late_call();
        }
    }

    /// Whether the write stall, which is due, blames the remote.
    pub(crate) fn is_stall_proven(&self, reports: bool) -> bool {
        self.queues.as_ref().is_some_and(|queues| queues.evidence().proves(reports))
    }

    /// If the write stall is no longer overdue, stops looking for evidence.
    pub(crate) fn end_search(&mut self, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.end_search(now);
        }
    }

    /// When the timer of the write stall is to run, by its deadline.
    pub(crate) fn due(&self, deadline: Time, last_call: Time) -> Time {
        self.queues.as_ref().map_or(deadline, |queues| queues.evidence().due(deadline, last_call))
    }

    /// Drops everything that was not shown, except our introduction. Marks of what is dropped are never
    /// flushed.
    pub(crate) fn drop_unshown(&mut self) {
        if let Some(queues) = &mut self.queues {
            queues.drop_unshown();
        }
    }

    /// Drops everything that was not taken.
    pub(crate) fn clear(&mut self) {
        if let Some(queues) = &mut self.queues {
            queues.clear();
        }
        self.settle();
    }

    /// Drops everything that was not taken, and whatever is put in from now on.
    pub(crate) fn fail(&mut self, failure: WriteFailure) {
        self.queues.get_or_insert_with(|| Box::new(Queues::new(self.put))).fail(failure);
    }

    /// After a failed write, the remote is heard until `until` at most.
    pub(crate) fn bound_failure(&mut self, until: Time) {
        if let Some(queues) = &mut self.queues {
            queues.bound_failure(until);
        }
    }

    /// How writing failed, if it did.
    pub(crate) fn write_failure(&self) -> Option<WriteFailure> {
        self.queues.as_ref()?.failure()
    }

    /// Drops the queues if they hold nothing.
    fn settle(&mut self) {
        self.queues.take_if(|queues| queues.is_done(self.put));
    }

    /// The ends of both lanes.
    pub(crate) const fn marks(&self) -> [Mark; 2] {
        [self.put.mark(Lane::Control), self.put.mark(Lane::Bulk)]
    }

    pub(crate) fn is_flushed(&self, mark: Mark) -> bool {
        self.queues.as_ref().map_or(self.put, |queues| queues.flushed()).has_reached(mark)
    }

    /// Whether nothing waits, and writing has not failed.
    pub(crate) const fn is_idle(&self) -> bool {
        self.queues.is_none()
    }

    /// Bytes not taken yet.
    pub(crate) fn queued(&self) -> usize {
        self.queues.as_ref().map_or(0, |queues| queues.queued())
    }

    /// Bytes of the owner's frames that are still held: what is not taken yet, and the taken part of a frame whose end
    /// is not taken, because its memory is freed as a whole.
    pub(crate) fn held(&self) -> usize {
        self.queues.as_deref().map_or(0, Queues::held)
    }

    /// Bytes not taken yet of replies that the machine owes.
    pub(crate) fn owed(&self) -> usize {
        self.queues.as_ref().map_or(0, |queues| queues.owed())
    }

    /// When the transport must have taken the frame it was shown.
    pub(crate) fn stall_deadline(&self) -> Option<Time> {
        self.queues.as_ref()?.stall_deadline()
    }
}
