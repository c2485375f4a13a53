//! What the machine does around the [table](super::Table) of requests.

use super::respond::Arrival;
use super::table::Table;
use crate::error::Error;
use crate::event::Event;
use crate::frame::Header;
use crate::message::Message;
use crate::peer::Peer;
use crate::peer::credit::Credit;
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
            (requests.credit, requests.flood) = (Credit::new(waited), Flood::default());
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
        let requests = self.lifecycle.session().and_then(|session| session.requests.as_deref());
        let expected = requests.and_then(|requests| {
            let is_first = requests.next_plain_due().is_none_or(|due| Some(due) > requests.next_due());
            if is_first { None } else { requests.next_expected() }
        });
        let expected = match expected {
            Some(expected) => Some(expected),
            None => self.update_table(now, Table::expire).flatten(),
        };
        if let Some(expected) = expected {
            return Err(self.fail(Error::Stalled(expected)));
        }
        if let Some(flood) = self.flood_mut() {
            *flood = Flood::default();
        }
        self.silence.doubt();
        if self.is_overdue(now) {
            self.silence.seek();
        }
        Ok(())
    }

    /// The deadline of a request has passed.
    pub(in crate::peer) fn on_deadline_due(&mut self, now: Time) {
        self.update_table(now, |table| table.pass_deadlines(now));
    }
}
