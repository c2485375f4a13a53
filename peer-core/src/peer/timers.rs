//! The timers: when each is due, and what happens then. [`Timer`] documents what arms and clears them.

use core::fmt;

use rand_core::Rng;

use super::requests::Requests;
use super::silence::GRACE;
use super::{Lifecycle, Peer};
use crate::error::Error;
use crate::time::Time;

/// Makes [`Timer`] and the list of all timers from one list, so that they have the same entries.
macro_rules! timers {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $timer:ident = $text:literal,)+ }) => {
        $(#[$about])*
        pub enum $name {
            $($(#[$doc])* $timer,)+
        }

        impl $name {
            /// All of them, in the order in which they run if several are due at once.
            pub(super) const ALL: &'static [Self] = &[$(Self::$timer),+];

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$timer => $text,)+
                }
            }
        }
    };
}

timers! {
    /// Why the machine wants to be woken, or what the remote took too long for.
    ///
    /// | timer | armed | cleared | when it is due |
    /// | --- | --- | --- | --- |
    /// | `Handshake` | at the beginning | handshake complete; rests while `Event::Version` is held | the connection fails |
    /// | `Idle` | a ping was written after the last frame came | a whole frame came; reading paused | the connection fails |
    /// | `WriteStall` | a frame is the first of those shown to the transport | the transport took all of it | the connection fails |
    /// | `Stall` | a request was written; runs while the input is drained, and rests while reading pauses, for 20 s between two answers at most, or while the transport is offered nothing then | its answer, or `notfound` | the connection fails |
    /// | `Ping` | handshake complete, and at each ping | the end | a ping is queued |
    /// | `Trickle` | the first announcement of a batch | the batch leaves | the batch is queued as `inv` |
    /// | `Linger` | writing failed and the input is drained, or the owner [leaves](Peer::leave) | the remote ended its stream | the connection fails |
    /// | `Deadline` | a [request](crate::Request) with a deadline was made | its end | the request ends |
    ///
    /// | timer | how long |
    /// | --- | --- |
    /// | `Handshake` | `handshake_timeout`, 30 s |
    /// | `Idle` | `idle_timeout`, 120 s, since the input was drained, and what the bytes of a frame that is not whole yet buy at `min_receive_rate`; at least `idle_timeout` less `ping_interval`, 13 s, since the ping |
    /// | `WriteStall` | 20 s, and a second for every whole 256 KiB of the frame |
    /// | `Stall` | 30 s for each item of `getdata` and for `initstate`; below version 9 also 30 s for the `inv` that answers `mempool` and `getblocks`, 90 s for `headers`; and what the bytes of an answer buy at `min_receive_rate`, at least a second for each item that it closed |
    /// | `Ping` | `ping_interval`, 107 s |
    /// | `Trickle` | drawn from `trickle_delay`, 100 to 500 ms |
    /// | `Linger` | after a failed write 1 s, and what the bytes of a frame that is not whole yet buy; of an owner that leaves its deadline, and 5 s after the last word |
    /// | `Deadline` | the request's [deadline](crate::RequestOptions::deadline) |
    ///
    /// The first four blame the remote, and only on evidence. Once the timer is due, the driver must report by
    /// [`handle_drained`](crate::Connection::handle_drained) that everything which came was pulled, or for `WriteStall`
    /// by [`handle_transmitted`](crate::Connection::handle_transmitted) that the transport took nothing. A driver that
    /// never reports is asked twice, a second apart. A gap between two calls of the driver that ends more than a second
    /// late, or in which the owner held an event, counts as one second.
    ///
    /// No next wake-up is stored: [`Peer::next_timeout`] computes it from the state each time.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Timer {
        /// Both `version` and `verack` must be exchanged.
        Handshake = "handshake",
        /// The remote must send a message.
        Idle = "idle",
        /// The transport must take a frame.
        WriteStall = "write stall",
        /// The remote must answer a request.
        Stall = "stall",
        /// A ping is to be sent.
        Ping = "ping",
        /// Announcements are to be sent.
        Trickle = "trickle",
        /// A connection that has ended in one direction must end.
        Linger = "linger",
        /// A request is to end.
        Deadline = "deadline",
    }
}

impl Timer {
    /// Whether it measures the silence of the remote.
    pub(super) const fn measures_silence(self) -> bool {
        match self {
            Self::Handshake | Self::Idle | Self::Stall | Self::Linger => true,
            Self::WriteStall | Self::Ping | Self::Trickle | Self::Deadline => false,
        }
    }
}

impl Peer {
    /// The next timeout, and its timer. The driver acts on it; an owner may show it. `None` if no timer runs.
    #[must_use]
    pub fn next_timeout(&self) -> Option<(Time, Timer)> {
        let mut next: Option<(Time, Timer)> = None;
        let mut look = |timer| {
            if let Some(at) = self.due(timer)
                && next.is_none_or(|(earliest, _)| at < earliest)
            {
                next = Some((at, timer));
            }
        };
        // Most connections are idle most of the time, and no other timer runs.
        match &self.lifecycle {
            Lifecycle::Established(session) if session.is_idle() && self.outbox.is_idle() => {
                look(Timer::Idle);
                look(Timer::Ping);
            }
            _ => Timer::ALL.iter().copied().for_each(look),
        }
        next
    }

    /// All timeouts that run, in the order of [`Timer`]. The earliest is [`next_timeout`](Self::next_timeout).
    pub fn timeouts(&self) -> impl Iterator<Item = (Time, Timer)> {
        Timer::ALL.iter().filter_map(|timer| Some((self.due(*timer)?, *timer)))
    }

    /// When this timer is to run: at its deadline, or a while later if evidence is missing.
    #[inline]
    pub(super) fn due(&self, timer: Timer) -> Option<Time> {
        let deadline = self.deadline(timer)?;
        let at = match timer {
            Timer::Handshake | Timer::Idle | Timer::Stall => self.silence.due(deadline),
            Timer::Linger if self.outbox.write_failure().is_some() => self.silence.due(deadline),
            Timer::WriteStall => self.outbox.due(deadline, self.silence.last_call()),
            Timer::Ping | Timer::Trickle | Timer::Linger | Timer::Deadline => deadline,
        };
        // At the last time there is no later one to look again.
        Some(at).filter(|at| *at + GRACE > *at)
    }

    /// The deadline of this timer, if it runs. Each state decides that for each timer.
    #[inline]
    pub(super) fn deadline(&self, timer: Timer) -> Option<Time> {
        if timer == Timer::Linger {
            return self.linger_deadline();
        }
        if self.outbox.write_failure().is_some() || timer.measures_silence() && self.is_pause_unoffered() {
            return None;
        }
        match &self.lifecycle {
            Lifecycle::AwaitingVersion { .. } | Lifecycle::AwaitingVerack { .. } => match timer {
                Timer::Handshake => {
                    let due = Time::ZERO + self.config().handshake_timeout;
                    self.silence.deadline_of(due, 0, self.config().min_receive_rate)
                }
                Timer::WriteStall => self.outbox.stall_deadline(),
                Timer::Idle
                | Timer::Stall
                | Timer::Ping
                | Timer::Trickle
                | Timer::Linger
                | Timer::Deadline => None,
            },
            Lifecycle::Established(session) => match timer {
                Timer::Idle => self.idle_deadline(&session.keepalive),
                Timer::WriteStall => self.outbox.stall_deadline(),
                Timer::Stall => self.answer_deadline(session.requests.as_deref()?),
                Timer::Ping => Some(session.keepalive.next_ping),
                Timer::Deadline => session.requests.as_ref()?.table.as_ref()?.next_deadline(),
                Timer::Trickle => session.trickle.due(),
                Timer::Handshake | Timer::Linger => None,
            },
            Lifecycle::VersionReceived { .. } | Lifecycle::Closing(_) => {
                self.outbox.stall_deadline().filter(|_| timer == Timer::WriteStall)
            }
            Lifecycle::Lingering { .. } | Lifecycle::Failed(_) => None,
        }
    }

    fn answer_deadline(&self, requests: &Requests) -> Option<Time> {
        let due = requests.next_due()?;
        if requests.flood.is_over() {
            return Some(self.silence.last_call());
        }
        self.silence.deadline_of(due, self.answering(self.silence.progress), self.config().min_receive_rate)
    }

    /// See [`Connection::handle_timeout`](crate::Connection::handle_timeout).
    pub(crate) fn handle_timeout(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        self.alive()?;
        self.bound_commands(now);
        let gap = now.saturating_since(self.silence.last_call());
        let is_early = self.next_timeout().is_none_or(|(at, _)| at > now);
        if is_early && now >= self.silence.last_call() {
            // While the owner holds an event, the next call of another kind finds the whole gap.
            if gap <= GRACE || !self.is_held() {
                self.count_attended(gap, false, now);
            }
        } else {
            self.on_call(now);
            self.run_due(now, rng)?;
        }
        self.check_finished(now);
        self.alive()
    }

    fn run_due(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        while let Some((_, timer)) = self.next_timeout().filter(|(at, _)| *at <= now) {
            self.run(timer, now, rng)?;
            // If it is due again, it would run for ever.
            debug_assert!(
                self.due(timer).is_none_or(|at| at > now),
                "the {timer} timer is due again at once"
            );
        }
        self.end_search(now);
        Ok(())
    }

    /// Runs this timer. Unless it ends the connection, it is due later than before.
    fn run(&mut self, timer: Timer, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        match timer {
            Timer::Linger if self.outbox.write_failure().is_none() => return Err(self.end_lingering()),
            Timer::Handshake | Timer::Idle | Timer::Stall | Timer::Linger if !self.is_silence_proven() => {
                self.silence.seek();
            }
            Timer::Linger => return Err(self.end_lingering()),
            Timer::WriteStall if !self.outbox.is_stall_proven(self.silence.reports_refusal) => {
                self.outbox.seek()
            }
            Timer::Handshake | Timer::Idle | Timer::WriteStall => {
                return Err(self.fail(Error::Timeout(timer)));
            }
            Timer::Stall => return self.on_response_overdue(now),
            Timer::Deadline => self.on_deadline_due(now),
            Timer::Ping => self.on_ping_due(now, rng),
            Timer::Trickle => self.on_batch_due(now, rng),
        }
        Ok(())
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}
