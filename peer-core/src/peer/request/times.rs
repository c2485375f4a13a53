//! When requests must have their response, on both clocks.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::table::{Entry, Table, Wanted};
use super::types::{RequestId, Unanswered};
use crate::error::Expected;
use crate::event::Event;
use crate::peer::mark::Mark;
use crate::time::Time;

/// What is left of a timeout once the remote has handled a request: some remotes let a `pong` overtake their responses.
const FENCE_GRACE: Duration = Duration::from_secs(2);

impl Table {
    /// When, on the clock of waiting, the next response is due.
    pub(in crate::peer) fn next_due(&self) -> Option<Time> {
        self.dues.first().map(|(due, _)| *due)
    }

    /// The next deadline, on the plain clock.
    pub(in crate::peer) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// When the first of the running terms began, on the clock of waiting.
    pub(in crate::peer) fn term_began(&self) -> Option<Time> {
        self.open.values().filter_map(|entry| Some(entry.term?.0)).min()
    }

    /// Whether a request is not reported as written.
    pub(super) fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// How many of them have been written.
    pub(super) fn count_written(&self, is_flushed: impl Fn(Mark) -> bool) -> usize {
        (&self.unwritten).into_iter().take_while(|(mark, _)| is_flushed(*mark)).count()
    }

    /// Begins the timeouts of this many requests, which have been written.
    pub(super) fn on_written(&mut self, count: usize, waited: Time) {
        for _ in 0..count {
            let Some((_, id)) = self.unwritten.pop_front() else { break };
            // A `pong` that came before the report of the write has begun it.
            if let Some(entry) = self.open.get(&id).filter(|entry| entry.term.is_none()) {
                self.set_term(id, waited, waited + entry.timeout);
            }
        }
        self.unwritten.shrink();
    }

    /// The `pong` of a request's fence came.
    pub(super) fn on_handled(&mut self, id: RequestId, waited: Time) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        entry.is_handled = true;
        let due = waited + FENCE_GRACE;
        if entry.term.is_none_or(|(_, end)| end > due) {
            self.set_term(id, waited, due);
        }
    }

    fn set_term(&mut self, id: RequestId, began: Time, due: Time) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        if let Some((_, before)) = entry.term.replace((began, due)) {
            self.dues.remove(&(before, id));
        }
        self.dues.insert((due, id));
    }

    /// The count of a flood begins, for what is due now.
    pub(in crate::peer) fn mark(&mut self) {
        for entry in self.open.values_mut() {
            entry.is_marked = entry.term.is_some();
        }
    }

    /// Whether a response is still due that was due when the count of a flood began.
    pub(in crate::peer) fn withholds(&self) -> bool {
        self.open.values().any(|entry| entry.is_marked)
    }

    /// The remote is to blame for what is due next. Returns the reason, if the connection ends.
    pub(super) fn expire(&mut self) -> Option<Expected> {
        let due = self.next_due()?;
        let late = self.dues.iter().take_while(|(at, _)| *at == due).map(|(_, id)| *id).collect();
        self.end_late(late)
    }

    /// The same for all that was due when the count of a flood began.
    pub(super) fn expire_withheld(&mut self) -> Option<Expected> {
        let late = self.open.iter().filter(|(_, entry)| entry.is_marked).map(|(id, _)| *id).collect();
        self.end_late(late)
    }

    fn end_late(&mut self, late: Vec<RequestId>) -> Option<Expected> {
        let ends =
            |id: &&RequestId| self.open.get(id).is_some_and(|entry| entry.closes && !entry.is_excused());
        if let Some(id) = late.iter().find(ends) {
            return Some(self.expected(*id));
        }
        for id in late {
            let Some(entry) = self.open.get(&id) else { continue };
            if let Some((_, due)) = entry.term
                && matches!(entry.wanted, Wanted::Headers(_))
                && !entry.may_be_answered
            {
                self.owed_headers.add(id, due + entry.timeout);
            }
            self.end(id, if entry.is_excused() { Unanswered::Declined } else { Unanswered::TimedOut });
        }
        None
    }

    /// What the remote has not sent.
    fn expected(&self, id: RequestId) -> Expected {
        let command = match self.open.get(&id).map(|entry| &entry.wanted) {
            Some(Wanted::Items(items)) => match items.first_open(id, &self.items) {
                Some(item) => return Expected::Item(Box::new(item)),
                None => "notfound",
            },
            Some(Wanted::Filters(filters)) => filters.command(),
            Some(Wanted::InitState) => "initstate",
            Some(Wanted::Addresses) => "addr",
            Some(Wanted::Pong) => "pong",
            Some(Wanted::Headers(_)) | None => "headers",
        };
        Expected::Message(command)
    }

    /// Reports each request whose deadline has passed. The remote still owes its response.
    pub(super) fn pass_deadlines(&mut self, now: Time) {
        while let Some((_, id)) = self.deadlines.first().copied().filter(|(deadline, _)| *deadline <= now) {
            self.deadlines.pop_first();
            let missing = self.missing(id);
            if let Some(entry) = self.open.get_mut(&id) {
                (entry.deadline, entry.is_muted) = (None, true);
                self.events.push_back(Event::Unanswered { id, reason: Unanswered::DeadlinePassed, missing });
            }
        }
    }

    /// Limits each deadline to its distance when the request was made.
    pub(in crate::peer) fn bound(&mut self, now: Time) {
        if self.deadlines_set_at <= now {
            return;
        }
        self.deadlines_set_at = now;
        self.deadlines.clear();
        for (id, Entry { deadline, .. }) in &mut self.open {
            if let Some(deadline) = deadline {
                deadline.bound(now);
                self.deadlines.insert((deadline.time(), *id));
            }
        }
    }
}
