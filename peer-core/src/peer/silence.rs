//! Measures how long we have waited for the remote, and judges when that was too long.
//!
//! The *clock of waiting* runs only while [`Peer::receive`] has drained the input. Two rules keep it honest:
//!
//! * A gap between two calls of the driver that ends more than a second after it was told to call, or after an event
//!   was held, counts as one second at most. Nothing was read or written then, so the remote may have been held up.
//! * A deadline that has passed blames only on evidence: the driver reports that the transport was drained at or after
//!   it ([`Peer::handle_drained`]), or in a pause of reading that the transport took nothing. Bytes of a frame that
//!   came before that were in time, and buy time at the configured rate.

mod calls;

use core::mem;
use core::time::Duration;

use super::credit::{Credit, time_for};
use super::evidence::Evidence;
use super::flood::Flood;
use super::pauses::Pauses;
use super::{Peer, Timer};
use crate::time::Time;

/// The longest gap between two calls that counts in full. Also how long the machine waits for evidence before it asks
/// the driver again.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Total time that the remote may pause our reading between two answers before request deadlines run again, in
/// nanoseconds. As long as the write stall of the smallest frame.
const MAX_PAUSE: u64 = 20_000_000_000;

/// What measures a remote's silence. See the [module](self).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    state: Reading,
    /// Since when the owner is busy or the remote is waited for. In a pause of reading, when the clock of waiting runs
    /// on.
    since: Time,
    /// Total time waited before the current wait; origin of request deadlines.
    waited: Time,
    /// When the driver called last.
    last_call: Time,
    /// Bytes that have come of an incomplete frame. A frame is smaller than 4 GiB.
    pub(super) progress: u32,
    /// How much longer reading may pause before the clock of waiting runs on, in nanoseconds.
    pause_left: u64,
    evidence: Evidence,
    /// A timer has found something overdue, without evidence.
    was_sought: bool,
    /// The driver has reported once that the transport was drained.
    reports: bool,
    /// The driver has reported once that the transport took nothing.
    pub(super) reports_refusal: bool,
    /// The owner holds an event that is no message of the remote, so the wait continues.
    pub(super) is_held: bool,
    /// The driver has said that the owner pulls nothing for now, so it calls whatever the owner does.
    pub(super) is_on_hold: bool,
    /// When the owner did not pull.
    pub(crate) pauses: Pauses,
}

/// What the driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// The owner has an event, or does not pull.
    Busy,
    /// `receive` has drained the input: the remote is waited for.
    Waiting,
    /// The remote is not read until it takes the replies that it caused.
    Paused,
}

impl Silence {
    /// The wait for the remote begins at the start.
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
            is_on_hold: false,
            pauses: Pauses::default(),
        }
    }

    /// The input is drained, with `progress` bytes of an incomplete frame.
    pub(crate) fn wait(&mut self, now: Time, progress: u32) {
        self.end_pause(now);
        if self.state == Reading::Busy {
            self.state = Reading::Waiting;
            self.since = self.counted(now);
        }
        self.progress = progress;
    }

    /// Reading pauses until the remote takes the replies that it caused.
    pub(crate) fn pause(&mut self, now: Time) {
        if self.state != Reading::Paused {
            self.stop(now);
            // An earlier report of a drained transport says nothing about unread input. A search for evidence
            // continues.
            if self.evidence == Evidence::Ahead {
                self.evidence = Evidence::Missing;
            }
            self.state = Reading::Paused;
            self.since = self.counted(now) + self.pause_left();
        }
    }

    /// Reading resumes. The part of the pause that exceeds the allowed time counts as waited.
    fn end_pause(&mut self, now: Time) {
        if self.state == Reading::Paused {
            let left = self.since.saturating_since(self.counted(now));
            self.pause_left = u64::try_from(left.as_nanos()).unwrap_or(MAX_PAUSE).min(self.pause_left);
            self.become_busy(now);
        }
    }

    fn become_busy(&mut self, now: Time) {
        let now = self.counted(now);
        self.waited = self.waited_until(now);
        // A transport that took nothing says nothing about input that was not read meanwhile.
        if self.is_paused() && self.evidence == Evidence::Found {
            self.evidence = Evidence::Missing;
        }
        self.state = Reading::Busy;
        self.since = now;
    }

    /// The time up to which everything counts. Where a call has a time shortly before that of the last one, what lies between
    /// them has counted already, and does not count again.
    fn counted(&self, now: Time) -> Time {
        now.max(self.last_call)
    }

    fn is_paused(&self) -> bool {
        self.state == Reading::Paused
    }

    /// The remote did not cause this part of the pause.
    fn rest_pause(&mut self, gap: Duration, now: Time) {
        self.since = (self.since + gap).min(now + self.pause_left());
    }

    fn pause_left(&self) -> Duration {
        Duration::from_nanos(self.pause_left)
    }

    /// A wait that begins in the future was stored before the clock went back.
    pub(crate) fn bound(&mut self, now: Time) {
        let latest = if self.state == Reading::Paused { now + self.pause_left() } else { now };
        self.since = self.since.min(latest);
        self.last_call = self.last_call.min(now);
    }

    /// Sets the clock of waiting at `now`.
    pub(crate) fn set(&mut self, waited: Time, now: Time) {
        self.waited = waited;
        self.since = if self.is_paused() { now + self.pause_left() } else { now };
    }

    /// The wait is over: a whole frame came, or reading pauses.
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

    /// The clock of waiting at `now`.
    pub(crate) fn waited_until(&self, now: Time) -> Time {
        if self.is_busy() { self.waited } else { self.waited + now.saturating_since(self.since) }
    }

    /// Takes off what an answer bought, at most what was waited for it and those that came with it.
    pub(super) fn credit(&mut self, bought: Duration, credit: &mut Credit) {
        self.waited = credit.take_off(bought, self.waited);
        self.pause_left = MAX_PAUSE;
    }

    /// This much of the waited time does not count.
    pub(super) fn take_off(&mut self, duration: Duration, now: Time) {
        let current = if self.is_busy() { Duration::ZERO } else { now.saturating_since(self.since) };
        let before = duration.saturating_sub(current);
        self.since += duration.saturating_sub(before);
        self.waited = Time::from_elapsed(self.waited.elapsed().saturating_sub(before));
    }

    /// The remote may pause our reading for its whole time again.
    pub(crate) fn allow_pause(&mut self, now: Time) {
        self.pause_left = MAX_PAUSE;
        if self.is_paused() {
            // A running pause restarts.
            self.waited = self.waited_until(now);
            self.since = now + self.pause_left();
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.state == Reading::Busy
    }

    /// When the current wait has lasted `allowed` plus the time that the bytes of an incomplete frame buy at `rate`,
    /// and at least `least`. A remote that is not read cannot be heard.
    pub(crate) fn deadline(&self, allowed: Duration, least: Duration, rate: u64) -> Option<Time> {
        let allowed = allowed.saturating_add(time_for(self.progress.into(), rate));
        (self.state == Reading::Waiting).then(|| self.since + allowed.max(least))
    }

    /// How long the current wait has lasted.
    pub(super) fn lasted(&self, now: Time) -> Duration {
        if self.state == Reading::Waiting { now.saturating_since(self.since) } else { Duration::ZERO }
    }

    /// When the clock of waiting shows `due`. An arriving frame buys time with as many bytes as can be an answer,
    /// `answering`, and loses it if it turns out to be none. After the deadline it buys none; otherwise frames without
    /// a pause would extend it for ever.
    pub(crate) fn deadline_of(&self, due: Time, answering: u32, rate: u64) -> Option<Time> {
        let left = due.saturating_since(self.waited);
        let bought = if left.is_zero() { left } else { time_for(answering.into(), rate) };
        (!self.is_busy()).then(|| self.since + left + bought)
    }

    /// When a timer with this deadline that measures silence is to run.
    pub(super) fn due(&self, deadline: Time) -> Time {
        self.evidence.due(deadline, self.last_call)
    }

    /// When the driver called last.
    pub(super) const fn last_call(&self) -> Time {
        self.last_call
    }

    /// The evidence was used, or says nothing about what is due next.
    pub(super) const fn doubt(&mut self) {
        (self.evidence, self.was_sought) = (Evidence::Missing, false);
    }

    /// The driver is asked once more for evidence.
    pub(super) const fn seek(&mut self) {
        (self.evidence, self.was_sought) = (Evidence::Sought(0), true);
    }
}

impl Peer {
    /// See [`Connection::handle_drained`](crate::Connection::handle_drained).
    pub(crate) fn handle_drained(&mut self, input: &[u8], now: Time) {
        self.on_call(now);
        self.silence.reports = true;
        let is_pulled = self.progress_of(input) == self.silence.progress;
        match self.silence.state {
            Reading::Waiting if is_pulled => self.judge(now),
            // Time that passes while it is pulled must not count.
            Reading::Waiting if self.is_overdue(now) => self.silence.evidence = Evidence::Ahead,
            // What is overdue when it is pulled was overdue when the owner became busy.
            Reading::Busy => self.silence.evidence = Evidence::Ahead,
            Reading::Waiting | Reading::Paused => {}
        }
    }

    /// Whether reading pauses for replies that the remote was not offered yet, which is not its fault.
    pub(super) fn is_pause_unoffered(&self) -> bool {
        self.silence.is_paused() && self.outbox.stall_deadline().is_none()
    }

    /// The input is drained. The driver's previous call was at `last_call`.
    pub(super) fn wait(&mut self, input: &[u8], now: Time, last_call: Time) {
        let (is_ahead, was_busy) = (self.silence.evidence == Evidence::Ahead, self.silence.is_busy());
        self.silence.wait(now, self.progress_of(input));
        if is_ahead {
            self.silence.evidence = Evidence::Missing;
            self.judge(if was_busy { now } else { last_call });
        }
        self.review_evidence(now);
        self.end_search(now);
    }

    /// Reading pauses, or nothing is read any more. The clock of waiting of a closing connection blames no one.
    pub(super) fn pause(&mut self, now: Time) {
        self.silence.pause(now);
        self.review_evidence(now);
    }

    /// What came after the evidence was too late, unless nothing is overdue any more.
    fn review_evidence(&mut self, now: Time) {
        if self.silence.evidence == Evidence::Found && !self.is_overdue(now) {
            self.silence.evidence = Evidence::Missing;
        }
    }

    /// Everything that had come by `at` was pulled; or, in a pause of reading, the transport took nothing at `at`.
    pub(super) fn judge(&mut self, at: Time) {
        if self.is_overdue(at) {
            self.silence.evidence = Evidence::Found;
        }
    }

    /// When, on the clock of waiting, the next response is due.
    pub(super) fn next_response_due(&self) -> Option<Time> {
        self.lifecycle.session()?.requests.as_ref()?.next_due()
    }

    /// The next response was due at `before`. If it came, evidence about it says nothing about later ones.
    pub(super) fn keep_evidence_since(&mut self, before: Option<Time>) {
        if self.silence.evidence == Evidence::Found
            && before.is_some_and(|before| self.next_response_due().is_none_or(|due| due > before))
        {
            self.silence.evidence = Evidence::Missing;
        }
    }

    /// Whether a timer that measures silence has passed its deadline.
    pub(super) fn is_overdue(&self, now: Time) -> bool {
        let mut deadlines = Timer::ALL.iter().filter(|timer| timer.measures_silence());
        deadlines.any(|timer| self.deadline(*timer).is_some_and(|deadline| deadline <= now))
    }

    /// The transport took nothing of what it was offered at `now`. A pause of reading waits for this report. If enough
    /// was taken before and the driver is to pull again, it does not count: the answer may have come.
    pub(super) fn judge_refusal(&mut self, now: Time) {
        self.silence.reports_refusal = true;
        if self.silence.is_paused() && !self.wants_read() {
            self.judge(now);
        }
    }

    /// Whether a due timer that measures silence blames the remote.
    pub(super) fn is_silence_proven(&self) -> bool {
        let is_flooded = self.flood().is_some_and(Flood::is_over);
        let Silence { state, evidence, reports, reports_refusal, .. } = self.silence;
        // Enough was taken since: the answer may lie in what is not read yet.
        if state == Reading::Paused && self.wants_read() {
            return is_flooded;
        }
        is_flooded || evidence.proves(if state == Reading::Paused { reports_refusal } else { reports })
    }

    /// Nothing is overdue, so no evidence is needed.
    pub(super) fn end_search(&mut self, now: Time) {
        // An event or a pause of reading delays what was overdue before. The search does not restart behind it.
        if self.silence.was_sought && self.silence.state == Reading::Waiting {
            // Neither does it for bytes of an incomplete frame: the result does not depend on how the stream is cut.
            let progress = mem::take(&mut self.silence.progress);
            if !self.is_overdue(now) {
                self.silence.doubt();
            }
            self.silence.progress = progress;
        }
        self.outbox.end_search(now);
    }
}
