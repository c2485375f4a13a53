//! Which responses were due when the count of a [flood](crate::peer::flood) began. Only they are proven to be withheld:
//! others were requested later, and may still be on their way.

use alloc::boxed::Box;

use super::{Item, Requests};
use crate::error::Expected;
use crate::peer::credit::Credit;
use crate::peer::flood::Flood;
use crate::time::Time;

impl Requests {
    /// The first response is due, while the clock of waiting shows this.
    pub(in crate::peer) fn begin_waiting(&mut self, waited: Time) {
        self.credit = Credit::new(waited);
        self.begin_flood();
    }

    /// The count begins, for what is due now.
    pub(in crate::peer) fn begin_flood(&mut self) {
        self.flood = Flood::default();
        self.marked = self.written;
        for open in self.messages.values_mut() {
            open.is_marked = open.due.is_some();
        }
        if let Some(table) = &mut self.table {
            table.mark();
        }
    }

    /// This many bytes of frames came. Once they are enough, what was due when the count began is withheld. If that was
    /// answered, the count begins anew.
    pub(in crate::peer) fn count_flood(&mut self, bytes: usize) {
        if !self.flood.on_received(bytes) {
            return;
        }
        if self.withholds_plain() || self.table.as_ref().is_some_and(|table| table.withholds()) {
            self.flood.prove();
        } else {
            self.begin_flood();
        }
    }

    fn withholds_plain(&self) -> bool {
        self.items.values().any(|item| self.is_marked(item))
            || self.messages.values().any(|open| open.is_marked)
    }

    /// Which response is withheld, of those to requests without an id.
    pub(in crate::peer) fn withheld(&self) -> Option<Expected> {
        let mut messages = self.messages.iter().filter(|(_, open)| open.is_marked);
        if let Some((command, _)) = messages.find_map(|(kind, _)| kind.response_timeout()) {
            return Some(Expected::Message(command));
        }
        let item = self.items.iter().find(|(_, item)| self.is_marked(item))?;
        Some(Expected::Item(Box::new(*item.0)))
    }

    fn is_marked(&self, item: &Item) -> bool {
        // Numbers wrap around.
        let since = self.marked.wrapping_sub(item.first);
        item.due.is_some() && since > 0 && since <= u32::MAX / 2
    }
}
