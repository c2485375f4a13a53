//! Callers that wait for frames to be written: each is looked at when it may be done, not whenever something happens.

use std::collections::VecDeque;

use peer_core::{Mark, Peer};
use tokio::sync::oneshot::Sender;

/// See the [module](self). Those who gave up are cleared away when they may be half of all.
#[derive(Default)]
pub(crate) struct WriteWaiters {
    /// Those who wait until everything up to their marks is written. Marks only grow, so the first is done first.
    flushes: VecDeque<([Mark; 2], Sender<()>)>,
    /// Those who wait for room for so many bytes. They are served in order, so that a large frame is not passed by.
    rooms: VecDeque<(usize, Sender<()>)>,
    /// With so many the next look at all of them is due.
    cleared_at: usize,
}

impl WriteWaiters {
    pub(crate) fn flush(&mut self, marks: [Mark; 2], reply: Sender<()>) {
        self.clear_away();
        self.flushes.push_back((marks, reply));
    }

    pub(crate) fn room(&mut self, bytes: usize, reply: Sender<()>) {
        self.clear_away();
        self.rooms.push_back((bytes, reply));
    }

    /// Tells those who need not wait any longer.
    pub(crate) fn answer(&mut self, peer: &Peer) {
        while self.flushes.front().is_some_and(|(marks, _)| is_flushed(peer, marks)) {
            self.flushes.pop_front().map(|(_, reply)| reply.send(()));
        }
        let limit = peer.node().config().send_limit();
        let room = peer.room();
        // One that gave up holds up none of those behind it.
        while self
            .rooms
            .front()
            .is_some_and(|(bytes, reply)| reply.is_closed() || (*bytes).min(limit) <= room)
        {
            self.rooms.pop_front().map(|(_, reply)| reply.send(()));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.flushes.is_empty() && self.rooms.is_empty()
    }

    fn clear_away(&mut self) {
        if self.flushes.len().saturating_add(self.rooms.len()) >= self.cleared_at {
            self.flushes.retain(|(_, reply)| !reply.is_closed());
            self.rooms.retain(|(_, reply)| !reply.is_closed());
            let left = self.flushes.len().saturating_add(self.rooms.len());
            self.cleared_at = left.saturating_mul(2).max(FEW);
        }
    }
}

/// Whether everything up to these marks is written.
pub(crate) fn is_flushed(peer: &Peer, marks: &[Mark; 2]) -> bool {
    marks.iter().all(|mark| peer.is_flushed(*mark))
}

/// So many are never worth a look at all of them.
const FEW: usize = 32;
