//! Pings, pongs and round trips.

use core::time::Duration;

use super::Peer;
use super::handshake::Handshake;
use super::outbox::Purpose;
use crate::message::{Message, Ping};
use crate::time::Time;

/// What is known of the latest ping. Only the newest one can be answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keepalive {
    /// When the next ping is due; `None` before the handshake is complete and after the end.
    pub(crate) next_ping: Option<Time>,
    /// Nonce of the ping that was written last and not answered yet; 0 for none.
    nonce: u64,
    sent: Option<Time>,
    /// A ping of our own waits to be written. Then another one would say no more.
    queued: bool,
    /// As the time from the start: that takes half the room of a duration.
    round_trip: Option<Time>,
}

impl Keepalive {
    /// Sets when the next ping is due. There is none after the end of time.
    pub(crate) fn schedule(&mut self, now: Time, interval: Duration) {
        self.next_ping = Some(now + interval).filter(|next| *next > now);
    }

    pub(crate) const fn on_ping_queued(&mut self) {
        self.queued = true;
    }

    /// A ping was written completely.
    pub(crate) const fn on_ping_written(&mut self, nonce: u64, now: Time) {
        self.nonce = nonce;
        self.sent = Some(now);
    }

    /// A ping that we sent by ourselves was written completely.
    pub(crate) const fn on_own_ping_written(&mut self, nonce: u64, now: Time) {
        self.queued = false;
        self.on_ping_written(nonce, now);
    }

    /// A pong came. Only the one that answers the newest ping counts.
    pub(crate) const fn on_pong(&mut self, nonce: u64, now: Time) {
        if nonce != 0
            && nonce == self.nonce
            && let Some(sent) = self.sent
        {
            self.round_trip = Some(Time::from_elapsed(now.saturating_since(sent)));
            self.nonce = 0;
        }
    }

    pub(crate) const fn is_queued(&self) -> bool {
        self.queued
    }

    pub(crate) const fn nonce(&self) -> u64 {
        self.nonce
    }

    pub(crate) const fn sent(&self) -> Option<Time> {
        self.sent
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip.map(Time::elapsed)
    }
}

impl Peer {
    pub(super) fn push_ping(&mut self, nonce: u64) {
        self.keepalive.on_ping_queued();
        self.push(&Message::Ping(Ping { nonce }), Purpose::Keepalive);
    }

    /// When silence ends the connection. What has come of a frame buys time at the configured rate, so that
    /// a large one may arrive slowly but steadily.
    pub(super) fn idle_deadline(&self) -> Option<Time> {
        let since = self.waiting.filter(|_| matches!(self.handshake, Handshake::Established(_)))?;
        Some(since + self.config().idle_timeout + self.time_for(self.progress.into()))
    }
}
