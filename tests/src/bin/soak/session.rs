//! One end of a connection: what it says next, and whether it heard everything. It does no input or output.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use peer_core::Message;

use crate::clock;
use crate::plan::{Ending, Numbered, Plan};
use crate::tally::Tally;

/// A connection that has not ended after this time is stuck.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// How long an end that leaves waits for the other.
pub(crate) const LEAVING: Duration = Duration::from_secs(20);

pub(crate) struct Session {
    has_dialled: bool,
    /// That of the end that dialled, which the other one learns.
    plan: Option<Plan>,
    said: u32,
    heard: u32,
    is_leaving: bool,
    begun: Instant,
    tally: Arc<Tally>,
}

/// What the owner is to do with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    GoOn,
    Leave,
    Close,
}

impl Session {
    pub(crate) fn dialled(plan: Plan, tally: Arc<Tally>) -> Self {
        Self::new(true, Some(plan), tally)
    }

    pub(crate) fn accepted(tally: Arc<Tally>) -> Self {
        Self::new(false, None, tally)
    }

    fn new(has_dialled: bool, plan: Option<Plan>, tally: Arc<Tally>) -> Self {
        Self { has_dialled, plan, said: 0, heard: 0, is_leaving: false, begun: clock::now(), tally }
    }

    pub(crate) fn on_established(&self) {
        if !self.has_dialled {
            self.tally.add_accepted();
        }
    }

    /// A message came.
    pub(crate) fn on_message(&mut self, message: &Message) {
        let Some(numbered) = Numbered::read(message) else { return };
        self.tally.add_message();
        let plan = *self.plan.get_or_insert(numbered.plan);
        if numbered.plan.number != plan.number || numbered.sequence != self.heard {
            self.tally.lose(&format!("{plan:?}: {} came, {} was next", numbered.sequence, self.heard), 1);
        }
        self.heard = numbered.sequence.saturating_add(1);
    }

    /// What to say next, if anything. [`on_said`](Self::on_said) takes it for said.
    pub(crate) fn next(&self) -> Option<Message> {
        let plan = self.plan.filter(|plan| !self.is_leaving && self.said < self.to_say(*plan))?;
        Some(plan.message(self.said))
    }

    pub(crate) const fn on_said(&mut self) {
        self.said = self.said.saturating_add(1);
    }

    /// What to do now. `Leave` is told once.
    pub(crate) fn wish(&mut self) -> Wish {
        let Some(plan) = self.plan.filter(|_| !self.is_leaving) else { return Wish::GoOn };
        let has_said = self.said == self.to_say(plan);
        let has_heard = self.heard == self.to_hear(plan);
        let leaves = match (plan.ending, self.has_dialled) {
            (Ending::Leave, true) | (Ending::AcceptorLeaves, false) => has_said && has_heard,
            (Ending::LeaveEarly, true) => has_said,
            (Ending::Close, true) if self.said + self.heard >= plan.ours.midpoint(plan.theirs) => {
                return Wish::Close;
            }
            _ => false,
        };
        self.is_leaving = leaves;
        if leaves { Wish::Leave } else { Wish::GoOn }
    }

    /// There was no connection.
    pub(crate) fn on_no_connection(self, reason: &str) {
        self.tally.end(reason);
    }

    /// The connection is over: counts what should have come and did not.
    pub(crate) fn on_end(self, reason: &str) {
        self.tally.end(reason);
        let Some(plan) = self.plan else { return };
        let is_owed = match plan.ending {
            Ending::Leave | Ending::AcceptorLeaves => true,
            Ending::LeaveEarly | Ending::HalfClose => !self.has_dialled,
            Ending::Close | Ending::Break => false,
        };
        let missing = self.to_hear(plan).saturating_sub(self.heard);
        if is_owed && missing > 0 {
            let side = if self.has_dialled { "dialled" } else { "accepted" };
            self.tally
                .lose(&format!("{plan:?}: {missing} did not come to the end that {side}: {reason}"), missing);
        }
    }

    /// Whether it should have ended long ago.
    pub(crate) fn is_stuck(&self) -> bool {
        self.begun.elapsed() > LONGEST
    }

    pub(crate) fn on_stuck(&self) {
        let Self { has_dialled, plan, said, heard, .. } = self;
        self.tally.stick(&format!("{plan:?}: dialled {has_dialled}, said {said}, heard {heard}"));
    }

    const fn to_say(&self, plan: Plan) -> u32 {
        if self.has_dialled { plan.ours } else { plan.theirs }
    }

    const fn to_hear(&self, plan: Plan) -> u32 {
        if self.has_dialled { plan.theirs } else { plan.ours }
    }
}
