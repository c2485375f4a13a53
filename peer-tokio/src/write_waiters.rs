//! Callers that wait for frames to be written. Each is checked when it may be done, not at every event.

use std::collections::VecDeque;

use peer_core::{Mark, Peer};
use tokio::sync::oneshot::Sender;

/// See the [module](self). Callers that gave up are removed once they may be half of all.
#[derive(Default)]
pub(crate) struct WriteWaiters {
    /// Callers that wait until everything up to their marks is written. Marks only grow, so the first is done first.
    flushes: VecDeque<([Mark; 2], Sender<()>)>,
    /// Callers that wait for room for so many bytes. They are served in order, so that small frames do not overtake a
    /// large one.
    rooms: VecDeque<(usize, Sender<()>)>,
    /// At this many callers, those that gave up are removed next.
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

    /// Replies to callers that are done.
    pub(crate) fn answer(&mut self, peer: &Peer) {
        while self.flushes.front().is_some_and(|(marks, _)| is_flushed(peer, marks)) {
            self.flushes.pop_front().map(|(_, reply)| reply.send(()));
        }
        let limit = peer.node().config().send_limit();
        let room = peer.room();
        // A caller that gave up does not hold up those behind it.
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

/// Up to this many callers, removing those that gave up is not worth it.
const FEW: usize = 32;
