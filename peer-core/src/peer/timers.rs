//! The timers: when each is due, and what happens then. The tables of what arms and clears them are those of
//! [`Timer`].

use core::fmt;

use rand_core::Rng;

use super::{Peer, draw_nonce};
use crate::error::Error;
use crate::time::Time;

/// Why the machine wants to be woken, or what the remote took too long for.
///
/// | timer | armed | cleared | when it is due |
/// | --- | --- | --- | --- |
/// | `Handshake` | at the beginning | handshake complete; rests while `Event::Version` is held | the connection fails |
/// | `Idle` | `receive` ran dry after the handshake | a whole frame came; reading paused | the connection fails |
/// | `WriteStall` | a frame is the first of those shown to the transport | the transport took all of it | the connection fails |
/// | `Stall` | a request was written; runs while `receive` has run dry | its answer, or `notfound` | the connection fails |
/// | `Ping` | handshake complete, and at each ping | the end | a ping is queued |
/// | `Trickle` | the first announcement of a batch | the batch leaves | the batch is queued as `inv` |
///
/// | timer | how long |
/// | --- | --- |
/// | `Handshake` | `handshake_timeout`, 30 s |
/// | `Idle` | `idle_timeout`, 120 s, and what the bytes of a frame that is not whole yet buy at `min_receive_rate` |
/// | `WriteStall` | 20 s, and a second for every whole 256 KiB of the frame |
/// | `Stall` | 30 s for each item of `getdata` and for `initstate`; below version 9 also 30 s for the `inv` that answers `mempool` and `getblocks`, 90 s for `headers`; and what an answer's bytes buy at `min_receive_rate` |
/// | `Ping` | `ping_interval`, 107 s |
/// | `Trickle` | drawn from `trickle_delay`, 100 to 500 ms |
///
/// The first four blame the remote. An owner that looks five seconds or more after one of them was due was away: then
/// bytes that came meanwhile, or that the transport takes, begin the wait anew, and no time of it is held against the
/// remote. What an answer had used up in waits before stays used.
///
/// Nothing stores a next wake-up: [`Peer::next_timeout`] looks at the state each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// Both `version` and `verack` must be exchanged.
    Handshake,
    /// The remote must say something.
    Idle,
    /// The transport must take a frame.
    WriteStall,
    /// The remote must answer a request.
    Stall,
    /// A ping is to be sent.
    Ping,
    /// Announcements are to be sent.
    Trickle,
}

impl Timer {
    /// All of them, in the order in which they go where several are due at once.
    const ALL: [Self; 6] =
        [Self::Handshake, Self::Idle, Self::WriteStall, Self::Stall, Self::Ping, Self::Trickle];
}

impl Peer {
    /// The next timeout, and what it is for. Its driver acts on it; an owner may show it. `None` where nothing will
    /// happen by itself.
    #[must_use]
    pub fn next_timeout(&self) -> Option<(Time, Timer)> {
        if self.failure.is_some() {
            return None;
        }
        let mut next: Option<(Time, Timer)> = None;
        for timer in Timer::ALL {
            if let Some(at) = self.due(timer)
                && next.is_none_or(|(earliest, _)| at < earliest)
            {
                next = Some((at, timer));
            }
        }
        next
    }

    /// When this one is due, if it runs.
    fn due(&self, timer: Timer) -> Option<Time> {
        match timer {
            Timer::Handshake => self.handshake_deadline(),
            Timer::Idle => self.idle_deadline(),
            Timer::WriteStall => self.outbox.stall_deadline(),
            Timer::Stall => self.stall_deadline(),
            Timer::Ping => self.keepalive.next_ping,
            Timer::Trickle => self.trickle.due(),
        }
    }

    /// See [`Connection::handle_timeout`](crate::Connection::handle_timeout).
    pub(crate) fn handle_timeout(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        self.alive()?;
        while let Some((_, timer)) = self.next_timeout().filter(|(at, _)| *at <= now) {
            self.run(timer, now, rng)?;
        }
        self.check_finished();
        self.alive()
    }

    /// What happens when this one is due. Unless it ends the connection, its next deadline is later.
    fn run(&mut self, timer: Timer, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        match timer {
            Timer::Handshake | Timer::Idle | Timer::WriteStall => {
                return Err(self.fail(Error::Timeout(timer)));
            }
            Timer::Stall => {
                let expected = self.requests.as_ref().and_then(|requests| requests.next_expected());
                return Err(self.fail(expected.map_or(Error::Timeout(timer), Error::Stalled)));
            }
            Timer::Ping => {
                if !self.keepalive.is_queued() {
                    self.push_ping(draw_nonce(rng));
                }
                self.keepalive.schedule(now, self.config().ping_interval);
            }
            Timer::Trickle => {
                let batch = self.trickle.take();
                self.push_batch(&batch, now);
                self.trickle.redraw(&self.node.config().trickle_delay, rng);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::WriteStall => "write stall",
            Self::Stall => "stall",
            Self::Ping => "ping",
            Self::Trickle => "trickle",
        })
    }
}
