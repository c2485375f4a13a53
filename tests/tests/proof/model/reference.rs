//! What must have come of it.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use peer_core::message::{Inventory, Ping};
use peer_core::{Error, Message, Time, Timer};
use peer_tests::world::{ConnectionId, Ended};

use crate::model::memory::{self, BATCH, TRICKLE};
use crate::model::schedule::{EVERYTHING, Reaction, Schedule};
use crate::model::subject::{End, LATENCY, Record};

const PING: Duration = Duration::from_secs(107);
const IDLE: Duration = Duration::from_secs(120);
const STALL: Duration = Duration::from_secs(30);

/// What an answer buys for those that are still to come: it is small.
const BOUGHT: Duration = Duration::from_secs(1);

/// What a batch of which the rest never came buys.
const BOUGHT_BY_BATCH: Duration = Duration::from_secs(9);

/// So many bytes of batches may fill a transport. After a pause, they buy time for an answer that may be behind them.
const FILLS: usize = 16 * 1024;

/// Compares what was seen with what must be seen.
pub(crate) fn check(schedule: &Schedule, record: &Record) {
    let pairs = u32::from(schedule.nodes) * u32::from(schedule.nodes - 1);
    assert_eq!(record.ends.len(), pairs as usize, "ends of connections");
    for (id, end) in &record.ends {
        let other = &record.ends[&id.other()];
        assert!(end.established.is_some(), "{id} was never established");
        let view = View { id: *id, end, other, stopped: record.stopped };
        view.check_sent(schedule.room);
        if schedule.room == EVERYTHING {
            view.check_invs();
            view.check_items();
        }
        view.check_pings();
        view.check_requests();
        view.check_end();
    }
}

/// One end, and the one that it talks to.
struct View<'a> {
    id: ConnectionId,
    end: &'a End,
    other: &'a End,
    stopped: Time,
}

impl View<'_> {
    /// This end heard what the other one's memory left it to say, in this order and in time, and nothing else.
    fn check_sent(&self, room: usize) {
        let (sent, mut heard) = (memory::sent(room, &self.other.notes), self.invs());
        for (time, items) in sent {
            let Some((at, inv)) = heard.next() else {
                assert!(time + LATENCY.1 > self.over(), "{}: what was said at {time} was lost", self.id);
                continue;
            };
            assert_eq!(inv, items, "{}: said at {time}, heard at {at}", self.id);
            let delay = at.saturating_since(time);
            assert!((LATENCY.0..=LATENCY.1).contains(&delay), "{}: {delay:?} on the way", self.id);
        }
        assert_eq!(heard.next(), None, "{}: it was never said", self.id);
    }

    /// Every `inv` that this end heard is a batch that the other one announced, in time.
    fn check_invs(&self) {
        // What left a batch before it was sent may have been what began it.
        let is_whole = self.crossed().is_empty() && !self.is_any_overtaken();
        for (at, items) in self.invs() {
            assert!(
                !items.is_empty() && items.len() <= BATCH,
                "{}: {} items in an inv",
                self.id,
                items.len()
            );
            let announced: Vec<_> = items.iter().map(|item| self.announcement(item)).collect();
            if let [(time, true)] = announced[..] {
                let delay = at.saturating_since(time);
                assert!((LATENCY.0..=LATENCY.1).contains(&delay), "{}: at once, after {delay:?}", self.id);
                continue;
            }
            let first = announced.iter().map(|(time, _)| *time).min().unwrap();
            let delay = at.saturating_since(first);
            assert!(delay <= TRICKLE.1 + LATENCY.1, "{}: a batch took {delay:?}", self.id);
            if items.len() < BATCH && is_whole {
                assert!(delay >= TRICKLE.0 + LATENCY.0, "{}: a batch took only {delay:?}", self.id);
            }
        }
    }

    /// Every item that the other end announced arrived once, unless this end had announced it as well.
    fn check_items(&self) {
        let mut arrivals: BTreeMap<Inventory, u32> = BTreeMap::new();
        for (_, items) in self.invs() {
            items.iter().for_each(|item| *arrivals.entry(*item).or_default() += 1);
        }
        let crossed = self.crossed();
        for (time, item, _) in &self.other.announced {
            let count = arrivals.get(item).copied().unwrap_or_default();
            assert!(count <= 1, "{}: {item:?} arrived {count} times", self.id);
            let had_time = *time + TRICKLE.1 + LATENCY.1 <= self.over();
            if had_time && !crossed.contains(item) {
                assert_eq!(count, 1, "{}: {item:?}, announced at {time}", self.id);
            }
        }
        for (time, item) in &self.other.repeated {
            let was_announced = self.other.announced.iter().any(|(_, other, _)| other == item);
            let was_heard = crossed.contains(item);
            assert!(was_announced || was_heard, "{}: {item:?} at {time} repeats nothing", self.id);
        }
    }

    /// A ping every 107 s since the other end was established.
    fn check_pings(&self) {
        let established = self.other.established.unwrap();
        let pings: Vec<_> = self.end.heard.iter().filter(|(_, message)| is_ping(message)).collect();
        for (number, (at, _)) in (1..).zip(&pings) {
            let delay = at.saturating_since(established + PING * number);
            assert!((LATENCY.0..=LATENCY.1).contains(&delay), "{}: ping {number} came at {at}", self.id);
        }
        let quiet = self.over().saturating_since(established + LATENCY.1);
        let fewest = quiet.as_secs() / PING.as_secs();
        assert!(pings.len() as u64 >= fewest, "{}: {} of {fewest} pings", self.id, pings.len());
    }

    /// Every request was answered as the other end wanted to, once, or it is why the connection ended.
    fn check_requests(&self) {
        for (time, item, reaction) in &self.end.asked {
            let answers = self.end.heard.iter().filter(|(_, message)| answers(message, item)).count();
            let had_time = *time + LATENCY.1 * 2 <= self.over();
            match reaction {
                Reaction::Ignores => {
                    assert_eq!(answers, 0, "{}: {item:?} was answered", self.id);
                    let due = self.latest(*time);
                    assert!(due > self.stopped || self.ended_by(due), "{}: {item:?} was waited for", self.id);
                }
                _ if had_time => assert_eq!(answers, 1, "{}: answers to {item:?}", self.id),
                _ => assert!(answers <= 1, "{}: answers to {item:?}", self.id),
            }
        }
    }

    /// An end ends once, for a reason, and in time.
    fn check_end(&self) {
        assert!(self.end.ended.len() <= 1, "{}: ended {:?}", self.id, self.end.ended);
        let last_heard = self.end.heard.last().map(|(at, _)| *at).max(self.end.established).unwrap();
        let Some((at, Ended::Connection(error))) = self.end.ended.first() else {
            assert!(last_heard + IDLE > self.stopped, "{}: silent since {last_heard}", self.id);
            return;
        };
        match error {
            Error::Timeout(Timer::Idle) => {
                assert!(self.end.silenced.is_some(), "{}: there was no silence", self.id);
                let silent = at.saturating_since(last_heard);
                assert!((IDLE..=IDLE + BOUGHT_BY_BATCH).contains(&silent), "{}: {silent:?}", self.id);
            }
            Error::Stalled(_) => {
                let due = |(time, ..): &(Time, Inventory, Reaction)| {
                    (*time + STALL..=self.latest(*time)).contains(at)
                };
                assert!(self.end.asked.iter().any(due), "{}: nothing was due at {at}", self.id);
            }
            Error::ClosedByRemote | Error::TransportFailed => {
                assert!(!self.other.ended.is_empty(), "{}: the other end lives", self.id);
            }
            other => panic!("{}: {other}", self.id),
        }
    }

    /// When bytes ceased to get through.
    fn over(&self) -> Time {
        let ends = [&self.end.ended, &self.other.ended].into_iter().flatten().map(|(at, _)| *at);
        ends.chain(self.end.silenced).min().unwrap_or(self.stopped)
    }

    /// Until when what was asked for at `time` may be waited for.
    fn latest(&self, time: Time) -> Time {
        let is_answer = |message: &Message| matches!(message, Message::Tx(_) | Message::NotFound(_));
        let answered = self.end.heard.iter().filter(|(_, message)| is_answer(message));
        time + STALL
            + BOUGHT * u32::try_from(answered.count()).unwrap()
            + self.bought_by_rest()
            + self.bought_by_batches()
    }

    /// No more than all their bytes take at 4 KiB/s.
    fn bought_by_batches(&self) -> Duration {
        let bytes: usize = self.invs().map(|(_, items)| 27 + 36 * items.len()).sum();
        if bytes < FILLS { Duration::ZERO } else { Duration::from_secs(bytes as u64 / 4096 + 1) }
    }

    /// Something may be on its way that never comes.
    fn bought_by_rest(&self) -> Duration {
        if self.end.silenced.is_some() { BOUGHT_BY_BATCH } else { Duration::ZERO }
    }

    fn ended_by(&self, due: Time) -> bool {
        self.end.ended.iter().any(|(at, _)| *at <= due)
    }

    fn invs(&self) -> impl Iterator<Item = (Time, &[Inventory])> {
        self.end.heard.iter().filter_map(|(at, message)| match message {
            Message::Inv(inv) => Some((*at, &inv.inventory[..])),
            _ => None,
        })
    }

    /// When the other end announced an item, and whether at once, which overtakes a batch.
    fn announcement(&self, item: &Inventory) -> (Time, bool) {
        let announced = self.other.announced.iter().filter(|(_, other, _)| other == item);
        let found = announced.max_by_key(|(_, _, at_once)| *at_once);
        let (time, _, at_once) = found.unwrap_or_else(|| panic!("{}: {item:?} came unannounced", self.id));
        (*time, *at_once)
    }

    /// Whether an item was announced at once while it waited for its batch.
    fn is_any_overtaken(&self) -> bool {
        let items: BTreeSet<_> = self.other.announced.iter().map(|(_, item, _)| *item).collect();
        items.len() < self.other.announced.len()
    }

    /// Items that this end announced: it has them, so that the other one need not announce them.
    fn crossed(&self) -> BTreeSet<Inventory> {
        self.end.announced.iter().map(|(_, item, _)| *item).collect()
    }
}

const fn is_ping(message: &Message) -> bool {
    matches!(message, Message::Ping(Ping { .. }))
}

fn answers(message: &Message, item: &Inventory) -> bool {
    match message {
        Message::Tx(tx) => Inventory::tx(tx.hash()) == *item,
        Message::NotFound(missing) => missing.inventory.contains(item),
        _ => false,
    }
}
