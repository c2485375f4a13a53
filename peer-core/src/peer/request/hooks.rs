//! What the machine does around the [table](super::Table) of requests.

use super::respond::Arrival;
use super::table::Table;
use crate::error::{Error, Expected};
use crate::event::Event;
use crate::frame::Header;
use crate::message::Message;
use crate::peer::Peer;
use crate::peer::flood::Flood;
use crate::peer::matched::{Closed, Match};
use crate::time::Time;

impl Peer {
    pub(in crate::peer) fn table(&self) -> Option<&Table> {
        self.lifecycle.session()?.requests.as_ref()?.table.as_deref()
    }

    /// Changes the table, and runs what follows. `None` if there is no table.
    pub(super) fn update_table<T>(&mut self, now: Time, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        let waited = self.silence.waited_until(now);
        let session = self.lifecycle.session_mut()?;
        let requests = session.requests.as_mut()?;
        let was_due = requests.next_due().is_some();
        let table = requests.table.as_mut()?;
        let result = change(table);
        requests.table.take_if(|table| table.is_empty());
        let is_first = !was_due && requests.next_due().is_some();
        if is_first {
            requests.begin_waiting(waited);
        }
        session.requests.take_if(|requests| requests.is_empty());
        if is_first {
            self.silence.allow_pause(now);
        }
        Some(result)
    }

    /// Frames were written. Begins the timeouts of their requests.
    pub(in crate::peer) fn begin_timeouts(&mut self, now: Time) {
        if !self.table().is_some_and(Table::has_unwritten) {
            return;
        }
        let (waited, outbox) = (self.silence.waited_until(now), &self.outbox);
        let written = self.table().map_or(0, |table| table.count_written(|mark| outbox.is_flushed(mark)));
        if written > 0 {
            self.update_table(now, |table| table.on_written(written, waited));
        }
    }

    /// Whether there is an event about requests for the owner.
    pub(crate) fn has_event(&self) -> bool {
        self.table().is_some_and(|table| !table.events.is_empty())
    }

    /// The next event about requests for the owner.
    pub(in crate::peer) fn take_event(&mut self) -> Option<Event> {
        let session = self.lifecycle.session_mut()?;
        let requests = session.requests.as_mut()?;
        let event = requests.table.as_mut()?.events.pop_front();
        requests.table.take_if(|table| table.is_empty());
        session.requests.take_if(|requests| requests.is_empty());
        event
    }

    /// The event of a message that closed this, if there is one.
    pub(in crate::peer) fn surface(&mut self, message: Message, closed: &Closed, now: Time) -> Option<Event> {
        let message = if self.table().is_some() {
            match self.respond(message, closed, now) {
                Ok(()) => return self.take_event(),
                Err(message) => message,
            }
        } else {
            message
        };
        if self.interest.admits(&message) { Some(Event::Message(message)) } else { self.take_event() }
    }

    fn respond(&mut self, message: Message, closed: &Closed, now: Time) -> Result<(), Message> {
        let kind = message.spec().and_then(|spec| spec.response);
        let requests = self.lifecycle.session().and_then(|session| session.requests.as_ref());
        let left = requests.map_or(0, |requests| requests.owed(kind));
        let is_open = closed.found == Match::Open;
        let arrival = Arrival {
            item: closed.item,
            owed: if is_open { left.saturating_add(1) } else { 0 },
            network: self.config().network,
            waited: self.silence.waited(),
        };
        // A `pong` buys no time: with frequent pings, a wait would never end.
        let is_uncounted = !is_open && !matches!(message, Message::Pong(_));
        let wire_len = message.encoded_len().saturating_add(Header::LEN);
        let bought = is_uncounted.then(|| self.time_bought(&message, wire_len, 1));
        self.update_table(now, |table| table.respond(message, arrival)).unwrap_or(Ok(()))?;
        if let Some(bought) = bought {
            self.credit(bought, wire_len);
        }
        Ok(())
    }

    /// The remote is to blame for the response that is due next.
    pub(in crate::peer) fn on_response_overdue(&mut self, now: Time) -> Result<(), Error> {
        let is_flooded = self.flood().is_some_and(Flood::is_over);
        let expected = if is_flooded { self.expire_withheld(now) } else { self.expire_next(now) };
        if let Some(expected) = expected {
            return Err(self.fail(Error::Stalled(expected)));
        }
        self.silence.doubt();
        if self.is_overdue(now) {
            self.silence.seek();
        }
        Ok(())
    }

    /// Returns the response that is due next if it ends the connection; if not, its request is reported.
    fn expire_next(&mut self, now: Time) -> Option<Expected> {
        let requests = self.requests_mut()?;
        let is_plain = requests.next_plain_due().is_some_and(|due| Some(due) <= requests.next_due());
        let expected = requests.next_expected().filter(|_| is_plain);
        expected.or_else(|| self.update_table(now, Table::expire).flatten())
    }

    /// The same for all that a flood hid.
    fn expire_withheld(&mut self, now: Time) -> Option<Expected> {
        let expected = self.requests_mut()?.withheld();
        let expected = expected.or_else(|| self.update_table(now, Table::expire_withheld).flatten());
        if let Some(requests) = self.requests_mut() {
            requests.begin_flood();
        }
        expected
    }

    /// The deadline of a request has passed.
    pub(in crate::peer) fn on_deadline_due(&mut self, now: Time) {
        self.update_table(now, |table| table.pass_deadlines(now));
    }
}
