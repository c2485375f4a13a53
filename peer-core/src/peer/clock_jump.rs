//! A clock that jumps ahead and comes back, as of an owner that passed one wrong time.
//!
//! Every stored point in time lies at most its own interval after `now`. One that lies further ahead was made by a
//! clock that has gone back since; without this its timer would rest for the length of the jump.

use super::Peer;
use super::lifecycle::{Lifecycle, Session};
use crate::time::Time;

impl Peer {
    /// The clock has gone back. What it showed before says nothing of how long the remote had for what is due: for that it
    /// has its whole time again.
    pub(super) fn on_clock_back(&mut self, now: Time) {
        let requests = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut());
        let began = requests.and_then(|requests| {
            requests.credit.bound(requests.term_began()?);
            requests.term_began()
        });
        let is_new = !self.is_established();
        self.silence.set(began.unwrap_or(if is_new { Time::ZERO } else { self.silence.waited() }), now);
        let waited = self.silence.waited();
        if let Some(requests) = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut()) {
            requests.answered.restart(waited);
        }
    }

    /// Bounds every stored point in time by `now` and its interval. Nothing changes while the clock goes on.
    pub(super) fn bound_times(&mut self, now: Time) {
        self.silence.bound(now);
        self.outbox.bound(now);
        self.bound_commands(now);
        let interval = self.node.config().ping_interval;
        if let Lifecycle::Established(session) = &mut self.lifecycle {
            // Field by field, so that the compiler asks of a new one whether it has a point in time.
            let Session { reader: _, early: _, keepalive, trickle: _, requests: _, finish: _ } = session;
            keepalive.bound(now, interval);
        }
    }

    /// Bounds what commands of the owner stored. Their time may have been ahead though the driver's clock never was, so this
    /// is done with each later call.
    pub(super) fn bound_commands(&mut self, now: Time) {
        if let Some(leave_by) = self.lifecycle.leave_by_mut() {
            leave_by.bound(now);
        }
        let Some(session) = self.lifecycle.session_mut() else { return };
        session.trickle.bound(now, *self.node.config().trickle_delay.end());
        // Of requests only deadlines are on this clock.
        if let Some(table) = session.requests.as_mut().and_then(|requests| requests.table.as_mut()) {
            table.bound(now);
        }
    }
}
