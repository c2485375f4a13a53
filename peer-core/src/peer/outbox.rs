//! Frames on their way out: two queues, and the frames that the transport has been shown.
//!
//! Control overtakes bulk, but only bulk that nobody has been shown: once [`Outbox::offer`] has shown a
//! frame, its bytes come next until the last one is taken.
//!
//! The bytes that are counted stand for the memory that is held. So a frame counts whole until its last byte is
//! taken, and what a queue keeps for each frame is small beside even the smallest one, of 24 bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use bytes::Bytes;

use super::fifo::Fifo;
use crate::frame::Header;
use crate::message::Lane;
use crate::time::Time;

/// A position in one of the two [lanes](super::Peer::send) of outgoing frames.
///
/// [`Peer::is_flushed`](super::Peer::is_flushed) tells whether everything up to it was handed to the
/// transport. Lanes do not wait for each other: that a pong is flushed says nothing of an earlier block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    lane: Lane,
    end: u64,
}

impl Mark {
    pub(crate) fn shares_lane(self, other: Self) -> bool {
        self.lane == other.lane
    }
}

/// What a frame is to the machine, once it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Our `version` or `verack`.
    Handshake,
    /// A command of the owner.
    Ordinary,
    /// An answer that the remote made us owe.
    Reply,
    /// A ping of the owner's.
    Ping,
    /// One that the machine sends by itself.
    Keepalive,
    /// A request whose answers are waited for.
    Request,
    /// The last word before the connection ends. No mark counts it.
    FinalReject,
}

/// Frames from this size on are shared where a machine is cloned.
const LARGE: usize = 4 * 1024;

/// A frame. It takes 32 bytes beside its own: millions of the smallest frames may wait.
#[derive(Clone, Debug)]
struct Piece {
    /// The header with the payload, or the header alone, or nothing.
    head: Box<[u8]>,
    /// A payload that is shared with others, or all of a large frame, so that a clone of the machine shares it. Boxed,
    /// since few have one.
    body: Option<Box<Bytes>>,
    lane: Lane,
    purpose: Purpose,
}

impl Piece {
    fn new(head: Vec<u8>, body: Bytes, lane: Lane, purpose: Purpose) -> Self {
        let (head, body) = match body {
            body if !body.is_empty() => (head.into_boxed_slice(), Some(Box::new(body))),
            _ if head.len() < LARGE => (head.into_boxed_slice(), None),
            _ => (Box::default(), Some(Box::new(Bytes::from(head)))),
        };
        Self { head, body, lane, purpose }
    }

    fn len(&self) -> usize {
        self.head.len().saturating_add(self.body().len())
    }

    fn body(&self) -> &[u8] {
        self.body.as_deref().map(Bytes::as_ref).unwrap_or_default()
    }

    /// What is left of it after `taken` bytes, in its two parts.
    fn rest(&self, taken: usize) -> [&[u8]; 2] {
        let head = self.head.get(taken..).unwrap_or_default();
        let body = self.body().get(taken.saturating_sub(self.head.len())..).unwrap_or_default();
        [head, body]
    }

    /// The number that its payload begins with: the nonce, where it is a ping.
    fn nonce(&self) -> u64 {
        let payload = self.head.get(Header::LEN..).unwrap_or_default();
        payload.first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default()
    }
}

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Frames that were not taken yet. Most peers are idle most of the time: then there is nothing here.
    queues: Option<Box<Queues>>,
    /// Bytes ever put into each lane, and ever taken from it.
    put: Lanes,
    flushed: Lanes,
}

/// Frames that were not taken yet, at least one.
#[derive(Clone, Debug, Default)]
struct Queues {
    /// The frame that is written next, shown or not. It has its place outside the queues because it is the only
    /// one most of the time: an answer to a ping then makes none of them.
    front: Option<Piece>,
    /// Frames behind it that the transport has been shown, oldest first.
    shown: Fifo<Piece>,
    control: Fifo<Piece>,
    bulk: Fifo<Piece>,
    /// Bytes of shown frames that the transport has not taken; 0 where none is shown.
    on_show: usize,
    /// Bytes of the front that the transport has taken.
    taken: usize,
    /// When the front was first offered on its own account.
    offered: Time,
    /// Bytes not taken yet, of all frames.
    queued: usize,
    /// Of those, bytes of answers that the machine owes.
    owed: usize,
}

/// One position for each lane.
#[derive(Clone, Copy, Debug, Default)]
struct Lanes {
    control: u64,
    bulk: u64,
}

impl Lanes {
    const fn at(&mut self, lane: Lane) -> &mut u64 {
        match lane {
            Lane::Control => &mut self.control,
            Lane::Bulk => &mut self.bulk,
        }
    }
}

impl Outbox {
    /// Queues a frame whose payload is in `head` behind the header, or in `body`.
    pub(crate) fn push(&mut self, head: Vec<u8>, body: Bytes, lane: Lane, purpose: Purpose) -> Mark {
        let piece = Piece::new(head, body, lane, purpose);
        let end = self.put.at(lane);
        if purpose != Purpose::FinalReject {
            *end = end.saturating_add(piece.len() as u64);
        }
        let mark = Mark { lane, end: *end };
        self.queues.get_or_insert_default().push(piece);
        mark
    }

    /// What the transport should write next. Empty where nothing waits.
    pub(crate) fn offer(&mut self, now: Time) -> &[u8] {
        self.queues.as_mut().map(|queues| queues.offer(now)).unwrap_or_default()
    }

    /// As [`offer`](Self::offer), in pieces for a vectored write: whole frames until they have at least
    /// `enough` bytes together.
    pub(crate) fn offer_many(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.queues.iter_mut().flat_map(move |queues| queues.offer_many(enough, now))
    }

    /// Notes that the transport took `count` bytes of what it was shown, and calls `written` for each frame
    /// that is complete with that, with its [`nonce`](Piece::nonce). Returns the bytes taken, which are no more
    /// than were shown.
    pub(crate) fn take(&mut self, count: usize, now: Time, mut written: impl FnMut(Purpose, u64)) -> usize {
        let Self { queues, flushed, .. } = self;
        let Some(open) = queues else { return 0 };
        let mut left = count;
        while let Some(step) = open.take(left, now) {
            take_off(&mut left, step.count);
            if step.purpose != Purpose::FinalReject {
                let flushed = flushed.at(step.lane);
                *flushed = flushed.saturating_add(step.count as u64);
            }
            let Some(nonce) = step.done else { break };
            written(step.purpose, nonce);
        }
        if open.queued == 0 {
            *queues = None;
        } else {
            open.shrink();
        }
        count.saturating_sub(left)
    }

    /// The transport has as long for the first frame that it was shown as if it were offered now.
    pub(crate) const fn offer_anew(&mut self, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.offered = now;
        }
    }

    /// Finds a ping with this nonce among the frames that were shown and not taken as far as we know, and returns its
    /// purpose and when the first of them was offered. The ping counts as written then: once it is taken, nothing follows.
    pub(crate) fn settle_ping(&mut self, nonce: u64) -> Option<(Purpose, Time)> {
        self.queues.as_mut()?.settle_ping(nonce)
    }

    /// No frame was offered after `now`.
    pub(crate) fn bound(&mut self, now: Time) {
        if let Some(queues) = &mut self.queues {
            queues.offered = queues.offered.min(now);
        }
    }

    /// Drops everything that was not shown, except our introduction. Marks of what is dropped are never
    /// flushed.
    pub(crate) fn drop_unshown(&mut self) {
        if let Some(queues) = &mut self.queues {
            queues.drop_unshown();
        }
    }

    /// Drops everything that was not taken.
    pub(crate) fn clear(&mut self) {
        self.queues = None;
    }

    /// The ends of both lanes.
    pub(crate) const fn marks(&self) -> [Mark; 2] {
        [Mark { lane: Lane::Control, end: self.put.control }, Mark { lane: Lane::Bulk, end: self.put.bulk }]
    }

    pub(crate) const fn is_flushed(&self, mark: Mark) -> bool {
        let flushed = match mark.lane {
            Lane::Control => self.flushed.control,
            Lane::Bulk => self.flushed.bulk,
        };
        mark.end <= flushed
    }

    /// Bytes not taken yet.
    pub(crate) fn queued(&self) -> usize {
        self.queues.as_ref().map_or(0, |queues| queues.queued)
    }

    /// Bytes of the owner's frames that are still held: what is not taken yet, and what is of a frame that is not
    /// taken to its end, whose memory is freed as a whole.
    pub(crate) fn held(&self) -> usize {
        self.queues.as_deref().map_or(0, |queues| {
            let mut held = queues.queued;
            take_off(&mut held, queues.owed);
            held.saturating_add(queues.taken)
        })
    }

    /// Bytes not taken yet of answers that the machine owes.
    pub(crate) fn owed(&self) -> usize {
        self.queues.as_ref().map_or(0, |queues| queues.owed)
    }

    /// When the transport must have taken the frame it was shown: 20 s after it was offered, and a second
    /// more for every 256 KiB of the frame, as in the reference.
    pub(crate) fn stall_deadline(&self) -> Option<Time> {
        let queues = self.queues.as_ref().filter(|queues| queues.on_show > 0)?;
        let piece = queues.front.as_ref()?;
        let allowance = Duration::from_secs((piece.len() / (256 * 1024)) as u64);
        Some(queues.offered + Duration::from_secs(20) + allowance)
    }
}

/// What the transport took of one frame.
struct Step {
    lane: Lane,
    purpose: Purpose,
    count: usize,
    /// The frame's nonce, if it is complete with that.
    done: Option<u64>,
}

impl Queues {
    fn push(&mut self, piece: Piece) {
        let len = piece.len();
        self.queued = self.queued.saturating_add(len);
        if piece.purpose == Purpose::Reply {
            self.owed = self.owed.saturating_add(len);
        }
        if self.front.is_none() {
            self.front = Some(piece);
        } else if let Some(bulk) = self.overtaken_by(piece.lane) {
            self.bulk.push_front(bulk);
            self.front = Some(piece);
        } else {
            match piece.lane {
                Lane::Control => self.control.push_back(piece),
                Lane::Bulk => self.bulk.push_back(piece),
            }
        }
    }

    /// Takes the front away if a frame of this lane is to be written before it.
    fn overtaken_by(&mut self, lane: Lane) -> Option<Piece> {
        let may_overtake = self.on_show == 0 && lane == Lane::Control;
        self.front.take_if(|front| may_overtake && front.lane == Lane::Bulk)
    }

    fn offer(&mut self, now: Time) -> &[u8] {
        self.show(1, now);
        let [head, body] = self.front.as_ref().map(|piece| piece.rest(self.taken)).unwrap_or_default();
        if head.is_empty() { body } else { head }
    }

    fn offer_many(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.show(enough.max(1), now);
        let mut taken = self.taken;
        let pieces = self.front.iter().chain(&self.shown);
        let pieces = pieces.flat_map(move |piece| piece.rest(mem::take(&mut taken)));
        pieces.filter(|slice| !slice.is_empty())
    }

    /// Shows frames until `enough` bytes, not 0, are on show, control first.
    fn show(&mut self, enough: usize, now: Time) {
        if self.on_show == 0
            && let Some(front) = &self.front
        {
            self.offered = now;
            self.on_show = front.len();
        }
        while self.on_show < enough {
            let Some(piece) = self.pop_unshown() else { break };
            self.on_show = self.on_show.saturating_add(piece.len());
            self.shown.push_back(piece);
        }
        // A driver may be shown everything long before it takes any of it.
        self.shrink();
    }

    fn pop_unshown(&mut self) -> Option<Piece> {
        self.control.pop_front().or_else(|| self.bulk.pop_front())
    }

    /// Notes that the transport took up to `count` bytes of the first frame it was shown, if it was shown any.
    fn take(&mut self, count: usize, now: Time) -> Option<Step> {
        let piece = self.front.as_ref().filter(|_| self.on_show > 0)?;
        let mut rest = piece.len();
        take_off(&mut rest, self.taken);
        let (lane, purpose, step) = (piece.lane, piece.purpose, rest.min(count));
        take_off(&mut self.on_show, step);
        take_off(&mut self.queued, step);
        if purpose == Purpose::Reply {
            take_off(&mut self.owed, step);
        }
        let done = (step == rest).then(|| piece.nonce());
        if done.is_some() {
            self.front = self.shown.pop_front().or_else(|| self.pop_unshown());
            self.taken = 0;
            self.offered = now;
        } else {
            self.taken = self.taken.saturating_add(step);
        }
        Some(Step { lane, purpose, count: step, done })
    }

    /// Gives back memory that the queues do not need any more.
    fn shrink(&mut self) {
        for queue in [&mut self.shown, &mut self.control, &mut self.bulk] {
            queue.shrink();
        }
    }

    fn settle_ping(&mut self, nonce: u64) -> Option<(Purpose, Time)> {
        let is_ping = |piece: &&mut Piece| {
            matches!(piece.purpose, Purpose::Ping | Purpose::Keepalive) && piece.nonce() == nonce
        };
        let mut shown = self.front.iter_mut().filter(|_| self.on_show > 0).chain(self.shown.iter_mut());
        let ping = shown.find(is_ping)?;
        Some((mem::replace(&mut ping.purpose, Purpose::Ordinary), self.offered))
    }

    fn drop_unshown(&mut self) {
        self.control.retain(|piece| piece.purpose == Purpose::Handshake);
        self.bulk = Fifo::default();
        if self.on_show == 0 && self.front.take_if(|front| front.purpose != Purpose::Handshake).is_some() {
            self.front = self.control.pop_front();
        }
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

/// Takes `part` off a count that it is part of.
const fn take_off(count: &mut usize, part: usize) {
    debug_assert!(*count >= part, "a part is no larger than the count that it is part of");
    *count = count.saturating_sub(part);
}
