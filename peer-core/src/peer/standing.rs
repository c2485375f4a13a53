//! The points that today's nodes count against a peer.
//!
//! A node counts a message when it handles it, in whole seconds of its own clock. We do not see that, so points begin
//! to fade only some time after they were written.

use alloc::collections::VecDeque;

use super::Peer;
use super::mark::Mark;
use crate::message::{InventoryKind, Message};
use crate::time::Time;

/// What nodes count, measured with dcrd's server.
struct Rules {
    /// The most points that a node accepts.
    limit: u32,
    /// Lasting points for each block that a `notfound` names.
    not_found_block: u32,
    /// Passing points for each transaction that a `notfound` names.
    not_found_tx: u32,
    /// Passing points for each mixing message that a `notfound` names.
    not_found_mix: u32,
    /// Passing points for a `mempool`.
    mempool: u32,
    /// Passing points for a `getdata` of `get_data_items`, and the part of them for fewer, rounded down.
    get_data: u32,
    get_data_items: u32,
    /// Passing points halve in this many seconds.
    half_life: u32,
    /// Passing points are gone this many seconds after the last ones came.
    lifetime: u32,
}

static RULES: Rules = Rules {
    limit: 100,
    not_found_block: 20,
    not_found_tx: 10,
    not_found_mix: 10,
    mempool: 33,
    get_data: 99,
    get_data_items: 50_000,
    half_life: 60,
    lifetime: 1_800,
};

/// How long after a message was written its points do not fade, in seconds: 30 for the network and a busy node, and two
/// because both clocks count whole seconds.
const GRACE: u32 = 32;

/// The points that a node counts against us on this connection. Above the limit it bans our host for a day.
///
/// Lasting points stay for the life of the connection. They are added to the passing points at the time when the last
/// of those came, since a node does not let them fade in between. Passing points halve every 60 seconds, starting 32
/// seconds after their message was written. So this is at least what a node counts that handles our messages within 30
/// seconds. A new connection begins at 0.
///
/// | message | points |
/// | --- | --- |
/// | `notfound` | 20 lasting for each block, 10 passing for each transaction and mixing message |
/// | `mempool` | 33 passing |
/// | `getdata` | 99 passing for 50,000 items, in proportion for fewer: none for 505, 1 for 506 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Points that stay.
    pub lasting: u32,
    /// Points that fade, as they are now, rounded up.
    pub passing: u32,
    /// The most that a node accepts, lasting and passing together.
    pub limit: u32,
}

impl Standing {
    /// Lasting and passing points together.
    #[must_use]
    pub const fn points(self) -> u32 {
        self.lasting.saturating_add(self.passing)
    }
}

impl Peer {
    /// The points that a node counts against us at `now`.
    #[must_use]
    pub fn standing(&self, now: Time) -> Standing {
        let none = Standing { lasting: 0, passing: 0, limit: RULES.limit };
        self.history.sent.as_ref().map_or(none, |sent| sent.points.standing(now))
    }
}

/// What a message costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    lasting: u32,
    passing: u32,
}

impl Cost {
    pub(crate) fn of(message: &Message) -> Self {
        match message {
            Message::MemPool => Self { lasting: 0, passing: RULES.mempool },
            Message::GetData(request) => {
                let items = u32::try_from(request.inventory.len()).unwrap_or(u32::MAX);
                let passing = items.saturating_mul(RULES.get_data).checked_div(RULES.get_data_items);
                Self { lasting: 0, passing: passing.unwrap_or_default() }
            }
            Message::NotFound(answer) => answer
                .inventory
                .iter()
                .map(|item| Self::of_missing(item.kind))
                .fold(Self::default(), Self::add),
            _ => Self::default(),
        }
    }

    const fn of_missing(kind: InventoryKind) -> Self {
        match kind {
            InventoryKind::BLOCK => Self { lasting: RULES.not_found_block, passing: 0 },
            InventoryKind::TX => Self { lasting: 0, passing: RULES.not_found_tx },
            InventoryKind::MIX => Self { lasting: 0, passing: RULES.not_found_mix },
            _ => Self { lasting: 0, passing: 0 },
        }
    }

    const fn add(self, other: Self) -> Self {
        Self {
            lasting: self.lasting.saturating_add(other.lasting),
            passing: self.passing.saturating_add(other.passing),
        }
    }

    pub(crate) const fn points(self) -> u32 {
        self.lasting.saturating_add(self.passing)
    }
}

impl Peer {
    /// The points that a node would count with a message that costs this much.
    pub(super) fn points_with(&self, cost: Cost, now: Time) -> u32 {
        let standing = self.standing(now);
        let peak = self.history.sent.as_ref().map_or(0, |sent| sent.points.peak);
        let passing = if cost.passing == 0 { peak } else { standing.passing };
        standing.lasting.saturating_add(passing).saturating_add(cost.points())
    }
}

/// The points of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Points {
    lasting: u32,
    /// Passing points of what waits to be written, oldest first.
    unwritten: VecDeque<(Mark, u32)>,
    /// Passing points of what was written within the grace, by second, oldest first.
    recent: VecDeque<(u32, u32)>,
    /// Passing points that fade, in parts of [`ONE`], as of the second `since`.
    fading: u64,
    since: u32,
    /// Passing points when the last of them were queued.
    peak: u32,
}

/// One passing point.
const ONE: u64 = 1 << 32;
/// What is left of [`ONE`] after a second: its 60th root of a half, rounded up.
const AFTER_A_SECOND: u64 = 4_245_635_390;
/// Most messages whose points are kept apart until they are written.
const UNWRITTEN: usize = 32;

impl Points {
    fn standing(&self, now: Time) -> Standing {
        let now = seconds(now);
        let (mut fading, mut since, mut whole) = (self.fading, self.since, 0_u32);
        for (written, points) in &self.recent {
            let begins = written.saturating_add(GRACE);
            if begins <= now {
                (fading, since) = (faded(fading, since, begins).saturating_add(parts(*points)), begins);
            } else {
                whole = whole.saturating_add(*points);
            }
        }
        let unwritten = self.unwritten.iter().fold(whole, |sum, (_, points)| sum.saturating_add(*points));
        let faded = u32::try_from(faded(fading, since, now).div_ceil(ONE)).unwrap_or(u32::MAX);
        Standing { lasting: self.lasting, passing: faded.saturating_add(unwritten), limit: RULES.limit }
    }

    pub(crate) fn queue(&mut self, cost: Cost, mark: Mark, now: Time) {
        self.lasting = self.lasting.saturating_add(cost.lasting);
        if cost.passing == 0 {
            return;
        }
        self.peak = self.standing(now).passing.saturating_add(cost.passing);
        // If many wait, the newest of a lane are counted as one: their points fade later, never earlier.
        if self.unwritten.len() >= UNWRITTEN
            && let Some(last) = self.unwritten.iter_mut().rev().find(|(last, _)| last.shares_lane(mark))
        {
            *last = (mark, last.1.saturating_add(cost.passing));
            return;
        }
        self.unwritten.push_back((mark, cost.passing));
    }

    /// Begins the grace of what has been written.
    pub(crate) fn on_written(&mut self, now: Time, is_flushed: impl Fn(Mark) -> bool) {
        let mut written: u32 = 0;
        self.unwritten.retain(|(mark, points)| {
            let is_written = is_flushed(*mark);
            if is_written {
                written = written.saturating_add(*points);
            }
            !is_written
        });
        if written == 0 {
            return;
        }
        let now = seconds(now);
        self.settle(now);
        match self.recent.back_mut() {
            // If the clock went back, they fade later.
            Some((second, points)) if *second >= now => *points = points.saturating_add(written),
            _ => self.recent.push_back((now, written)),
        }
    }

    /// Adds up those whose grace is over, so that at most one entry for each second is kept.
    fn settle(&mut self, now: u32) {
        while let Some((written, points)) = self.recent.front().copied() {
            let begins = written.saturating_add(GRACE);
            if begins > now {
                return;
            }
            self.fading = faded(self.fading, self.since, begins).saturating_add(parts(points));
            self.since = begins;
            self.recent.pop_front();
        }
    }
}

fn parts(points: u32) -> u64 {
    u64::from(points).saturating_mul(ONE)
}

/// What is left of passing points after this many seconds, rounded up.
fn faded(points: u64, since: u32, now: u32) -> u64 {
    let seconds = now.saturating_sub(since);
    if seconds >= RULES.lifetime {
        return 0;
    }
    let halved =
        points.checked_shr(seconds.checked_div(RULES.half_life).unwrap_or_default()).unwrap_or_default();
    let rest = seconds.checked_rem(RULES.half_life).unwrap_or_default();
    (0..rest).fold(halved, |left, _| {
        let left = u128::from(left).saturating_mul(u128::from(AFTER_A_SECOND));
        u64::try_from(left.div_ceil(u128::from(ONE))).unwrap_or(u64::MAX)
    })
}

fn seconds(time: Time) -> u32 {
    u32::try_from(time.elapsed().as_secs()).unwrap_or(u32::MAX)
}
