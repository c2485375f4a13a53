//! Handing frames to the transport, and what follows once they are written.

use super::piece::Purpose;
use super::{Lifecycle, Peer};
use crate::time::Time;

impl Peer {
    /// See [`Connection::poll_transmit`](crate::Connection::poll_transmit).
    pub(crate) fn poll_transmit(&mut self, now: Time) -> &[u8] {
        self.on_call(now);
        self.outbox.offer(now)
    }

    /// See [`Connection::poll_transmit_chunks`](crate::Connection::poll_transmit_chunks).
    pub(crate) fn poll_transmit_chunks(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.on_call(now);
        self.outbox.offer_many(enough, now)
    }

    /// See [`Connection::handle_transmitted`](crate::Connection::handle_transmitted).
    pub(crate) fn handle_transmitted(&mut self, count: usize, now: Time) {
        self.on_call(now);
        if count == 0 && self.outbox.refuse(now) {
            self.judge_refusal(now);
        }
        let (waited, silent) = (self.silence.waited_until(now), self.silence.lasted(now));
        let Self { outbox, lifecycle, counters, silence, history, .. } = self;
        let mut session = lifecycle.session_mut();
        let mut counts = history.commands_mut();
        let taken = outbox.take(count, now, |frame| {
            if let Some(counts) = &mut counts {
                counts.on_sent(frame.command, frame.len);
            }
            match frame.purpose {
                Purpose::Handshake | Purpose::FinalReject => return,
                Purpose::Ping | Purpose::Keepalive => {
                    counters.ping.on_written(frame.nonce, now);
                    if let Some(session) = &mut session {
                        session.keepalive.on_written(frame.purpose, silent);
                    }
                }
                Purpose::Request => {
                    if session.as_mut().is_some_and(|session| session.on_request_written(waited)) {
                        silence.allow_pause(now);
                    }
                }
                Purpose::Ordinary | Purpose::Reply => {}
            }
            counters.last_send = Some(now);
        });
        self.counters.count_sent(taken);
        self.begin_timeouts(now);
        if let Some(sent) = &mut self.history.sent {
            sent.points.on_written(now, |mark| self.outbox.is_flushed(mark));
        }
        if self.outbox.queued() == 0
            && let Lifecycle::Closing(closing) = &self.lifecycle
        {
            let reason = closing.reason.clone();
            self.fail(reason);
        }
        self.check_finished(now);
    }
}
