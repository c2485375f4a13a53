//! The two queues of outgoing frames, the frame that is written now, and the clock of the write stall.

mod hashing;
mod write_stall;

use core::mem;
use core::time::Duration;

use super::credit::time_for;
use super::evidence::Evidence;
use super::fifo::Fifo;
use super::linger::WriteFailure;
use super::mark::Lanes;
use super::piece::{Piece, Purpose, Written};
use crate::message::Lane;
use crate::time::Time;

/// How long the transport may take for the smallest frame, as in the reference.
const STALL: Duration = Duration::from_secs(20);

/// The rate at which larger frames get more time, in bytes a second, as in the reference.
const RATE: u64 = 256 * 1024;

/// The least rate, in bytes a second, at which bytes taken of an overdue frame extend its end. A driver that looks only
/// when it is woken fills a small transport once in that time.
const LEAST_RATE: u64 = 32 * 1024;

/// The rate, in bytes a second, at which bytes taken of a frame make up for a late report: the content of the smallest
/// transport may be reported as late as a frame may take.
const REPORTED_RATE: u64 = 16 * 1024 / STALL.as_secs();

/// The purpose of at most this many shown frames is checked, so that the cost for each incoming frame is bounded.
/// Frames behind them count as not shown.
const LOOKED_AT: usize = 256;

/// Bytes of replies that may overtake one bulk frame, so that requests of the remote cannot hold up the owner's frames
/// for ever.
const SHARE: usize = 4 * 1024;

/// Frames that were not taken yet, at least one.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    /// The frame that is written next, shown or not. It lies outside the queues because usually it is the only one: the
    /// reply to a ping then allocates none of them.
    front: Option<Piece>,
    /// Frames behind it that the transport has been shown, oldest first.
    shown: Fifo<Piece>,
    control: Fifo<Piece>,
    bulk: Fifo<Piece>,
    /// Bytes of shown frames that the transport has not taken; 0 if none is shown.
    on_show: usize,
    /// Bytes of the front that the transport has taken.
    taken: usize,
    /// When the front's own time began. Replies that waited together share one time.
    offered: Time,
    /// When the driver last asked what to write, or reported that the transport takes nothing. By then it had reported
    /// everything that was taken. What it reports later may have been taken right after.
    seen: Time,
    /// What is known of a write stall that is overdue.
    evidence: Evidence,
    /// A timer has found it overdue, without evidence.
    was_sought: bool,
    /// Bytes of the replies that share this time with the front, including the front.
    sharing: usize,
    /// How much of it earlier replies used up.
    used: Duration,
    /// Bytes of replies that overtook the oldest bulk frame.
    overtaking: usize,
    /// The last message is among the frames: all of them share one time.
    is_closing: bool,
    /// The front was overdue, and the transport still took some of it.
    is_late: bool,
    /// Bytes not taken yet, of all frames.
    queued: usize,
    /// Of those, bytes of replies that the machine owes.
    owed: usize,
    /// Frames that are still to be hashed.
    unhashed: usize,
    /// Bytes ever taken from each lane.
    flushed: Lanes,
    /// Nothing is written any more.
    failure: Option<WriteFailure>,
}

/// What the transport took of one frame.
pub(super) struct Step {
    pub(super) count: usize,
    /// The frame, if it is now complete.
    pub(super) done: Option<Written>,
}

impl Queues {
    /// After this many bytes were taken.
    pub(super) fn new(flushed: Lanes) -> Self {
        Self { flushed, ..Self::default() }
    }

    pub(super) fn push(&mut self, piece: Piece) {
        let len = piece.len();
        self.queued = self.queued.saturating_add(len);
        if piece.purpose == Purpose::Reply {
            self.owed = self.owed.saturating_add(len);
        }
        if piece.unhashed().is_some() {
            self.unhashed = self.unhashed.saturating_add(1);
        }
        self.is_closing |= piece.purpose == Purpose::FinalReject;
        if self.front.is_none() {
            self.front = Some(piece);
        } else if let Some(bulk) = self.overtaken_by(piece.lane) {
            self.count_overtaking(&piece);
            self.bulk.push_front(bulk);
            self.front = Some(piece);
        } else {
            match piece.lane {
                Lane::Control => self.control.push_back(piece),
                Lane::Bulk => self.bulk.push_back(piece),
            }
        }
    }

    /// Puts the front back if a frame of this lane is to be written before it.
    fn overtaken_by(&mut self, lane: Lane) -> Option<Piece> {
        // A bulk frame whose turn it is stays before control frames, so that none overtakes those or the frame itself.
        let is_turn = self.overtaking >= SHARE || !self.control.is_empty();
        let may_overtake = self.on_show == 0 && lane == Lane::Control && !is_turn;
        self.front.take_if(|front| may_overtake && front.lane == Lane::Bulk)
    }

    pub(super) fn offer(&mut self, now: Time) -> &[u8] {
        self.show(1, now);
        let [head, body] = self.front.as_ref().map(|piece| piece.rest(self.taken)).unwrap_or_default();
        if head.is_empty() { body } else { head }
    }

    pub(super) fn offer_many(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.show(enough.max(1), now);
        let mut taken = self.taken;
        let pieces = self.front.iter().chain(&self.shown);
        let pieces = pieces.flat_map(move |piece| piece.rest(mem::take(&mut taken)));
        pieces.filter(|slice| !slice.is_empty())
    }

    /// Shows frames until `enough` bytes, not 0, are shown, control first.
    fn show(&mut self, enough: usize, now: Time) {
        let before = self.on_show;
        if self.on_show == 0
            && let Some(front) = &self.front
        {
            self.on_show = front.len();
            if front.lane == Lane::Bulk {
                self.overtaking = 0;
            }
            if front.purpose != Purpose::Reply || self.sharing == 0 && !self.overtakes_again(front) {
                self.begin_time(now);
            }
            // While it was not shown, its time did not run.
            self.offered = now;
        }
        self.seen = now;
        while self.on_show < enough {
            let Some(piece) = self.pop_unshown() else { break };
            self.on_show = self.on_show.saturating_add(piece.len());
            if piece.lane == Lane::Bulk {
                self.overtaking = 0;
            }
            self.shown.push_back(piece);
        }
        if self.unhashed > 0 && self.on_show > before {
            self.hash();
        }
        // A driver may be shown everything long before it takes any of it.
        self.shrink();
    }

    /// The next frame: control first, unless replies have overtaken a bulk frame for long enough.
    fn pop_unshown(&mut self) -> Option<Piece> {
        if (self.overtaking >= SHARE || self.control.is_empty())
            && let Some(bulk) = self.bulk.pop_front()
        {
            return Some(bulk);
        }
        let piece = self.control.pop_front()?;
        if self.bulk.is_empty() {
            self.overtaking = 0;
        } else {
            self.count_overtaking(&piece);
        }
        Some(piece)
    }

    /// This reply is written before a waiting bulk frame. The count restarts when that is shown.
    fn count_overtaking(&mut self, piece: &Piece) {
        if piece.purpose == Purpose::Reply {
            self.overtaking = self.overtaking.saturating_add(piece.len());
        }
    }

    /// Notes that the transport took up to `count` bytes of the first shown frame, if one is shown.
    pub(super) fn take(&mut self, count: usize, now: Time) -> Option<Step> {
        let is_late = self.is_late || (self.evidence != Evidence::Found && self.is_overdue(now));
        let piece = self.front.as_ref().filter(|_| self.on_show > 0)?;
        let mut rest = piece.len();
        take_off(&mut rest, self.taken);
        let (lane, purpose, step) = (piece.lane, piece.purpose, rest.min(count));
        take_off(&mut self.on_show, step);
        take_off(&mut self.queued, step);
        if purpose == Purpose::Reply {
            take_off(&mut self.owed, step);
        }
        let done = (step == rest).then(|| piece.written());
        if done.is_some() {
            let len = piece.len();
            self.front = self.shown.pop_front().or_else(|| self.pop_unshown());
            self.taken = 0;
            if self.begin_next(purpose, len, now) && is_late {
                self.put_off(step, now);
            }
        } else {
            self.taken = self.taken.saturating_add(step);
            // It may have been taken when it was shown, and the remote may have waited for the rest since then.
            let late = now.saturating_since(self.seen).min(time_for(step as u64, REPORTED_RATE));
            self.rest(late, now);
            if is_late && step > 0 {
                self.put_off(step, now);
            }
        }
        if purpose != Purpose::FinalReject {
            self.flushed.add(lane, step);
        }
        Some(Step { count: step, done })
    }

    /// A frame is written. The next one has its own time, or shares that of the one before. Returns whether it shares
    /// it.
    fn begin_next(&mut self, done: Purpose, len: usize, now: Time) -> bool {
        let is_reply = |purpose| purpose == Purpose::Reply;
        let goes_on = is_reply(done) && self.front.as_ref().is_some_and(|front| is_reply(front.purpose));
        self.sharing = if goes_on { self.sharing.saturating_sub(len) } else { 0 };
        let overtakes =
            is_reply(done) && self.front.as_ref().is_some_and(|front| self.overtakes_again(front));
        let shares = self.is_closing || self.sharing > 0 || overtakes;
        if shares {
            // A late report does not make the remote slower.
            let used = self.used.saturating_add(self.seen.saturating_since(self.offered));
            self.used = used.saturating_sub(time_for(len as u64, RATE));
            self.offered = now;
            // The evidence is about another frame.
            if !self.is_overdue(now) {
                self.evidence = Evidence::Missing;
            }
        } else {
            self.begin_time(now);
        }
        shares
    }

    /// The transport took this many bytes while the front was overdue, which extends its end.
    fn put_off(&mut self, count: usize, now: Time) {
        let bought = time_for(count as u64, LEAST_RATE);
        let offered = self.offered;
        self.offered = (offered + bought).min(now);
        let rest = bought.saturating_sub(self.offered.saturating_since(offered));
        self.used = self.used.saturating_sub(rest);
        self.is_late = true;
        if !self.is_overdue(now) {
            self.evidence = Evidence::Missing;
        }
    }

    /// Drops every frame.
    pub(super) fn clear(&mut self) {
        *self = Self { failure: self.failure, ..Self::new(self.flushed) };
    }

    /// Writing failed. The first failure is kept.
    pub(super) fn fail(&mut self, failure: WriteFailure) {
        self.failure.get_or_insert(failure);
        self.clear();
    }

    pub(super) const fn failure(&self) -> Option<WriteFailure> {
        self.failure
    }

    /// Whether everything was taken, and there is nothing else to report.
    pub(super) fn is_done(&self, put: Lanes) -> bool {
        self.queued == 0 && self.flushed == put && self.failure.is_none()
    }

    pub(super) const fn flushed(&self) -> Lanes {
        self.flushed
    }

    /// Bytes not taken yet.
    pub(super) const fn queued(&self) -> usize {
        self.queued
    }

    /// Of those, bytes of replies that the machine owes.
    pub(super) const fn owed(&self) -> usize {
        self.owed
    }

    /// Bytes of the owner's frames whose memory is still held.
    pub(super) const fn held(&self) -> usize {
        self.queued.saturating_sub(self.owed).saturating_add(self.taken)
    }

    /// Frees memory that the queues no longer need.
    pub(super) fn shrink(&mut self) {
        for queue in [&mut self.shown, &mut self.control, &mut self.bulk] {
            queue.shrink();
        }
    }

    pub(super) fn settle_ping(&mut self, nonce: u64) -> Option<(Purpose, Time)> {
        let is_ping = |piece: &&mut Piece| {
            matches!(piece.purpose, Purpose::Ping | Purpose::Keepalive) && piece.nonce() == nonce
        };
        let mut shown = self.front.iter_mut().filter(|_| self.on_show > 0).chain(self.shown.iter_mut());
        let ping = shown.find(is_ping)?;
        Some((mem::replace(&mut ping.purpose, Purpose::Ordinary), self.offered))
    }

    pub(super) fn shown(&self, purposes: &[Purpose]) -> usize {
        let front = self.front.iter().filter(|_| self.on_show > 0);
        let pieces = front.chain(&self.shown).take(LOOKED_AT);
        pieces.filter(|piece| purposes.contains(&piece.purpose)).count()
    }

    pub(super) fn drop_unshown(&mut self) {
        self.control.retain(|piece| piece.purpose == Purpose::Handshake);
        self.bulk = Fifo::default();
        if self.on_show == 0 && self.front.take_if(|front| front.purpose != Purpose::Handshake).is_some() {
            self.front = self.control.pop_front();
        }
        // Only blocks are not hashed, and those that stay were shown.
        self.unhashed = 0;
        let (mut queued, mut owed) = (0_usize, 0_usize);
        let mut taken = self.taken;
        for piece in self.front.iter().chain(&self.shown).chain(&self.control) {
            let mut left = piece.len();
            take_off(&mut left, mem::take(&mut taken));
            queued = queued.saturating_add(left);
            if piece.purpose == Purpose::Reply {
                owed = owed.saturating_add(left);
            }
        }
        (self.queued, self.owed) = (queued, owed);
    }
}

/// Subtracts `part` from a count that includes it.
const fn take_off(count: &mut usize, part: usize) {
    debug_assert!(*count >= part, "a part is no larger than the count that it is part of");
    *count = count.saturating_sub(part);
}
