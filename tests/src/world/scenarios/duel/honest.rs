//! A remote that answers and takes in time, against an owner and a driver that do as they like.
//!
//! **Honesty**: the connection never ends. The remote answers what it reads within three seconds, over pipes that hold at least
//! 64 KiB and carry at least 64 KiB/s; it pushes what no one asked for, and answers twice what was asked for twice. The owner
//! sleeps for up to ten minutes, holds events, takes none for a while, looks seldom, reports writes up to 15 s late, calls in
//! any order, and tells that the transport was drained or never does. It gives a wrong time to one call, up to a day ahead; two
//! in a row would be those of a driver that is late. But what it tells is true, and whenever it looks, it reads all that came,
//! unless it holds an event.

use core::time::Duration;
use std::collections::BTreeSet;

use peer_core::message::{GetInitState, List};
use peer_core::{BannableMessages, ProtocolVersion, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use super::super::{Outcome, Plan, Watch, config};
use super::owner::{Act, Owner};
use super::remote::{ITEMS, Remote, item, rules};
use super::{Table, between, magnitude, once_in, one_of};
use crate::bound::Turns;
use crate::samples::{getblocks, getdata, getheaders, inv_of, ping};

struct Honest {
    table: Table,
    owner: Owner,
    remote: Remote,
    /// Until when the owner holds an event.
    holds: Time,
    /// What the transport took and the driver did not report, and when it will.
    unreported: Option<(usize, Time)>,
    /// The last call was given a wrong time.
    was_wrong: bool,
}

/// Runs it.
pub(in super::super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = Honest::new(plan, watch);
    let end = Time::ZERO + plan.duration;
    let mut turns = Turns::default();
    while world.table.now < end {
        turns.next();
        world.step();
    }
    let Table { mut machine, now, story, .. } = world.table;
    let error = machine.close(now);
    story.end(now, error)
}

impl Honest {
    fn new(plan: &Plan, watch: Option<Watch>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let version: ProtocolVersion = one_of(&mut rng, &[4_u32, 6, 8, 9, 10, 11, 12, 12, 12]).into();
        let pause = usize::try_from(magnitude(&mut rng, 64, 65_536)).unwrap();
        let config = config()
            .min_protocol_version(ProtocolVersion::INITIAL)
            .bannable_messages(BannableMessages::Send)
            .send_pause(pause)
            .build()
            .unwrap();
        let owner = Owner::new(&mut rng);
        let remote = Remote::new(rules(version), &mut rng);
        let table = Table::lay(plan, watch, rng, config, version);
        table.story.note(table.now, format_args!("{owner:?}"));
        Self { table, owner, remote, holds: Time::ZERO, unreported: None, was_wrong: false }
    }

    /// The owner looks once more.
    fn step(&mut self) {
        let now = self.table.now;
        let told = self.table.machine.next_timeout().map_or(now + Duration::from_secs(60), |(at, _)| at);
        // A piece that has come already waits until the driver looks for another reason.
        let comes = self.remote.next_piece().filter(|at| *at > now).unwrap_or(told);
        let next = self.owner.next(now, told, comes, &mut self.table.rng);
        // A report comes no later than it was to.
        let reports = self.unreported.map(|(_, at)| at).filter(|at| *at > now);
        self.table.now = reports.map_or(next, |at| next.min(at));
        self.remote.go_on(self.table.now, &mut self.table.rng);
        for act in self.owner.order(&mut self.table.rng) {
            match act {
                Act::Read => self.read(),
                Act::Write => self.write(),
                Act::Timers => self.look_at_timers(),
                Act::Ask => self.ask(),
            }
            let failure = self.table.machine.failure();
            assert_eq!(failure, None, "honesty: at {} in {act:?}, {:?}", self.table.now, self.owner);
        }
        let next = self.table.machine.next_timeout();
        self.table.story.note(self.table.now, format_args!("next {next:?}"));
    }

    /// The time that the next call gets.
    fn clock(&mut self) -> Time {
        let mut time = self.owner.clock(self.table.now, &mut self.table.rng);
        if self.was_wrong {
            time = self.table.now;
        }
        self.was_wrong = time != self.table.now;
        if time != self.table.now {
            self.table.story.note(self.table.now, format_args!("a call at {time}"));
        }
        time
    }

    fn look_at_timers(&mut self) {
        let now = self.clock();
        self.table.machine.tick(now, &mut self.table.rng).ok();
    }

    /// The owner keeps an event, or wants none, for so long.
    fn hold_for(&mut self, kept: Duration) {
        self.table.story.note(self.table.now, format_args!("takes no event for {kept:?}"));
        self.holds = self.table.now + kept;
    }

    /// Most drivers tell, and may do so again.
    fn tell_hold(&mut self) {
        if once_in(&mut self.table.rng, 2) {
            let now = self.clock();
            self.table.machine.handle_hold(now);
        }
    }

    fn read(&mut self) {
        if self.table.now < self.holds {
            return self.tell_hold();
        }
        if once_in(&mut self.table.rng, 4)
            && let Some(kept) = self.owner.holds(&mut self.table.rng)
        {
            let now = self.clock();
            self.table.machine.handle_hold(now);
            return self.hold_for(kept);
        }
        loop {
            loop {
                let now = self.clock();
                if self.table.pull(now).is_none() {
                    break;
                }
                if let Some(kept) = self.owner.holds(&mut self.table.rng) {
                    return self.hold_for(kept);
                }
            }
            if self.table.is_over() || !self.table.machine.wants_read() {
                return;
            }
            let bytes = self.remote.read(1 << 15, self.table.now);
            if bytes.is_empty() {
                break;
            }
            self.table.story.read(self.table.now, bytes.len());
            self.table.machine.feed(&bytes);
            // It may tell what it knows before it pulls what it read.
            self.tell_drained();
        }
        self.tell_drained();
    }

    fn tell_drained(&mut self) {
        if !self.remote.has_bytes() && self.owner.tells(&mut self.table.rng) {
            let now = self.clock();
            self.table.machine.handle_drained(now);
        }
    }

    fn write(&mut self) {
        if let Some((count, at)) = self.unreported {
            if self.table.now < at {
                return;
            }
            self.unreported = None;
            let now = self.clock();
            self.table.story.note(self.table.now, format_args!("reports {count} bytes"));
            self.table.machine.handle_transmitted(count, now);
        }
        while self.table.machine.wants_write() {
            let now = self.clock();
            let shown = self.table.machine.poll_transmit(now);
            let count = self.remote.write(&shown, self.table.now, &mut self.table.rng);
            self.table.story.wrote(self.table.now, &shown[..count]);
            if count > 0
                && let Some(late) = self.owner.is_late(&mut self.table.rng)
            {
                self.table.story.note(self.table.now, format_args!("reports it {late:?} later"));
                self.unreported = Some((count, self.table.now + late));
                return;
            }
            let now = self.clock();
            self.table.machine.handle_transmitted(count, now);
            if count == 0 {
                return;
            }
        }
    }

    fn ask(&mut self) {
        let rng = &mut self.table.rng;
        if !once_in(rng, 3) {
            return;
        }
        let message = match between(rng, 0, 6) {
            0..=2 => {
                let number =
                    |rng: &mut ChaCha8Rng| u32::try_from(between(rng, 0, u64::from(ITEMS) - 1)).unwrap();
                let numbers: BTreeSet<_> = (0..magnitude(rng, 1, 12)).map(|_| number(rng)).collect();
                getdata(numbers.into_iter().map(item).collect::<Vec<_>>())
            }
            3 => GetInitState { types: List::new() }.into(),
            4 => one_of(rng, &[getheaders, getblocks])(),
            5 => ping(between(rng, 1, 1000)),
            _ => inv_of(u32::try_from(magnitude(rng, 1, 4000)).unwrap()),
        };
        // A command shows the machine no time: the driver's next call must be right as well.
        let now = if self.was_wrong { self.table.now } else { self.clock() };
        if self.table.machine.send(&message, now).is_ok() {
            self.table.story.sent(self.table.now, &message);
        }
    }
}
