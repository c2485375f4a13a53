//! Measures how long we have waited for the remote, and judges when that was too long.
//!
//! The *clock of waiting* runs only while [`Peer::receive`] has drained the input. Two rules keep it honest:
//!
//! * A gap between two calls of the driver that ends more than a second after it was told to call, or after an event was
//!   held, counts as one second at most. Nothing was read or written then, so the remote may have been held up.
//! * A deadline that has passed blames only on evidence: the driver tells that the transport was drained at or after it
//!   ([`Peer::handle_drained`]), or in a pause of reading that the transport took nothing. What has come of a frame
//!   before that was in time, and buys time at the configured rate.

use core::mem;
use core::time::Duration;

use super::credit::{Credit, time_for};
use super::evidence::Evidence;
use super::flood::Flood;
use super::pauses::Pauses;
use super::{Peer, Timer};
use crate::time::Time;

/// The longest gap between two calls that always counts; also how long evidence is waited for before the driver is asked
/// again.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Total time that the remote may pause our reading between two answers before request deadlines run again, in
/// milliseconds. As long as the write stall of the smallest frame.
const MAX_PAUSE: u16 = 20_000;

/// What measures a remote's silence. See the [module](self).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    state: Reading,
    /// Since when the owner is busy or the remote is waited for; in a pause, when the clock of waiting runs on.
    since: Time,
    /// Total time waited before the current wait; origin of request deadlines.
    waited: Time,
    /// When the driver called last.
    last_call: Time,
    /// Bytes that are there of a frame that is not whole yet, of which none is 4 GiB.
    pub(super) progress: u32,
    /// How much longer reading may pause before the clock of waiting runs on, in milliseconds.
    pause_left: u16,
    evidence: Evidence,
    /// A timer has found something overdue and no evidence of it.
    was_sought: bool,
    /// The driver has reported once that the transport was drained.
    reports: bool,
    /// The driver has reported once that the transport took nothing.
    pub(super) reports_refusal: bool,
    /// The owner has an event that says nothing of the remote, so that the wait goes on.
    pub(super) is_held: bool,
    /// When the owner did not pull.
    pub(crate) pauses: Pauses,
}

/// What the driver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// The owner has an event, or does not pull.
    Busy,
    /// `receive` has drained the input: the remote is waited for.
    Waiting,
    /// The remote is not read until it takes what it made us owe.
    Paused,
}

impl Silence {
    /// The remote is waited for from the beginning.
    pub(crate) fn new(now: Time) -> Self {
        Self {
            state: Reading::Waiting,
            since: now,
            waited: Time::ZERO,
            last_call: now,
            progress: 0,
            pause_left: MAX_PAUSE,
            evidence: Evidence::Missing,
            was_sought: false,
            reports: false,
            reports_refusal: false,
            is_held: false,
            pauses: Pauses::default(),
        }
    }

    /// The input is drained, with `progress` bytes of a frame that is not whole yet.
    pub(crate) fn wait(&mut self, now: Time, progress: u32) {
        self.end_pause(now);
        if self.state == Reading::Busy {
            self.state = Reading::Waiting;
            self.since = self.counted(now);
        }
        if progress != self.progress && self.evidence == Evidence::Found {
            self.evidence = Evidence::Missing;
        }
        self.progress = progress;
    }

    /// Reading pauses until the remote takes what it made us owe.
    pub(crate) fn pause(&mut self, now: Time) {
        if self.state != Reading::Paused {
            self.stop(now);
            // What was drained before says nothing of what is not read. A search goes on.
            if self.evidence == Evidence::Ahead {
                self.evidence = Evidence::Missing;
            }
            self.state = Reading::Paused;
            self.since = self.counted(now) + self.pause_left();
        }
    }

    /// Reading goes on. What the pause took beyond what was left counts as waited.
    fn end_pause(&mut self, now: Time) {
        if self.state == Reading::Paused {
            let left = self.since.saturating_since(self.counted(now));
            self.pause_left = u16::try_from(left.as_millis()).unwrap_or(MAX_PAUSE).min(self.pause_left);
            self.become_busy(now);
        }
    }

    fn become_busy(&mut self, now: Time) {
        let now = self.counted(now);
        self.waited = self.waited_until(now);
        self.state = Reading::Busy;
        self.since = now;
        // What was drained and is still being pulled goes on to be evidence, and a search goes on.
        if self.evidence == Evidence::Found {
            self.evidence = Evidence::Missing;
        }
    }

    /// The time up to which everything counts. Where a call has a time shortly before that of the last one, what lies between
    /// them has counted already, and does not count again.
    fn counted(&self, now: Time) -> Time {
        now.max(self.last_call)
    }

    fn is_paused(&self) -> bool {
        self.state == Reading::Paused
    }

    /// So much of the pause is not the remote's.
    fn rest_pause(&mut self, gap: Duration, now: Time) {
        self.since = (self.since + gap).min(now + self.pause_left());
    }

    fn pause_left(&self) -> Duration {
        Duration::from_millis(self.pause_left.into())
    }

    /// A wait that began at a time that is still to come was begun by a clock that has gone back since.
    pub(crate) fn bound(&mut self, now: Time) {
        let latest = if self.state == Reading::Paused { now + self.pause_left() } else { now };
        self.since = self.since.min(latest);
        self.last_call = self.last_call.min(now);
    }

    /// The clock of waiting shows this at `now`.
    pub(crate) fn set(&mut self, waited: Time, now: Time) {
        self.waited = waited;
        self.since = if self.is_paused() { now + self.pause_left() } else { now };
    }

    /// We do not wait for the remote any more: a whole frame came, or we do not read.
    pub(crate) fn stop(&mut self, now: Time) {
        self.end_pause(now);
        if !self.is_busy() {
            self.become_busy(now);
        }
        self.progress = 0;
        self.pauses.on_busy(now);
    }

    /// Total time waited before the current wait.
    pub(crate) const fn waited(&self) -> Time {
        self.waited
    }

    /// What the clock of waiting shows at `now`.
    pub(crate) fn waited_until(&self, now: Time) -> Time {
        if self.is_busy() { self.waited } else { self.waited + now.saturating_since(self.since) }
    }

    /// Takes off what an answer bought, but no more than was waited for it and for those that came with it.
    pub(super) fn credit(&mut self, bought: Duration, credit: &mut Credit) {
        self.waited = credit.take_off(bought, self.waited);
        self.pause_left = MAX_PAUSE;
    }

    /// So much of what was waited does not count.
    pub(super) fn take_off(&mut self, duration: Duration, now: Time) {
        let current = if self.is_busy() { Duration::ZERO } else { now.saturating_since(self.since) };
        let before = duration.saturating_sub(current);
        self.since += duration.saturating_sub(before);
        self.waited = Time::from_elapsed(self.waited.elapsed().saturating_sub(before));
    }

    /// The remote may pause our reading for the whole of its time again.
    pub(crate) fn allow_pause(&mut self, now: Time) {
        self.pause_left = MAX_PAUSE;
        if self.is_paused() {
            // The one that goes on begins anew.
            self.waited = self.waited_until(now);
            self.since = now + self.pause_left();
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.state == Reading::Busy
    }

    /// When the current wait has lasted `allowed` and the time that what has come of a frame buys at `rate`, and `least`. A
    /// remote that is not read cannot be heard.
    pub(crate) fn deadline(&self, allowed: Duration, least: Duration, rate: u64) -> Option<Time> {
        let allowed = allowed.saturating_add(time_for(self.progress.into(), rate));
        (self.state == Reading::Waiting).then(|| self.since + allowed.max(least))
    }

    /// How long the current wait has lasted.
    pub(super) fn lasted(&self, now: Time) -> Duration {
        if self.state == Reading::Waiting { now.saturating_since(self.since) } else { Duration::ZERO }
    }

    /// When the clock of waiting shows `due`. A frame on its way buys time by as much of it as can be an answer, `answering`
    /// bytes, and loses it again if it turns out to be none. Past the deadline none does: frames that follow each other
    /// without a pause would put it off for ever.
    pub(crate) fn deadline_of(&self, due: Time, answering: u32, rate: u64) -> Option<Time> {
        let left = due.saturating_since(self.waited);
        let bought = if left.is_zero() { left } else { time_for(answering.into(), rate) };
        (!self.is_busy()).then(|| self.since + left + bought)
    }

    /// When a timer that measures silence is to run, by its deadline.
    pub(super) fn due(&self, deadline: Time) -> Time {
        self.evidence.due(deadline, self.last_call)
    }

    /// When the driver called last.
    pub(super) const fn last_call(&self) -> Time {
        self.last_call
    }

    /// What is known was used up, or says nothing of what is due next.
    pub(super) const fn doubt(&mut self) {
        (self.evidence, self.was_sought) = (Evidence::Missing, false);
    }

    /// The driver is to look once more for evidence.
    pub(super) const fn seek(&mut self) {
        (self.evidence, self.was_sought) = (Evidence::Sought(0), true);
    }
}

impl Peer {
    /// Notes that the driver calls. Every call of it begins with this.
    pub(super) fn on_call(&mut self, now: Time) {
        // The calls of one turn have one time. What the first of them did need not be done again. Times that a driver took in
        // another order than it calls differ by little; more is a clock that went back.
        let last_call = self.silence.last_call;
        if now > last_call || last_call.saturating_since(now) > GRACE {
            self.on_later_call(now);
        } else if now < last_call {
            self.doubt_evidence(now);
        }
    }

    /// Evidence may have been told with a time that was ahead, unless a timer found before that it was needed.
    fn doubt_evidence(&mut self, now: Time) {
        let Silence { evidence, was_sought, .. } = self.silence;
        if evidence == Evidence::Found && !(was_sought && self.is_overdue(now)) {
            self.silence.evidence = Evidence::Missing;
        }
        self.outbox.doubt_evidence(now);
    }

    fn on_later_call(&mut self, now: Time) {
        if now < self.silence.last_call {
            self.on_clock_back(now);
            self.bound_times(now);
            self.doubt_evidence(now);
        } else {
            self.bound_commands(now);
        }
        let gap = now.saturating_since(self.silence.last_call);
        if gap > GRACE && self.next_timeout().is_some_and(|(told, _)| now > told + GRACE) {
            self.rest_clocks(gap.saturating_sub(GRACE), now);
        } else {
            self.note_gap(gap, now);
        }
        self.count_attended(gap, now);
    }

    /// The driver did not call for so long, and was not told to.
    pub(super) fn note_gap(&mut self, gap: Duration, now: Time) {
        if gap > GRACE
            && self.silence.state == Reading::Waiting
            && let Some(requests) = self.requests_mut()
        {
            requests.credit.on_gap(gap.saturating_sub(GRACE), now);
        }
    }

    /// The driver called after such a gap.
    pub(super) fn count_attended(&mut self, gap: Duration, now: Time) {
        if self.is_pause_unoffered() {
            self.silence.rest_pause(gap, now);
        }
        self.silence.last_call = now;
        self.silence.evidence.on_call(gap);
        self.outbox.on_call(gap);
        if let Some(flood) = self.flood_mut() {
            flood.attend(gap.min(GRACE));
        }
    }

    /// The owner pulls. While it held an event nothing was offered to the transport either, if the driver did not call.
    pub(super) fn end_absence(&mut self, now: Time) {
        let was_held = mem::take(&mut self.silence.is_held);
        if now == self.silence.last_call {
            return;
        }
        let gap = now.saturating_since(self.silence.last_call);
        // Of a connection that is closing nothing is pulled.
        if gap > GRACE && (was_held || self.silence.is_busy()) && self.lifecycle.reads() {
            self.rest_clocks(gap.saturating_sub(GRACE), now);
            self.count_attended(GRACE, now);
        }
    }

    /// The clocks that blame the remote rested for so long before `now`.
    fn rest_clocks(&mut self, duration: Duration, now: Time) {
        if !self.silence.is_busy() {
            self.silence.since += duration;
        }
        if self.silence.evidence == Evidence::Ahead {
            self.silence.evidence = Evidence::Missing;
        }
        self.outbox.rest(duration, now);
        self.bound_times(now);
    }

    /// See [`Connection::handle_drained`](crate::Connection::handle_drained).
    pub(crate) fn handle_drained(&mut self, input: &[u8], now: Time) {
        self.on_call(now);
        self.silence.reports = true;
        let is_pulled = self.progress_of(input) == self.silence.progress;
        match self.silence.state {
            Reading::Waiting if is_pulled => self.judge(now),
            // Time that passes while it is pulled must not count.
            Reading::Waiting if self.is_overdue(now) => self.silence.evidence = Evidence::Ahead,
            // If something is overdue when it is pulled, it was when the owner became busy.
            Reading::Busy => self.silence.evidence = Evidence::Ahead,
            Reading::Waiting | Reading::Paused => {}
        }
    }

    /// Whether reading pauses until the remote takes what it was not offered yet. That is not the remote's doing.
    pub(super) fn is_pause_unoffered(&self) -> bool {
        self.silence.is_paused() && self.outbox.stall_deadline().is_none()
    }

    /// The input is drained. The driver called before at `last_call`.
    pub(super) fn wait(&mut self, input: &[u8], now: Time, last_call: Time) {
        let (is_ahead, was_busy) = (self.silence.evidence == Evidence::Ahead, self.silence.is_busy());
        self.silence.wait(now, self.progress_of(input));
        if is_ahead {
            self.silence.evidence = Evidence::Missing;
            self.judge(if was_busy { now } else { last_call });
        }
        self.end_search(now);
    }

    /// All that had come by `at` was pulled, or in a pause of reading, the transport took nothing then.
    pub(super) fn judge(&mut self, at: Time) {
        if self.is_overdue(at) {
            self.silence.evidence = Evidence::Found;
        }
    }

    /// Whether a timer that measures silence has passed its deadline.
    pub(super) fn is_overdue(&self, now: Time) -> bool {
        let mut deadlines = Timer::ALL.iter().filter(|timer| timer.measures_silence());
        deadlines.any(|timer| self.deadline(*timer).is_some_and(|deadline| deadline <= now))
    }

    /// The transport took nothing of what it was offered at `now`. That is what a pause of reading waits for, unless enough
    /// was taken before and the driver is to pull again: then the answer may have come.
    pub(super) fn judge_refusal(&mut self, now: Time) {
        self.silence.reports_refusal = true;
        if self.silence.is_paused() && !self.wants_read() {
            self.judge(now);
        }
    }

    /// Whether a timer that measures silence blames the remote now that it is due.
    pub(super) fn is_silence_proven(&self) -> bool {
        let is_flooded = self.flood().is_some_and(Flood::is_over);
        let Silence { state, evidence, reports, reports_refusal, .. } = self.silence;
        is_flooded || evidence.proves(if state == Reading::Paused { reports_refusal } else { reports })
    }

    /// Nothing is overdue: what was sought is no longer needed.
    pub(super) fn end_search(&mut self, now: Time) {
        // An event and a pause of reading put off what was overdue before; that is no reason to begin anew behind them.
        if self.silence.was_sought && self.silence.state == Reading::Waiting {
            // Nor do bytes of a frame that is not whole: what follows is the same however the stream is cut.
            let progress = mem::take(&mut self.silence.progress);
            if !self.is_overdue(now) {
                self.silence.doubt();
            }
            self.silence.progress = progress;
        }
        self.outbox.end_search(now);
    }
}
