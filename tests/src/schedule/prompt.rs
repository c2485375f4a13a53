//! A driver that does all that there is to do at once, and looks when it is told to.

use core::time::Duration;

use peer_core::Time;
use peer_core::frame::Header;

use super::record::{ANSWER, TAKING};
use super::world::{Constant, Step, World};
use crate::bound::Turns;

/// How long evidence may be sought: a driver that never tells is asked twice, a second apart.
const GRACE: Duration = Duration::from_secs(2);

/// What each answer buys at least for those that are still to come.
const BOUGHT: Duration = Duration::from_secs(1);

impl World {
    /// Checks that a deadline in the past has something to do: the connection ends, or the next one is later.
    ///
    /// # Panics
    ///
    /// If it has not.
    pub fn check_progress(&self) {
        let is_past = |at: Time| at <= self.now;
        if self.machine.poll_timeout().is_some_and(is_past) {
            let mut later = self.machine.clone();
            if later.handle_timeout(self.now, &mut Constant).is_ok() {
                let next = later.poll_timeout();
                assert!(!next.is_some_and(is_past), "progress: {next:?} at {}", self.now);
            }
        }
    }

    /// Checks that with a prompt driver, and a remote that says nothing more and takes all or nothing, the connection ends
    /// or owes nothing in time.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn check_settles(mut self, takes: bool) {
        let came = (self.socket.len() + self.input.len()) as u64;
        let rate = self.machine.peer().node().config().min_receive_rate();
        let bought = BOUGHT * self.record.answers_that_extend();
        let bound = self.now + ANSWER + Duration::from_secs(came.div_ceil(rate)) + bought + GRACE;
        let mut turns = Turns::default();
        loop {
            turns.next();
            self.serve(if takes { usize::MAX } else { 0 });
            if self.failure().is_some() || self.is_settled() {
                return;
            }
            let left = self.until_deadline().expect("liveness: nothing will happen by itself");
            self.step(Step::Wait(left));
            assert!(self.now <= bound, "liveness: it goes on at {}, after {bound}", self.now);
        }
    }

    /// Does all that there is to do now, with a transport that takes so much.
    pub fn serve(&mut self, mut takes: usize) {
        self.step(Step::Report);
        self.step(Step::Pull);
        let mut turns = Turns::default();
        loop {
            turns.next();
            self.write(&mut takes);
            self.step(Step::Drained);
            self.step(Step::Refuse);
            self.step(Step::Look);
            // A timer may have queued something.
            if !self.machine.wants_write() || self.is_offering() {
                return;
            }
        }
    }

    /// Writes as much as the transport takes.
    fn write(&mut self, takes: &mut usize) {
        while self.step(Step::Offer) {
            let queued = self.machine.peer().queued();
            if !self.step(Step::Take(*takes)) {
                return;
            }
            *takes -= queued - self.machine.peer().queued();
            // What is taken may let reading go on.
            self.step(Step::Pull);
        }
    }

    /// The same whenever the driver is told to look, until so much time has passed.
    ///
    /// # Panics
    ///
    /// If the remote withholds something for longer than it may.
    pub fn serve_for(&mut self, duration: Duration) {
        let (end, mut turns) = (self.now + duration, Turns::default());
        while let Some(left) = self.until_deadline().filter(|left| self.now + *left < end) {
            turns.next();
            self.step(Step::Wait(left));
            self.serve(0);
            self.check_patience();
        }
        self.now = end;
        self.serve(0);
        self.check_patience();
    }

    /// Only answers and what is taken buy time.
    fn check_patience(&self) {
        if self.failure().is_some() {
            return;
        }
        let untaken = self.record.untaken(self.now);
        assert!(
            untaken.is_none_or(|untaken| untaken <= TAKING + GRACE),
            "liveness: a frame is written for {untaken:?}"
        );
        // What is there of a frame that may be the answer buys the time that it may take.
        let came = (Header::LEN + self.socket.len() + self.input.len()) as u64;
        let rate = self.machine.peer().node().config().min_receive_rate();
        let coming = Duration::from_micros((came * 1_000_000).div_ceil(rate));
        // Reading may pause for as long as a write may take, between two answers.
        let most = ANSWER + GRACE + coming + (TAKING + BOUGHT) * (self.answers() + 1);
        let withheld = self.record.withheld(self.now);
        assert!(withheld.is_none_or(|withheld| withheld <= most), "liveness: withheld for {withheld:?}");
    }
}
