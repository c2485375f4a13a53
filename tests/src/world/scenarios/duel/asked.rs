//! What we asked a hostile remote for and queued for it, and by when each of it must be done.

use core::time::Duration;
use std::collections::BTreeSet;

use peer_core::message::{Inventory, InventoryKind};
use peer_core::{Mark, Message, Time};

use super::Table;
use super::cut::Cut;
use super::taker::Taker;
use crate::samples::{block_item, tx_item};

/// What the machine may take for evidence: a second until it asks for it, and one until it is asked.
const GRACE: Duration = Duration::from_secs(2);
/// How long the transport may take for a frame.
const STALL: Duration = Duration::from_secs(20);
/// The rate at which a frame that is taken buys time.
const TAKEN_RATE: u64 = 256 * 1024;
/// Bytes of replies that may overtake one bulk frame, and one reply more.
const SHARE: u64 = 4 * 1024 + PONG;
const PONG: u64 = 32;
/// Attended time after which a flood is judged by its bytes, and how many these are.
const TERM: Duration = Duration::from_secs(180);
const HELD_BACK: u64 = 16 * 1024 * 1024;
/// The longest time that other bytes buy which lay in the transport between two calls more than a second apart.
const BACKLOG: Duration = Duration::from_secs(60);
const GAP: Duration = Duration::from_secs(1);
/// Fewer bytes fill no transport, and buy none.
const FULL: u64 = 16 * 1024;
/// The longest pause of reading between two answers that no clock of answers counts.
const PAUSE: Duration = Duration::from_secs(20);

/// The item of this number.
pub(super) fn wanted(number: u32) -> Inventory {
    if number.is_multiple_of(4) { block_item(number) } else { tx_item(number) }
}

/// What answers a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Items(BTreeSet<Inventory>),
    InitState,
    Headers,
    /// A frame that asks for nothing.
    None,
}

impl Answer {
    fn is_open(&self) -> bool {
        !matches!(self, Self::None) && !matches!(self, Self::Items(items) if items.is_empty())
    }

    fn term(&self) -> Duration {
        if matches!(self, Self::Headers) { Duration::from_secs(90) } else { Duration::from_secs(30) }
    }

    /// Whether a frame with this command may answer it.
    fn may_be(&self, command: &str) -> bool {
        let has = |kind| matches!(self, Self::Items(items) if items.iter().any(|item| item.kind == kind));
        match command {
            "tx" => has(InventoryKind::TX),
            "block" => has(InventoryKind::BLOCK),
            "notfound" => matches!(self, Self::Items(_)),
            "initstate" => matches!(self, Self::InitState),
            "headers" => matches!(self, Self::Headers),
            _ => false,
        }
    }

    /// Notes a message, and returns how many answers it has. `headers` also come unasked: they answer what is written alone.
    fn close(&mut self, message: &Message, is_written: bool) -> u64 {
        match (&mut *self, message) {
            (Self::Items(items), Message::Tx(tx)) => u64::from(items.remove(&Inventory::tx(tx.hash()))),
            (Self::Items(items), Message::Block(block)) => {
                u64::from(items.remove(&Inventory::block(block.hash())))
            }
            (Self::Items(items), Message::NotFound(told)) => {
                told.inventory.iter().map(|item| u64::from(items.remove(item))).sum()
            }
            (Self::Headers, Message::Headers(_)) if !is_written => 0,
            (Self::InitState, Message::InitState(_)) | (Self::Headers, Message::Headers(_)) => {
                *self = Self::None;
                1
            }
            _ => 0,
        }
    }
}

/// A frame of ours.
#[derive(Debug)]
struct Frame {
    mark: Mark,
    is_bulk: bool,
    len: usize,
    answer: Answer,
    /// When it was queued, how many frames had been taken by then, and how many may be taken before it, but for our own.
    queued: Time,
    taken: u64,
    replies: u64,
    /// When it was written, and what had been bought and paused by then.
    written: Option<Meter>,
}

/// What the clock of answers does not count.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    at: Time,
    bought: Duration,
    paused: Duration,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Ledger {
    frames: Vec<Frame>,
    /// Our own frames so far.
    own: u64,
    /// The time, and what answers bought and pauses took by then.
    meter: Meter,
    /// Of the pauses, since the last answer.
    pausing: Duration,
    /// When the last answer came, or the first request was written.
    answered: Time,
    /// What pauses had taken by then.
    paused: Duration,
    /// Of the wait before it, what answers may still take off.
    waited: Duration,
    /// Of the last gap between two calls and of all, what other bytes may still take off.
    gap: Duration,
    gap_end: Time,
    backlog: Duration,
    /// Bytes that came since the end of that gap.
    came: u64,
    /// How many frames were taken when last looked at, and when their number changed.
    taken: (u64, Time),
    /// Bytes that had come when a flood had lasted for its term.
    at_term: Option<u64>,
    largest: u64,
    /// What the machine was fed.
    pub(super) coming: Cut,
}

impl Ledger {
    /// Queues a frame of ours, if the machine does not refuse it.
    pub(super) fn send(
        &mut self,
        message: &Message,
        answer: Answer,
        is_bulk: bool,
        taker: &Taker,
        table: &mut Table,
    ) {
        let Ok(mark) = table.machine.send(message, table.now) else { return };
        table.story.sent(table.now, message);
        if self.frames.is_empty() {
            self.taken = (taker.cut.frames, table.now);
        }
        // What waits and is not ours is a reply; of the frame that is being taken, what is gone may be ours.
        let waiting = self.frames.iter().filter(|frame| frame.written.is_none());
        let own: usize = waiting.map(|frame| frame.len).sum();
        let len = table.encode(message).len();
        let owed = (table.machine.queued() + taker.cut.begun()).saturating_sub(own + len) as u64 / PONG + 1;
        let ahead =
            1 + self.frames.iter().filter(|frame| frame.is_bulk && frame.written.is_none()).count() as u64;
        let replies = owed + ahead * SHARE / PONG;
        self.own += 1;
        self.largest = self.largest.max(len as u64);
        let (queued, taken) = (table.now, taker.cut.frames);
        self.frames.push(Frame { mark, is_bulk, len, answer, queued, taken, replies, written: None });
    }

    /// Items that are open, written or not.
    pub(super) fn open(&self) -> BTreeSet<Inventory> {
        let items = self.frames.iter().filter_map(|frame| match &frame.answer {
            Answer::Items(items) => Some(items),
            _ => None,
        });
        items.flatten().copied().collect()
    }

    /// Whether it was asked for the initial state, of which one answer would be as good as another.
    pub(super) fn awaits_init_state(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame.answer, Answer::InitState))
    }

    /// A message surfaced, of a frame of so many bytes.
    pub(super) fn on_message(&mut self, message: &Message, bytes: usize, rate: u64) {
        let frames = self.frames.iter_mut();
        let entries: u64 = frames.map(|frame| frame.answer.close(message, frame.written.is_some())).sum();
        if entries == 0 {
            return;
        }
        let part = match message {
            Message::NotFound(_) => (24 + entries * 36).min(bytes as u64),
            _ => bytes as u64,
        };
        let bought = time_for(part, rate).max(Duration::from_secs(entries));
        // Answers that came together take off no more than was waited since those before. A pause is no wait.
        let paused = self.meter.paused - self.paused;
        let waited = self.meter.at.saturating_since(self.answered).saturating_sub(paused);
        if !waited.is_zero() {
            self.waited = waited;
        }
        let bought = bought.min(self.waited);
        self.waited -= bought;
        self.meter.bought += bought;
        self.backlog = (self.backlog + bought).min(BACKLOG);
        self.restart();
    }

    /// So much came, of whatever it is.
    pub(super) fn on_came(&mut self, bytes: usize, rate: u64) {
        let before = self.came;
        self.came += bytes as u64;
        let counted = match (before < FULL, self.came < FULL) {
            (_, true) => 0,
            (true, false) => self.came,
            (false, false) => bytes as u64,
        };
        let bought = time_for(counted, rate).min(self.gap).min(self.backlog);
        self.gap -= bought;
        self.backlog -= bought;
        self.meter.bought += bought;
    }

    fn restart(&mut self) {
        (self.answered, self.paused) = (self.meter.at, self.meter.paused);
        self.pausing = Duration::ZERO;
        self.at_term = None;
    }

    /// Time went on, while reading was paused or not, and the driver had offered what waits or not.
    pub(super) fn pass(&mut self, now: Time, paused: bool, offered: bool) {
        let step = now.saturating_since(self.meter.at);
        if paused && offered {
            let step = step.min(PAUSE.saturating_sub(self.pausing));
            self.pausing += step;
            self.meter.paused += step;
        } else if paused {
            // The remote cannot take what it is not offered.
            self.meter.paused += step;
        }
        if paused {
            // What lay in the transport still lies there.
            self.gap_end += step;
        } else if step > GAP {
            self.gap = step - GAP;
            (self.gap_end, self.came) = (now, 0);
        } else if now > self.gap_end + GAP {
            self.gap = Duration::ZERO;
        }
        self.meter.at = now;
    }

    /// Whether reading has rested for as long as it may between two answers.
    pub(super) fn is_pause_over(&self) -> bool {
        self.pausing >= PAUSE
    }

    /// Notes what has been written and forgets what is done.
    pub(super) fn settle(&mut self, taken: u64, table: &Table) {
        if self.taken.0 != taken {
            self.taken = (taken, table.now);
        }
        for number in 0..self.frames.len() {
            if self.frames[number].written.is_some() || !table.machine.is_flushed(self.frames[number].mark) {
                continue;
            }
            let is_first = !self.frames.iter().any(|frame| frame.written.is_some() && frame.answer.is_open());
            if is_first && self.frames[number].answer.is_open() {
                self.restart();
                (self.waited, self.gap, self.backlog) = (Duration::ZERO, Duration::ZERO, BACKLOG);
            }
            self.frames[number].written = Some(self.meter);
        }
        self.frames.retain(|frame| frame.written.is_none() || frame.answer.is_open());
    }

    /// Whether nothing is left to be answered or written.
    pub(super) fn is_done(&self) -> bool {
        self.frames.is_empty()
    }

    /// The whole property. `is_seen` says whether the driver saw that nothing more comes or, while reading rests, that
    /// nothing is taken.
    pub(super) fn check(&mut self, is_seen: bool, table: &Table) {
        for frame in &self.frames {
            match frame.written {
                None => self.check_written(frame, table),
                Some(written) => self.check_answered(frame, written, is_seen, table),
            }
        }
        let received = table.machine.stats().bytes_received;
        if self.at_term.is_none() && table.now > self.answered + TERM + GRACE {
            self.at_term = Some(received);
        }
    }

    fn check_written(&self, frame: &Frame, table: &Table) {
        let (taken, since) = self.taken;
        let limit = since.max(frame.queued) + STALL + time_for(self.largest, TAKEN_RATE) + GRACE;
        assert!(
            table.now <= limit,
            "liveness: at {} a frame of {} is not written, nor any other since {since}; it was due at {limit}",
            table.now,
            frame.queued
        );
        let pings =
            table.now.elapsed().as_secs() / table.machine.node().config().ping_interval().as_secs() + 1;
        let most = self.own + pings + frame.replies;
        let before = taken - frame.taken;
        assert!(
            before <= most,
            "liveness: at {} a frame of {} is not written, though {before} others were, {most} are the most",
            table.now,
            frame.queued
        );
    }

    fn check_answered(&self, frame: &Frame, written: Meter, is_seen: bool, table: &Table) {
        let rate = table.machine.node().config().min_receive_rate();
        let bought = self.meter.bought - written.bought + self.coming(rate);
        let paused = self.meter.paused - written.paused;
        let limit = written.at + frame.answer.term() + bought + paused + GRACE;
        let received = table.machine.stats().bytes_received;
        let flooded = self.at_term.is_some_and(|before| received - before > HELD_BACK + (1 << 20));
        assert!(
            table.now <= limit || !is_seen && !flooded,
            "liveness: at {} {:?} of {} is still open; it was due at {limit}, of which answers bought {bought:?} and \
             pauses {paused:?}",
            table.now,
            frame.answer,
            written.at
        );
    }

    /// What the bytes buy that are there of a frame which may be an answer.
    fn coming(&self, rate: u64) -> Duration {
        let Some(command) = self.coming.command() else { return Duration::ZERO };
        let is_answer = self.frames.iter().any(|frame| frame.answer.may_be(command));
        let most = if command == "notfound" { 24 + self.open().len() * 36 } else { usize::MAX };
        if is_answer { time_for(self.coming.begun().min(most) as u64, rate) } else { Duration::ZERO }
    }
}

fn time_for(bytes: u64, rate: u64) -> Duration {
    Duration::from_nanos(bytes * 1_000_000_000 / rate)
}
