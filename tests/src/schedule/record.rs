//! What is true of the remote, by true time, and whether it may be blamed for it.

use core::time::Duration;

use peer_core::{Error, Time, Timer};

/// How long a remote has for a block, for a small frame, for a sign of life, and for that after a ping.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
pub(super) const TAKING: Duration = Duration::from_secs(20);
const SIGN_OF_LIFE: Duration = Duration::from_secs(120);
const PONG: Duration = Duration::from_secs(13);

/// A block that was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// When the remote had the whole request.
    pub(super) taken: Option<Time>,
    /// The whole block lies in the transport.
    pub(super) is_answered: bool,
    /// How many answers to others were pulled since.
    extended: u32,
    /// The driver could have told at a time when it was overdue that it was not there.
    is_proven: bool,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The blocks that were asked for and have not been pulled, in the order in which they were asked for.
    pub(super) asked: Vec<Asked>,
    /// When the remote took the first ping since it spoke, and when the last of its own frames was there as a whole.
    pinged: Option<Time>,
    spoke: Time,
    is_idle: bool,
    /// When the frame that is written now was offered first, and what the pongs before it took, with which it shares its time.
    offered: Option<Time>,
    used: Duration,
    is_stuck: bool,
    /// It was taken as a whole, which is not reported yet.
    is_whole: bool,
}

impl Record {
    pub(super) const fn new(now: Time) -> Self {
        Self {
            asked: Vec::new(),
            pinged: None,
            spoke: now,
            is_idle: false,
            offered: None,
            used: Duration::ZERO,
            is_stuck: false,
            is_whole: false,
        }
    }

    /// The first block that the remote was asked for and has not sent.
    pub(super) fn wanted(&mut self) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| asked.taken.is_some() && !asked.is_answered)
    }

    fn answers(&self) -> u32 {
        u32::try_from(self.asked.iter().filter(|asked| asked.is_answered).count()).unwrap()
    }

    /// How many answers extend the time of one that is open: those since it was taken, and those that are to be pulled.
    pub(super) fn answers_that_extend(&self) -> u32 {
        let open = self.asked.iter().filter(|asked| !asked.is_answered);
        self.answers() + open.map(|asked| asked.extended).max().unwrap_or(0)
    }

    /// How long the remote has had a request without an answer.
    pub(super) fn withheld(&self, now: Time) -> Option<Duration> {
        let open = self.asked.iter().filter(|asked| !asked.is_answered);
        open.filter_map(|asked| asked.taken).map(|taken| now.saturating_since(taken)).max()
    }

    /// How long the remote has been offered the frame that is written now.
    pub(super) fn untaken(&self, now: Time) -> Option<Duration> {
        self.offered.map(|offered| now.saturating_since(offered))
    }

    /// A whole frame of the remote is there.
    pub(super) const fn on_said(&mut self, now: Time) {
        (self.spoke, self.pinged) = (now, None);
    }

    /// What the transport took is known.
    pub(super) fn on_reported(&mut self) {
        self.is_stuck &= !core::mem::take(&mut self.is_whole);
    }

    /// Everything that had come was pulled.
    pub(super) fn on_pulled(&mut self) {
        let answers = self.answers();
        self.asked.retain(|asked| !asked.is_answered);
        for asked in self.asked.iter_mut().filter(|asked| asked.taken.is_some()) {
            asked.extended += answers;
        }
    }

    pub(super) fn on_offered(&mut self, now: Time) {
        self.offered.get_or_insert(now);
    }

    /// The remote has the whole of a frame.
    pub(super) fn on_taken(&mut self, command: &str, now: Time) {
        let offered = self.offered.take().unwrap_or(now);
        self.is_whole = true;
        // Replies that wait together share one time.
        self.used =
            if command == "pong" { self.used + now.saturating_since(offered) } else { Duration::ZERO };
        match command {
            "ping" => drop(self.pinged.get_or_insert(now)),
            "getdata" => {
                let asked = self.asked.iter_mut().find(|asked| asked.taken.is_none());
                asked.expect("each request is on record").taken = Some(now);
            }
            _ => {}
        }
    }

    /// The transport has nothing more to read.
    pub(super) fn on_drained(&mut self, now: Time) {
        let is_over = |taken: Time| now.saturating_since(taken) >= ANSWER;
        for asked in self.asked.iter_mut().filter(|asked| !asked.is_answered) {
            asked.is_proven |= asked.taken.is_some_and(is_over);
        }
        let was_pinged = self.pinged.is_some_and(|pinged| now.saturating_since(pinged) >= PONG);
        self.is_idle = was_pinged && now.saturating_since(self.spoke) >= SIGN_OF_LIFE;
    }

    /// The transport takes nothing of what it is offered. Where reading pauses until it does, that is what is known of answers:
    /// the remote may make us pause for as long as a write may take, whatever it has sent behind that.
    pub(super) fn on_refused(&mut self, is_paused: bool, now: Time) {
        self.is_stuck |= self.untaken(now).is_some_and(|untaken| self.used + untaken >= TAKING);
        for asked in self.asked.iter_mut().filter(|_| is_paused) {
            let allowed = if asked.is_answered { ANSWER + TAKING } else { ANSWER };
            asked.is_proven |= asked.taken.is_some_and(|taken| now.saturating_since(taken) >= allowed);
        }
    }

    /// Whether the remote deserves to be ended for this.
    pub(super) fn justifies(&self, error: &Error) -> bool {
        match error {
            Error::Stalled(_) => self.asked.iter().any(|asked| asked.is_proven),
            Error::Timeout(Timer::WriteStall) => self.is_stuck,
            Error::Timeout(Timer::Idle) => self.is_idle,
            _ => false,
        }
    }
}
