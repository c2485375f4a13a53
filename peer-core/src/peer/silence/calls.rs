//! The calls of the driver: what their times and the gaps between them mean for the clocks that blame the remote.

use core::time::Duration;

use super::{GRACE, Peer, Reading, Silence};
use crate::peer::evidence::Evidence;
use crate::time::Time;

impl Peer {
    /// Notes a call of the driver. Each of its calls begins with this.
    pub(in crate::peer) fn on_call(&mut self, now: Time) {
        // The calls of one turn have one time, so later calls need nothing. Times in another order than their calls
        // differ by little; a larger difference is a clock that went back.
        let last_call = self.silence.last_call;
        if now > last_call || last_call.saturating_since(now) > GRACE {
            self.on_later_call(now);
        } else if now < last_call {
            self.doubt_evidence(now);
        }
    }

    /// Evidence may have been reported with a time that was ahead, unless a timer found before that it was needed.
    fn doubt_evidence(&mut self, now: Time) {
        let Silence { evidence, was_sought, .. } = self.silence;
        if evidence == Evidence::Found && !(was_sought && self.is_overdue(now)) {
            self.silence.evidence = Evidence::Missing;
        }
        self.outbox.doubt_evidence(now);
    }

    fn on_later_call(&mut self, now: Time) {
        if now < self.silence.last_call {
            self.on_clock_back(now);
            self.bound_times(now);
            self.doubt_evidence(now);
        } else {
            self.bound_commands(now);
        }
        let gap = now.saturating_since(self.silence.last_call);
        let is_late = || self.next_timeout().is_some_and(|(told, _)| now > told + GRACE);
        let is_late = gap > GRACE && (self.is_held() || is_late());
        if is_late {
            self.rest_clocks(gap.saturating_sub(GRACE), now);
        }
        self.count_attended(gap, is_late, now);
        if is_late {
            self.silence.evidence.on_late_call();
            self.outbox.on_late_call();
        }
    }

    /// Whether the owner has an event and has not pulled since, so that the driver may not have called. A closing
    /// connection pulls nothing.
    pub(in crate::peer) fn is_held(&self) -> bool {
        let is_busy = self.silence.is_busy() && !self.silence.is_on_hold;
        (self.silence.is_held || is_busy) && self.lifecycle.reads()
    }

    /// The driver called after such a gap, late or as it likes.
    pub(in crate::peer) fn count_attended(&mut self, gap: Duration, is_late: bool, now: Time) {
        if self.is_pause_unoffered() {
            self.silence.rest_pause(gap, now);
        }
        self.silence.last_call = now;
        self.silence.evidence.on_call(gap);
        self.outbox.on_call(gap);
        let is_waiting = self.silence.state == Reading::Waiting;
        if let Some(requests) = self.requests_mut() {
            requests.on_call(gap, is_waiting, is_late, now);
        }
    }

    /// The clocks that blame the remote rested for this long before `now`.
    fn rest_clocks(&mut self, duration: Duration, now: Time) {
        if !self.silence.is_busy() {
            self.silence.since += duration;
        }
        if self.silence.evidence == Evidence::Ahead {
            self.silence.evidence = Evidence::Missing;
        }
        self.outbox.rest(duration, now);
        self.bound_times(now);
    }
}
