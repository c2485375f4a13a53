//! One direction of a connection: bytes in order, and when they get there.

use core::mem;
use core::time::Duration;
use std::collections::VecDeque;

use peer_core::Time;

/// Bytes that were written and not read. Some have arrived, the others are on their way in segments.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    bytes: VecDeque<u8>,
    segments: VecDeque<Segment>,
    /// Of the bytes, how many can be read.
    arrived: usize,
    /// Until when the line is busy with what was written.
    busy_until: Time,
    /// When the last segment arrives; none overtakes another.
    last_arrival: Time,
    /// Nothing arrives before this.
    held_until: Time,
    /// What comes after the last byte, and when.
    ending: Option<(Time, Ending)>,
    /// A writer found it full.
    pub(super) blocked: bool,
}

/// Bytes that arrive together.
#[derive(Clone, Copy, Debug)]
struct Segment {
    at: Time,
    len: usize,
}

/// How a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// In order, after the last byte.
    Fin,
    /// At once: what has not been read is lost.
    Reset,
}

/// Empty queues to be used again, so that a quiet connection holds no memory and a busy one seldom asks for
/// any.
#[derive(Debug, Default)]
pub(super) struct Pool {
    bytes: Vec<VecDeque<u8>>,
    segments: Vec<VecDeque<Segment>>,
}

/// Most queues that a pool keeps of each kind, and the largest that it keeps.
const POOLED: usize = 64;
const POOLED_LEN: usize = 64 * 1024;

impl Pipe {
    /// Bytes that were written and not read.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes bytes that need `duration` on the line and `latency` to the other end. Returns when they arrive
    /// if nothing else arrives then.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        now: Time,
        (duration, latency): (Duration, Duration),
        pool: &mut Pool,
    ) -> Option<Time> {
        if self.bytes.capacity() == 0 {
            self.bytes = pool.bytes.pop().unwrap_or_default();
            self.segments = pool.segments.pop().unwrap_or_default();
        }
        self.bytes.extend(bytes);
        self.busy_until = self.busy_until.max(now) + duration;
        let at = self.arrival(latency);
        match self.segments.back_mut().filter(|last| last.at == at) {
            Some(last) => {
                last.len += bytes.len();
                None
            }
            None => {
                self.segments.push_back(Segment { at, len: bytes.len() });
                Some(at)
            }
        }
    }

    /// Ends it after what was written. Returns when that is noticed.
    pub(super) fn finish(&mut self, now: Time, latency: Duration) -> Time {
        self.busy_until = self.busy_until.max(now);
        let at = self.arrival(latency);
        self.ending.get_or_insert((at, Ending::Fin));
        at
    }

    /// Ends it at `at`, whatever is on its way.
    pub(super) fn reset(&mut self, at: Time) {
        if self.ending.is_none_or(|(_, ending)| ending == Ending::Fin) {
            self.ending = Some((at, Ending::Reset));
        }
    }

    /// Resets it now, even while it is held.
    pub(super) fn break_off(&mut self, now: Time) {
        self.held_until = now;
        self.ending = Some((now, Ending::Reset));
    }

    /// Lets nothing arrive before `until`.
    pub(super) fn hold(&mut self, until: Time) {
        self.held_until = self.held_until.max(until);
    }

    /// Moves up to `most` bytes that have arrived into the hands of `read`. Returns how many it were.
    pub(super) fn read(&mut self, most: usize, mut read: impl FnMut(&[u8]), pool: &mut Pool) -> usize {
        let count = self.arrived.min(most);
        if count == 0 {
            return 0;
        }
        let (front, back) = self.bytes.as_slices();
        let first = &front[..front.len().min(count)];
        read(first);
        if first.len() < count {
            read(&back[..count - first.len()]);
        }
        self.bytes.drain(..count);
        self.arrived -= count;
        self.give_back(pool);
        count
    }

    /// How many bytes can be read at `now`.
    pub(super) fn arrived(&mut self, now: Time) -> usize {
        if now >= self.held_until {
            while let Some(segment) = self.segments.front().filter(|segment| segment.at <= now) {
                self.arrived += segment.len;
                self.segments.pop_front();
            }
        }
        self.arrived
    }

    /// How it has ended, seen by the reader at `now`.
    pub(super) fn ending(&self, now: Time) -> Option<Ending> {
        let (_, ending) = self.ending.filter(|(at, _)| now >= (*at).max(self.held_until))?;
        (ending == Ending::Reset || self.bytes.is_empty()).then_some(ending)
    }

    /// Whether its writer ended it.
    pub(super) const fn is_finished(&self) -> bool {
        self.ending.is_some()
    }

    /// Drops everything in it.
    pub(super) fn clear(&mut self, pool: &mut Pool) {
        self.bytes.clear();
        self.segments.clear();
        self.arrived = 0;
        self.give_back(pool);
    }

    fn arrival(&mut self, latency: Duration) -> Time {
        self.last_arrival = self.last_arrival.max(self.busy_until + latency).max(self.held_until);
        self.last_arrival
    }

    fn give_back(&mut self, pool: &mut Pool) {
        if !self.bytes.is_empty() || self.bytes.capacity() == 0 {
            return;
        }
        let (bytes, segments) = (mem::take(&mut self.bytes), mem::take(&mut self.segments));
        if pool.bytes.len() < POOLED && bytes.capacity() <= POOLED_LEN {
            pool.bytes.push(bytes);
            pool.segments.push(segments);
        }
    }
}
