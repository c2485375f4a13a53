//! Measures how long we have waited for the remote, and when that is too long.
//!
//! The clocks that blame the remote run only while [`Peer::receive`] has drained the input. What has come of a frame
//! that is not whole yet buys time at the configured rate.
//!
//! If the owner polls 5 s or more after a deadline, silence proves nothing: new bytes restart the wait.

use core::mem;
use core::time::Duration;

use super::lifecycle::Session;
use super::pauses::Pauses;
use super::requests::not_found_len;
use super::{Lifecycle, Peer, Timer};
use crate::message::Message;
use crate::time::Time;

/// An owner that polls this long after a deadline was away.
const AWAY: Duration = Duration::from_secs(5);

/// Total time that the remote may pause our reading between two answers before request deadlines run again, in
/// milliseconds. As long as the write stall of the smallest frame.
const MAX_PAUSE: u16 = 20_000;

/// What measures a remote's silence. See the [module](self).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Since when we wait for the remote: since `receive` ran dry. `None` while the owner is busy.
    waiting: Option<Time>,
    /// Total time waited before the current wait; origin of request deadlines.
    waited: Time,
    /// Bytes that are there of a frame that is not whole yet, of which none is 4 GiB.
    progress: u32,
    /// How many of them can be part of an answer.
    answering: u32,
    /// How much longer reading may pause before the clock of answers runs on, in milliseconds.
    pause_left: u16,
    /// Reading pauses until the remote takes what it made us owe. Then `waiting` is when that clock runs on.
    is_paused: bool,
    /// When the owner did not pull.
    pub(crate) pauses: Pauses,
}

impl Silence {
    /// The remote is waited for from the beginning.
    pub(crate) fn new(now: Time) -> Self {
        Self {
            waiting: Some(now),
            waited: Time::ZERO,
            progress: 0,
            answering: 0,
            pause_left: MAX_PAUSE,
            is_paused: false,
            pauses: Pauses::default(),
        }
    }

    /// The input ran dry, with `progress` bytes of a frame that is not whole yet, of which `answering` can be part of an
    /// answer.
    pub(crate) fn wait(&mut self, now: Time, progress: u32, answering: u32) {
        self.end_pause(now);
        self.waiting = self.waiting.or(Some(now));
        self.progress = progress;
        self.answering = answering;
    }

    /// Reading pauses until the remote takes what it made us owe.
    pub(crate) fn pause(&mut self, now: Time) {
        if !self.is_paused {
            self.stop(now);
            self.is_paused = true;
            self.waiting = Some(now + self.pause_left());
        }
    }

    /// Reading goes on. What the pause took beyond what was left counts as waited.
    fn end_pause(&mut self, now: Time) {
        if mem::take(&mut self.is_paused) {
            let left = self.waiting.map_or(Duration::ZERO, |runs_on| runs_on.saturating_since(now));
            self.pause_left = u16::try_from(left.as_millis()).unwrap_or(MAX_PAUSE).min(self.pause_left);
            self.waited = self.waited_until(now);
            self.waiting = None;
        }
    }

    fn pause_left(&self) -> Duration {
        Duration::from_millis(self.pause_left.into())
    }

    /// A wait that began at a time that is still to come was begun by a clock that has gone back since.
    pub(crate) fn bound(&mut self, now: Time) {
        let latest = if self.is_paused { now + self.pause_left() } else { now };
        if let Some(since) = &mut self.waiting {
            *since = (*since).min(latest);
        }
    }

    /// We do not wait for the remote any more: a whole frame came, or we do not read.
    pub(crate) fn stop(&mut self, now: Time) {
        self.end_pause(now);
        self.waited = self.waited_until(now);
        self.waiting = None;
        self.progress = 0;
        self.answering = 0;
        self.pauses.on_busy(now);
    }

    /// Total time waited before the current wait.
    pub(crate) const fn waited(&self) -> Time {
        self.waited
    }

    /// What the clock that runs only while we wait shows at `now`.
    pub(crate) fn waited_until(&self, now: Time) -> Time {
        let since = self.waiting.map(|since| now.saturating_since(since));
        self.waited + since.unwrap_or_default()
    }

    /// Takes off what an answer bought, but no more than was waited since the clock showed `floor`.
    fn credit(&mut self, bought: Duration, floor: Time) {
        let waited = Time::from_elapsed(self.waited.elapsed().saturating_sub(bought));
        self.waited = waited.max(floor).min(self.waited);
        self.allow_pause();
    }

    /// The remote may pause our reading for the whole of its time again.
    pub(crate) const fn allow_pause(&mut self) {
        self.pause_left = MAX_PAUSE;
    }

    /// The deadline, while we wait.
    pub(crate) fn while_waiting(&self, deadline: Time) -> Option<Time> {
        self.waiting.and(Some(deadline))
    }

    /// When the current wait has lasted `allowed` and the time that what has come of a frame buys at `rate`. A remote that
    /// is not read cannot be heard.
    pub(crate) fn deadline(&self, allowed: Duration, rate: u64) -> Option<Time> {
        let since = self.waiting.filter(|_| !self.is_paused)?;
        Some(since + allowed + time_for(self.progress.into(), rate))
    }

    /// When the clock that runs only while we wait shows `due`. A frame on its way buys time by as much of it as can be an
    /// answer, and loses it again if it turns out to be none. Past the deadline none does: frames that follow each other
    /// without a pause would put it off for ever.
    pub(crate) fn deadline_of(&self, due: Time, rate: u64) -> Option<Time> {
        let left = due.saturating_since(self.waited);
        let bought = if left.is_zero() { left } else { time_for(self.answering.into(), rate) };
        Some(self.waiting? + left + bought)
    }
}

impl Peer {
    /// Does not hold the owner's absence against a remote of which there is more than before.
    pub(super) fn excuse_silence(&mut self, input: &[u8], now: Time) {
        // In a pause, what lies in the input came before it.
        if self.silence.is_paused || self.silence.waiting.is_none_or(|since| !is_long_over(since, now)) {
            return;
        }
        let mut ends = Timer::ALL.iter().filter(|timer| timer.measures_silence());
        let was_away = ends.any(|timer| self.due(*timer).is_some_and(|at| is_long_over(at, now)));
        if was_away && self.progress_of(input) > self.silence.progress {
            self.silence.waiting = Some(now);
            if let Lifecycle::AwaitingVersion { deadline, .. } | Lifecycle::AwaitingVerack { deadline, .. } =
                &mut self.lifecycle
            {
                *deadline = now + self.node.config().handshake_timeout;
            }
        }
    }

    /// How many of the bytes that are there of a frame can be part of an answer.
    pub(super) fn answering_of(&self, progress: u32) -> u32 {
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
    pub(super) fn credit(&mut self, bought: Duration) {
        let requests = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut());
        if let Some(requests) = requests {
            self.silence.credit(bought, requests.credited);
            requests.credited = self.silence.waited();
        }
    }

    /// Bytes that are there of the frame at the front of `input`.
    pub(super) fn progress_of(&self, input: &[u8]) -> u32 {
        let progress = self.lifecycle.reader().map_or(0, |reader| reader.progress(input));
        u32::try_from(progress).unwrap_or(u32::MAX)
    }
}

/// The time that so many bytes may take at `rate`, in bytes a second.
pub(super) fn time_for(bytes: u64, rate: u64) -> Duration {
    let nanos = bytes.saturating_mul(1_000_000_000);
    Duration::from_nanos(nanos.checked_div(rate).unwrap_or_default())
}

/// Whether an owner that looks first at `now` at what came at `then` was away.
pub(super) fn is_long_over(then: Time, now: Time) -> bool {
    now.saturating_since(then) >= AWAY
}
