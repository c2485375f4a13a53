//! Recovers from a clock that jumps ahead and comes back, for example if an owner passed one wrong time.
//!
//! Every stored point in time lies at most its own interval after `now`. One that lies further ahead was stored before
//! the clock went back. Without this, its timer would rest for the length of the jump.

use super::Peer;
use super::lifecycle::{Lifecycle, Session};
use crate::time::Time;

impl Peer {
    /// The clock went back. Its earlier times say nothing about how long the remote had, so what is due gets its whole
    /// time again.
    pub(super) fn on_clock_back(&mut self, now: Time) {
        let requests = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut());
        let began = requests.and_then(|requests| {
            requests.credit.bound(requests.term_began()?);
            requests.term_began()
        });
        let is_new = !self.is_established();
        self.silence.set(began.unwrap_or(if is_new { Time::ZERO } else { self.silence.waited() }), now);
        self.silence.allow_pause(now);
        let waited = self.silence.waited();
        self.bound_hearing(waited);
        if let Some(requests) = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut()) {
            requests.answered.restart(waited);
        }
    }

    /// Limits every stored point in time to `now` and its interval. Changes nothing while the clock runs forwards.
    pub(super) fn bound_times(&mut self, now: Time) {
        self.silence.bound(now);
        self.outbox.bound(now);
        self.bound_commands(now);
        let config = self.node.config();
        if let Lifecycle::Established(session) = &mut self.lifecycle {
            // Field by field, so that the compiler asks about each new field.
            let Session { reader: _, early: _, keepalive, trickle: _, requests: _, finish: _ } = session;
            keepalive.bound(now, config.ping_interval);
        }
    }

    /// Limits what the owner's commands stored. Their time may be ahead of the driver's clock, so this runs with each
    /// later call.
    #[inline]
    pub(super) fn bound_commands(&mut self, now: Time) {
        if !self.lifecycle.session().is_some_and(Session::is_idle) {
            self.bound_stored_times(now);
        }
    }

    fn bound_stored_times(&mut self, now: Time) {
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
