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
        self.bound_linger(now);
        let config = self.node.config();
        if let Lifecycle::Established(session) = &mut self.lifecycle {
            // Field by field, so that the compiler asks of a new one whether it has a point in time. Of requests only deadlines
            // are on this clock.
            let Session { reader: _, early: _, keepalive, trickle, requests, finish: _ } = session;
            keepalive.bound(now, config.ping_interval);
            trickle.bound(now, *config.trickle_delay.end());
            if let Some(table) = requests.as_mut().and_then(|requests| requests.table.as_mut()) {
                table.bound(now);
            }
        }
    }
}
