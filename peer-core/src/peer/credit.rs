//! What bytes buy: time for the answers that are still to come.

use core::mem;
use core::time::Duration;

use super::Peer;
use super::flood::Flood;
use super::lifecycle::Session;
use super::requests::{Requests, not_found_len};
use super::silence::GRACE;
use crate::frame::Header;
use crate::message::Message;
use crate::time::Time;

/// So many bytes that came during a gap between two calls may have filled the transport, with an answer behind them.
const FULL: usize = 16 * 1024;

/// Total time that such bytes may buy if they answer nothing. What answers buy is added to what is left of it.
const BACKLOG: Duration = Duration::from_secs(60);

/// What may be taken off the clock of waiting while a request is open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Credit {
    /// What the clock showed after the last answer before the current wait. The answers that came together after a wait take
    /// off no more than all of it.
    floor: Time,
    /// What the clock showed after the last answer.
    last: Time,
    /// When the last gap between two calls ended that was longer than a second, how much longer it was, less what was bought
    /// since, and how many bytes came then that answer nothing.
    gap_end: Time,
    gap: Duration,
    came: usize,
    /// Of what came then, bytes that are there of a frame that may be an answer.
    pending: usize,
    /// Bytes of the answers among what is pulled.
    answered: usize,
    /// What is left of [`BACKLOG`].
    backlog: Duration,
}

/// What a pull found in the input, in bytes.
#[derive(Clone, Copy)]
struct Pulled {
    /// Bytes of whole frames.
    taken: usize,
    /// Bytes of the next frame, which is incomplete.
    rest: usize,
    /// Of all these, bytes that were there at the last pull.
    before: usize,
    /// Of `rest`, bytes that can be part of an answer.
    answering: usize,
    /// Of `taken`, bytes of answers.
    answered: usize,
}

impl Pulled {
    /// Bytes that came since the last pull.
    const fn came(self) -> usize {
        self.taken.saturating_add(self.rest).saturating_sub(self.before)
    }

    /// Bytes of the incomplete frame that may become an answer, if `pending` of them were there before.
    fn pending(self, pending: usize) -> usize {
        let of_next = if self.taken == 0 { pending.saturating_add(self.came()) } else { self.rest };
        of_next.min(self.answering)
    }
}

impl Credit {
    /// The first deadline is set while the clock of waiting shows this.
    pub(super) const fn new(waited: Time) -> Self {
        let (gap_end, gap) = (Time::ZERO, Duration::ZERO);
        Self { floor: waited, last: waited, gap_end, gap, came: 0, pending: 0, answered: 0, backlog: BACKLOG }
    }

    /// The clock of waiting goes back to `began`.
    pub(super) fn bound(&mut self, began: Time) {
        (self.floor, self.last) = (self.floor.min(began), self.last.min(began));
        self.gap = Duration::ZERO;
    }

    /// An answer came when the clock showed `waited`, and bought this. Returns what the clock shows instead.
    pub(super) fn take_off(&mut self, bought: Duration, waited: Time) -> Time {
        if waited > self.last {
            self.floor = self.last;
        }
        let left = Time::from_elapsed(waited.elapsed().saturating_sub(bought));
        self.last = left.max(self.floor).min(waited);
        let taken_off = waited.saturating_since(self.last);
        self.backlog = self.backlog.saturating_add(taken_off).min(BACKLOG);
        self.last
    }

    /// The clock of waiting ran on in a gap that was so much longer than a second.
    pub(super) const fn on_gap(&mut self, gap: Duration, now: Time) {
        (self.gap, self.gap_end, self.came, self.pending) = (gap, now, 0, 0);
    }

    /// Nothing was read for this long, so what lay in the transport still lies there.
    pub(super) fn rest(&mut self, duration: Duration) {
        self.gap_end += duration;
    }

    /// Whether what is pulled now may have lain in the transport during a gap.
    fn has_gap(&self, now: Time) -> bool {
        !self.gap.is_zero() && now <= self.gap_end + GRACE
    }

    /// The clock of waiting shows this after something else was taken off. What answers may take off begins there.
    fn bound_last(&mut self, waited: Time) {
        self.last = self.last.min(waited);
    }

    /// The time that the bytes of a pull buy which answer nothing. An incomplete answer buys time by itself; if it turns
    /// out to be none, its bytes count then.
    fn buy_backlog(&mut self, pulled: Pulled, rate: u64) -> Duration {
        let pending = pulled.pending(self.pending);
        let came = pulled.came().saturating_add(self.pending).saturating_sub(pending);
        self.pending = pending;
        self.buy(came.saturating_sub(pulled.answered), rate)
    }

    /// The time that so many bytes buy which lay there, at `rate`: none before they are enough to fill a transport.
    fn buy(&mut self, bytes: usize, rate: u64) -> Duration {
        let before = self.came;
        self.came = before.saturating_add(bytes);
        if self.came < FULL {
            return Duration::ZERO;
        }
        let counted = if before < FULL { self.came } else { bytes };
        let bought = time_for(counted as u64, rate).min(self.gap).min(self.backlog);
        self.gap = self.gap.saturating_sub(bought);
        self.backlog = self.backlog.saturating_sub(bought);
        bought
    }
}

impl Requests {
    /// The driver called after such a gap, late or as it likes.
    pub(super) fn on_call(&mut self, gap: Duration, is_waiting: bool, is_late: bool, now: Time) {
        self.flood.attend(gap.min(GRACE));
        let beyond = gap.saturating_sub(GRACE);
        match (is_waiting, is_late) {
            (false, _) => self.credit.rest(gap),
            (true, true) => self.credit.rest(beyond),
            (true, false) if beyond.is_zero() => {}
            (true, false) => self.credit.on_gap(beyond, now),
        }
    }
}

impl Peer {
    pub(super) fn flood(&self) -> Option<&Flood> {
        self.lifecycle.session()?.requests.as_ref().map(|requests| &requests.flood)
    }

    /// How many of the bytes that are there of a frame can be part of an answer.
    pub(super) fn answering(&self, progress: u32) -> u32 {
        let Some(Session { reader, requests: Some(requests), .. }) = self.lifecycle.session() else {
            return 0;
        };
        let Some(head) = reader.head() else { return 0 };
        u32::try_from(requests.answering(head, progress as usize)).unwrap_or(u32::MAX)
    }

    /// The time that an answer bought which closed so many requests: what its bytes may take at the configured rate,
    /// and at least a second for each of them. While answers come no slower, the remote is not waited for.
    pub(super) fn time_bought(&self, answer: &Message, wire_len: usize, entries: usize) -> Duration {
        let bytes = match answer {
            // What it says of other items answers nothing.
            Message::NotFound(_) => wire_len.min(not_found_len(entries)),
            _ => wire_len,
        };
        time_for(bytes as u64, self.config().min_receive_rate).max(Duration::from_secs(entries as u64))
    }

    /// An answer came: for those that are still due, the wait for it counts only beyond what it bought.
    pub(super) fn credit(&mut self, bought: Duration, wire_len: usize) {
        let Self { lifecycle, silence, .. } = self;
        if let Some(requests) = lifecycle.session_mut().and_then(|session| session.requests.as_mut()) {
            silence.credit(bought, &mut requests.credit);
            requests.flood.on_answer(bought);
            requests.credit.answered = requests.credit.answered.saturating_add(wire_len);
        }
    }

    /// What was just pulled may have lain in the transport while the driver did not call: `taken` bytes off the input, and
    /// what `rest` has of the next frame. Of these, `before` bytes were there at the last pull.
    pub(super) fn credit_backlog(&mut self, taken: usize, rest: &[u8], before: u32, now: Time) {
        let Some(requests) = self.requests_mut() else { return };
        let answered = mem::take(&mut requests.credit.answered);
        if !requests.credit.has_gap(now) {
            return;
        }
        // Once a deadline has passed, an arriving answer buys no time by itself.
        let is_late = requests.next_due().is_some_and(|due| due <= self.silence.waited());
        let rest = if rest.is_empty() { 0 } else { self.progress_of(rest) };
        let answering = if is_late { 0 } else { self.answering(rest) as usize };
        let taken = taken.saturating_add(header_of(before)).saturating_sub(header_of(rest));
        let pulled = Pulled { taken, rest: rest as usize, before: before as usize, answering, answered };
        let Self { node, lifecycle, silence, .. } = self;
        if let Some(requests) = lifecycle.session_mut().and_then(|session| session.requests.as_mut()) {
            let bought = requests.credit.buy_backlog(pulled, node.config().min_receive_rate);
            silence.take_off(bought, now);
            requests.credit.bound_last(silence.waited_until(now));
        }
    }

    pub(super) fn requests_mut(&mut self) -> Option<&mut Requests> {
        self.lifecycle.session_mut()?.requests.as_deref_mut()
    }

    /// Bytes that are there of the frame at the front of `input`.
    pub(super) fn progress_of(&self, input: &[u8]) -> u32 {
        let progress = self.lifecycle.reader().map_or(0, |reader| reader.progress(input));
        u32::try_from(progress).unwrap_or(u32::MAX)
    }
}

/// The bytes of its header that the reader has taken, of a frame of which so many bytes are there.
const fn header_of(progress: u32) -> usize {
    if progress as usize >= Header::LEN { Header::LEN } else { 0 }
}

/// The time that so many bytes may take at `rate`, in bytes a second.
pub(super) fn time_for(bytes: u64, rate: u64) -> Duration {
    let nanos = bytes.saturating_mul(1_000_000_000);
    Duration::from_nanos(nanos.checked_div(rate).unwrap_or_default())
}
