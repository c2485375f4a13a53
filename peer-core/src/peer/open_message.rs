//! Requests that one message answers, counted by its kind.

use crate::time::Time;

/// A request that one message answers, perhaps made several times.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    /// Answers that are still expected.
    pub(super) count: u32,
    /// Requests whose write was not reported. Exceeds `count` if an answer came before the report.
    pub(super) unwritten: u32,
    /// When the next one is due, once it request has been written.
    pub(super) due: Option<Time>,
    /// When the last one is due, if it was requested again.
    pub(super) last_due: Option<Time>,
    /// It was due when the count of a flood began.
    pub(super) is_marked: bool,
}

impl Open {
    pub(super) const fn on_requested(&mut self) {
        self.count = self.count.saturating_add(1);
        self.unwritten = self.unwritten.saturating_add(1);
    }

    /// The first deadline holds until the first answer. Some answers have none.
    pub(super) fn on_written(&mut self, due: Option<Time>) {
        debug_assert!(self.unwritten > 0, "what is written was to be written");
        self.unwritten = self.unwritten.saturating_sub(1);
        if self.due.is_some() {
            self.last_due = due;
        } else if self.unwritten < self.count {
            self.due = due;
        }
    }

    /// Whether no answer is expected and nothing is to be written.
    pub(super) const fn is_done(&self) -> bool {
        self.count == 0 && self.unwritten == 0
    }

    /// A request that is not written has no deadline yet.
    pub(super) fn on_answered(&mut self) {
        debug_assert!(self.count > 0, "what is answered is open");
        self.count = self.count.saturating_sub(1);
        self.due = self.last_due.filter(|_| self.unwritten < self.count);
        self.is_marked = false;
    }
}
