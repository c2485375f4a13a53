//! Waiting for the remote: since when, for how long all in all, and until when.
//!
//! The clocks that blame the remote run only while [`Peer::receive`] has run dry. What has come of a frame
//! that is not whole yet buys time at the configured rate.

use core::time::Duration;

use super::{Handshake, Peer};
use crate::time::Time;

impl Peer {
    /// We do not wait for the remote any more: a whole frame came, or we do not read.
    pub(super) fn stop_waiting(&mut self, now: Time) {
        self.waited = self.waited_until(now);
        self.waiting = None;
        self.progress = 0;
    }

    /// What the clock that runs only while we wait shows at `now`.
    pub(super) fn waited_until(&self, now: Time) -> Time {
        let since = self.waiting.map(|since| now.saturating_since(since));
        self.waited + since.unwrap_or_default()
    }

    /// When both must have introduced themselves.
    pub(super) fn handshake_deadline(&self) -> Option<Time> {
        self.waiting.and(self.opening.as_ref()?.clock.deadline())
    }

    /// When silence ends the connection. What has come of a frame buys time at the configured rate, so that
    /// a large one may arrive slowly but steadily.
    pub(super) fn idle_deadline(&self) -> Option<Time> {
        let since = self.waiting.filter(|_| matches!(self.handshake, Handshake::Established(_)))?;
        Some(since + self.config().idle_timeout + self.time_for(self.progress))
    }

    /// When the next answer is due, going by the time that we wait for it. A frame on its way buys time here
    /// too, which it loses again if it turns out to answer nothing.
    pub(super) fn stall_deadline(&self) -> Option<Time> {
        let (due, _) = self.requests.as_ref()?.next_due()?;
        Some(self.waiting? + due.saturating_since(self.waited) + self.time_for(self.progress))
    }

    /// The time that so many bytes may take.
    pub(super) fn time_for(&self, bytes: usize) -> Duration {
        let nanos = (bytes as u64).saturating_mul(1_000_000_000);
        Duration::from_nanos(nanos.checked_div(self.config().min_receive_rate).unwrap_or_default())
    }
}
