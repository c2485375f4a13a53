//! Handing frames to the transport, and what follows once they are written.

use super::Peer;
use super::outbox::Purpose;
use super::silence::is_long_over;
use crate::time::Time;

impl Peer {
    /// See [`Connection::poll_transmit`](crate::Connection::poll_transmit).
    pub(crate) fn poll_transmit(&mut self, now: Time) -> &[u8] {
        self.outbox.offer(now)
    }

    /// See [`Connection::poll_transmit_chunks`](crate::Connection::poll_transmit_chunks).
    pub(crate) fn poll_transmit_chunks(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.outbox.offer_many(enough, now)
    }

    /// See [`Connection::handle_transmitted`](crate::Connection::handle_transmitted).
    pub(crate) fn handle_transmitted(&mut self, count: usize, now: Time) {
        self.excuse_stall(count, now);
        let waited = self.waited_until(now);
        let Self { outbox, keepalive, requests, last_send, .. } = self;
        let taken = outbox.take(count, now, |purpose, nonce| {
            match purpose {
                Purpose::Handshake | Purpose::FinalReject => return,
                Purpose::Ping => keepalive.on_ping_written(nonce, now),
                Purpose::Keepalive => keepalive.on_own_ping_written(nonce, now),
                Purpose::Request => {
                    if let Some(open) = requests {
                        open.on_written(waited);
                    }
                    requests.take_if(|open| open.is_empty());
                }
                Purpose::Ordinary | Purpose::Reply => {}
            }
            *last_send = Some(now);
        });
        self.bytes_sent = self.bytes_sent.saturating_add(taken as u64);
        if let Some(history) = &mut self.history {
            history.points.on_written(now, |mark| self.outbox.is_flushed(mark));
        }
        if self.outbox.queued() == 0
            && let Some(error) = self.closing.take()
        {
            self.fail(*error);
        }
        self.check_finished();
    }

    /// The same for a transport that took `count` bytes.
    fn excuse_stall(&mut self, count: usize, now: Time) {
        if count > 0 && self.outbox.stall_deadline().is_some_and(|at| is_long_over(at, now)) {
            self.outbox.offer_anew(now);
        }
    }
}
