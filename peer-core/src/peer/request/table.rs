//! The open requests.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use super::filters::WantedFilters;
use super::headers::{OwedHeaders, WantedHeaders};
use super::items::{ItemIndex, WantedItems};
use super::types::{RequestId, Response, Unanswered};
use crate::event::Event;
use crate::message::{Inventory, InventoryList, Message};
use crate::peer::deadline::Deadline;
use crate::peer::fifo::Fifo;
use crate::peer::mark::Mark;
use crate::time::Time;

/// Most requests that are not for items.
pub(super) const MAX_OTHERS: usize = 64;

/// See the [module](super). At most one event for each request waits here for the owner, and two for the last message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(super) open: BTreeMap<RequestId, Entry>,
    pub(super) items: ItemIndex,
    /// Requests that are not for items.
    pub(super) others: usize,
    /// Nonces of pings: fences, and requested pings.
    pub(super) nonces: BTreeMap<u64, RequestId>,
    /// Requests that are not reported as written, each with its last mark, in the order of their lane.
    pub(super) unwritten: Fifo<(Mark, RequestId)>,
    /// The number of the newest request.
    pub(super) last_mark: Option<Mark>,
    /// When responses are due on the clock of waiting.
    pub(super) dues: BTreeSet<(Time, RequestId)>,
    /// Deadlines on the plain clock.
    pub(super) deadlines: BTreeSet<(Time, RequestId)>,
    /// No deadline was set later than this.
    pub(super) deadlines_set_at: Time,
    pub(super) owed_headers: OwedHeaders,
    /// Events for the owner.
    pub(super) events: VecDeque<Event>,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) wanted: Wanted,
    pub(super) timeout: Duration,
    /// Whether the connection ends when the timeout is over.
    pub(super) closes: bool,
    /// When the timeout, or what a fence left of it, began and ends, on the clock of waiting.
    pub(super) term: Option<(Time, Time)>,
    pub(super) deadline: Option<Deadline>,
    /// The ping that follows it, or that it is.
    pub(super) nonce: Option<u64>,
    /// The `pong` of the fence has come: the remote has handled the request.
    pub(super) is_handled: bool,
    /// An empty response came that may belong to an earlier request. So the remote is not to blame for this one.
    pub(super) may_be_answered: bool,
    /// It was due when the count of a flood began.
    pub(super) is_marked: bool,
    /// The owner is told no more of it: it was cancelled, or its deadline has passed.
    pub(super) is_muted: bool,
}

/// What a request waits for.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Headers(WantedHeaders),
    Items(WantedItems),
    Filters(WantedFilters),
    InitState,
    Addresses,
    Pong,
}

impl Entry {
    /// The number of missing items or filters; 1 for everything else.
    pub(super) fn remaining(&self) -> usize {
        match &self.wanted {
            Wanted::Items(items) => items.remaining(),
            Wanted::Filters(filters) => filters.remaining(),
            Wanted::Headers(_) | Wanted::InitState | Wanted::Addresses | Wanted::Pong => 1,
        }
    }

    /// Whether the remote is allowed not to respond.
    pub(super) const fn is_excused(&self) -> bool {
        self.is_handled || self.may_be_answered
    }

    const fn is_for_items(&self) -> bool {
        matches!(self.wanted, Wanted::Items(_))
    }
}

impl Table {
    pub(super) fn insert(&mut self, id: RequestId, entry: Entry) {
        if !entry.is_for_items() {
            self.others = self.others.saturating_add(1);
        }
        if let Some(nonce) = entry.nonce {
            self.nonces.insert(nonce, id);
        }
        if let Some(deadline) = entry.deadline {
            self.deadlines.insert((deadline.time(), id));
            self.deadlines_set_at = self.deadlines_set_at.max(deadline.set_at());
        }
        self.open.insert(id, entry);
    }

    /// Removes a request, and every reference to it.
    pub(super) fn remove(&mut self, id: RequestId) -> Option<Entry> {
        let entry = self.open.remove(&id)?;
        if !entry.is_for_items() {
            debug_assert!(self.others > 0, "each request that is not for items is counted");
            self.others = self.others.saturating_sub(1);
        }
        if let Some(nonce) = entry.nonce {
            self.nonces.remove(&nonce);
        }
        if let Some((_, due)) = entry.term {
            self.dues.remove(&(due, id));
        }
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline.time(), id));
        }
        Some(entry)
    }

    /// Reports a response to a request to the owner, with this much remaining.
    pub(super) fn tell_response(
        &mut self,
        id: RequestId,
        (message, item): (Message, Option<Inventory>),
        remaining: usize,
    ) {
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        self.events.push_back(Event::Response(Response { id, message, item, remaining }.into()));
    }

    /// Ends a request for this reason, and reports it to the owner unless that was done.
    pub(super) fn end(&mut self, id: RequestId, reason: Unanswered) {
        let missing = self.missing(id);
        let Some(entry) = self.remove(id) else { return };
        if let Wanted::Items(items) = &entry.wanted {
            items.list.iter().for_each(|item| self.items.remove_owner(*item, id));
        }
        if !entry.is_muted {
            self.events.push_back(Event::Unanswered { id, reason, missing });
        }
    }

    /// The missing items or filters of a request.
    pub(super) fn missing(&self, id: RequestId) -> InventoryList {
        let missing = match self.open.get(&id).map(|entry| &entry.wanted) {
            Some(Wanted::Items(items)) => items.missing(id, &self.items),
            Some(Wanted::Filters(filters)) => filters.missing(),
            Some(Wanted::Headers(_) | Wanted::InitState | Wanted::Addresses | Wanted::Pong) | None => {
                Vec::new()
            }
        };
        // No request has more items than such a list.
        InventoryList::try_from(missing).unwrap_or_default()
    }

    /// See [`Peer::cancel`](crate::Peer::cancel).
    pub(super) fn cancel(&mut self, id: RequestId) -> bool {
        let was_untold = self.forget_events(id);
        let Some(entry) = self.open.get_mut(&id).filter(|entry| !entry.is_muted) else { return was_untold };
        entry.is_muted = true;
        if let Some(deadline) = entry.deadline.take() {
            self.deadlines.remove(&(deadline.time(), id));
        }
        true
    }

    /// The owner is told no more of this request, even if it has ended. Returns whether there was something to report.
    fn forget_events(&mut self, id: RequestId) -> bool {
        let before = self.events.len();
        self.events.retain(|event| match event {
            Event::Response(response) => response.id != id,
            Event::Unanswered { id: ended, .. } => *ended != id,
            _ => true,
        });
        self.events.len() < before
    }

    /// The requests of which the owner may still be told, oldest first.
    pub(super) fn told(&self) -> impl Iterator<Item = (RequestId, usize)> {
        let told = self.open.iter().filter(|(_, entry)| !entry.is_muted);
        told.map(|(id, entry)| (*id, entry.remaining()))
    }

    /// Whether nothing is open, owed or to be reported.
    pub(in crate::peer) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.events.is_empty() && self.owed_headers.is_empty()
    }
}
