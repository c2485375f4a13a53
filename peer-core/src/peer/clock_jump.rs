//! A clock that jumps ahead and comes back, as of an owner that passed one wrong time.
//!
//! Every stored point in time lies at most its own interval after `now`. One that lies further ahead was made by a
//! clock that has gone back since; without this its timer would rest for the length of the jump.

use super::Peer;
use super::lifecycle::{Lifecycle, Session};
use crate::time::Time;

impl Peer {
    /// Bounds every stored point in time by `now` and its interval. Nothing changes while the clock goes on.
    pub(super) fn bound_times(&mut self, now: Time) {
        let config = self.node.config();
        self.silence.bound(now);
        self.outbox.bound(now);
        if let Lifecycle::Established(session) = &mut self.lifecycle {
            // Field by field, so that the compiler asks of a new one whether it has a point in time. Requests have theirs on
            // the clock of waiting.
            let Session { reader: _, early: _, keepalive, trickle, requests: _, finish: _ } = session;
            keepalive.bound(now, config.ping_interval);
            trickle.bound(now, *config.trickle_delay.end());
        }
    }
}
