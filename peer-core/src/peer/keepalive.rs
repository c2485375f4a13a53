//! Pings, pongs and round trips.

use core::time::Duration;

use rand_core::Rng;

use super::piece::Purpose;
use super::{Peer, draw_nonce};
use crate::message::{Message, Ping};
use crate::time::Time;

/// When the machine pings by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keepalive {
    /// When the next ping is due.
    pub(crate) next_ping: Time,
    /// A ping of the machine waits to be written. Another one would add nothing.
    is_queued: bool,
    /// Pings that the transport had been shown when the remote spoke last. They may have been taken before, so the
    /// remote owes nothing for them.
    doubtful: u8,
    /// How long the remote had been silent when the first ping after its last message was written, in milliseconds.
    pinged: u32,
}

/// No ping was written since the remote spoke.
const NOT_PINGED: u32 = u32::MAX;

impl Keepalive {
    pub(crate) fn new(now: Time, interval: Duration) -> Self {
        Self { next_ping: now + interval, is_queued: false, doubtful: 0, pinged: NOT_PINGED }
    }

    /// A ping is due. Returns whether one is to be queued.
    fn on_due(&mut self, now: Time, interval: Duration) -> bool {
        self.next_ping = now + interval;
        !core::mem::replace(&mut self.is_queued, true)
    }

    /// Limits the time of the next ping to `interval` after `now`.
    pub(crate) fn bound(&mut self, now: Time, interval: Duration) {
        self.next_ping = self.next_ping.min(now + interval);
    }

    /// A ping was written, ours or the owner's, after this silence of the remote.
    pub(crate) fn on_written(&mut self, purpose: Purpose, silent: Duration) {
        self.is_queued &= purpose != Purpose::Keepalive;
        if self.doubtful > 0 {
            self.doubtful = self.doubtful.saturating_sub(1);
            return;
        }
        // Not less than before, or the pong would be due too early.
        let silent = u32::try_from(silent.as_nanos().div_ceil(1_000_000)).unwrap_or(NOT_PINGED);
        self.pinged = self.pinged.min(silent.min(NOT_PINGED - 1));
    }

    /// The remote spoke, while the transport had been shown this many pings.
    pub(crate) fn on_heard(&mut self, shown: usize) {
        self.pinged = NOT_PINGED;
        self.doubtful = u8::try_from(shown).unwrap_or(u8::MAX);
    }

    /// How long the remote had been silent when it was pinged first.
    fn pinged(&self) -> Option<Duration> {
        (self.pinged != NOT_PINGED).then(|| Duration::from_millis(self.pinged.into()))
    }
}

/// The latest ping, ours or the owner's. Only the newest one can be answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LatestPing {
    /// Nonce of the ping that was written last and is unanswered; 0 for none.
    nonce: u64,
    sent: Option<Time>,
    /// The time since the start. It takes half the room of a duration.
    round_trip: Option<Time>,
}

impl LatestPing {
    /// A ping was written completely.
    pub(crate) const fn on_written(&mut self, nonce: u64, now: Time) {
        self.nonce = nonce;
        self.sent = Some(now);
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
    /// A pong came. The transport may have taken its ping before that was reported.
    pub(super) fn on_pong(&mut self, nonce: u64, now: Time) {
        if let Some((purpose, offered)) = self.outbox.settle_ping(nonce) {
            self.counters.ping.on_written(nonce, offered);
            let shown = self.outbox.shown(&[Purpose::Ping, Purpose::Keepalive]);
            if let Some(session) = self.lifecycle.session_mut() {
                session.keepalive.on_written(purpose, Duration::ZERO);
                session.keepalive.on_heard(shown);
            }
        }
        self.counters.ping.on_pong(nonce, now);
    }

    /// When a silent remote is idle. A remote that was not pinged since it spoke owes nothing.
    pub(super) fn idle_deadline(&self, keepalive: &Keepalive) -> Option<Time> {
        let config = self.node.config();
        let pong_time = config.idle_timeout.saturating_sub(config.ping_interval);
        let pong_due = keepalive.pinged()?.saturating_add(pong_time);
        self.silence.deadline(config.idle_timeout, pong_due, config.min_receive_rate)
    }

    pub(super) fn on_ping_due(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) {
        let interval = self.node.config().ping_interval;
        let Some(session) = self.lifecycle.session_mut() else { return };
        if session.keepalive.on_due(now, interval) {
            self.push(&Message::Ping(Ping { nonce: draw_nonce(rng) }), Purpose::Keepalive);
        }
    }
}
