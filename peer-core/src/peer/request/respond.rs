//! Which message responds to which request.

use alloc::vec::Vec;

use super::headers::Fit;
use super::items::Owners;
use super::table::{Table, Wanted};
use super::types::{RequestId, Unanswered};
use crate::hash::Hash;
use crate::message::{CFiltersV2, Headers, Inventory, Message};
use crate::network::Network;
use crate::time::Time;

/// What is known of a message that came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// The item, if the message is one.
    pub(super) item: Option<Inventory>,
    /// How many messages of its kind the remote may have owed us before it came, for kinds that are counted.
    pub(super) owed: usize,
    pub(super) network: Network,
    /// The clock of waiting.
    pub(super) waited: Time,
}

impl Table {
    /// Whether a message with this command may respond to a request, although it may also come unrequested.
    pub(in crate::peer) fn expects(&self, command: &str) -> bool {
        self.others > 0
            && match command {
                "headers" => self.find(|wanted| matches!(wanted, Wanted::Headers(_))).is_some(),
                "addr" | "addrv2" => self.find(|wanted| matches!(wanted, Wanted::Addresses)).is_some(),
                _ => false,
            }
    }

    /// Matches a message with the requests. Returns it if it responds to none, or not only to these.
    pub(super) fn respond(&mut self, message: Message, arrival: Arrival) -> Result<(), Message> {
        self.owed_headers.expire(arrival.waited);
        let id = match &message {
            Message::NotFound(missing) => {
                let is_all = self.on_not_found(&missing.inventory);
                return if is_all { Ok(()) } else { Err(message) };
            }
            Message::Headers(headers) => self.on_headers(headers, arrival.network),
            Message::CFiltersV2(filters) => self.on_filters(filters, arrival.owed),
            Message::CFilterV2(filter) => {
                let block = filter.block_hash;
                return self.on_filter(message, block, arrival.owed);
            }
            Message::InitState(_) => self.find(|wanted| matches!(wanted, Wanted::InitState)).map(Found::Last),
            Message::Addr(_) | Message::AddrV2(_) => {
                self.find(|wanted| matches!(wanted, Wanted::Addresses)).map(Found::Last)
            }
            Message::Pong(pong) => self.on_pong(pong.nonce, arrival.waited),
            _ => match arrival.item.and_then(|item| Some((item, self.items.take(&item)?))) {
                Some((item, owners)) => {
                    self.on_item(message, item, &owners);
                    return Ok(());
                }
                None => None,
            },
        };
        match id {
            Some(Found::Last(id)) => self.complete(id, message),
            Some(Found::Mismatch(id)) => self.end(id, Unanswered::Mismatch),
            None => return Err(message),
        }
        Ok(())
    }

    /// The oldest request that waits for this.
    fn find(&self, is_this: impl Fn(&Wanted) -> bool) -> Option<RequestId> {
        self.open.iter().find(|(_, entry)| is_this(&entry.wanted)).map(|(id, _)| *id)
    }

    /// The last message of a response came.
    fn complete(&mut self, id: RequestId, message: Message) {
        if self.remove(id).is_some_and(|entry| !entry.is_muted) {
            self.tell_response(id, (message, None), 0);
        }
    }

    fn on_item(&mut self, message: Message, item: Inventory, owners: &Owners) {
        let mut message = Some(message);
        let last = owners.ids().last();
        for id in owners.ids() {
            let Some(entry) = self.open.get_mut(id) else { continue };
            let Wanted::Items(items) = &mut entry.wanted else { continue };
            items.open = items.open.saturating_sub(1);
            let (is_over, remaining, is_muted) = (items.open == 0, items.remaining(), entry.is_muted);
            let copy = if Some(id) == last { message.take() } else { message.clone() };
            if let Some(message) = copy.filter(|_| !is_muted) {
                self.tell_response(*id, (message, Some(item)), remaining);
            }
            if is_over && remaining == 0 {
                self.remove(*id);
            } else if is_over {
                self.end(*id, Unanswered::NotFound);
            }
        }
    }

    /// Returns whether all of these items were waited for.
    fn on_not_found(&mut self, missing: &[Inventory]) -> bool {
        let (mut is_all, mut over) = (!missing.is_empty(), Vec::new());
        for item in missing {
            let Some(owners) = self.items.take(item) else {
                is_all = false;
                continue;
            };
            for id in owners.ids() {
                let entry = self.open.get_mut(id);
                let Some(Wanted::Items(items)) = entry.map(|entry| &mut entry.wanted) else { continue };
                items.open = items.open.saturating_sub(1);
                items.not_found.push(*item);
                if items.open == 0 {
                    over.push(*id);
                }
            }
        }
        over.into_iter().for_each(|id| self.end(id, Unanswered::NotFound));
        is_all
    }

    /// A `headers` may also be an announcement; its content decides.
    fn on_headers(&mut self, headers: &Headers, network: Network) -> Option<Found> {
        if headers.headers.is_empty() {
            return self.on_no_headers();
        }
        if self.others == 0 {
            return None;
        }
        let found = self.open.iter().find_map(|(id, entry)| match &entry.wanted {
            Wanted::Headers(wanted) => match wanted.fit(&headers.headers, network) {
                Fit::Yes => Some(Found::Last(*id)),
                Fit::Broken => Some(Found::Mismatch(*id)),
                Fit::No => None,
            },
            _ => None,
        });
        if let Some(Found::Last(id)) = found {
            self.owed_headers.forget_before(id);
        }
        found
    }

    /// Empty headers respond to the oldest request, which may have ended already.
    fn on_no_headers(&mut self) -> Option<Found> {
        let oldest = self.find(|wanted| matches!(wanted, Wanted::Headers(_)));
        if !self.owed_headers.take(oldest) {
            return oldest.map(Found::Last);
        }
        // A node that declined the earlier request has answered this one.
        if let Some(entry) = oldest.and_then(|id| self.open.get_mut(&id)) {
            entry.may_be_answered = true;
        }
        None
    }

    fn on_filters(&mut self, filters: &CFiltersV2, owed: usize) -> Option<Found> {
        let found = self.open.iter_mut().find_map(|(id, entry)| match &mut entry.wanted {
            Wanted::Filters(wanted) => wanted.take_batch(filters).then_some(*id),
            _ => None,
        });
        found.map(Found::Last).or_else(|| self.mismatch(true, owed))
    }

    fn on_filter(&mut self, message: Message, block: Hash, owed: usize) -> Result<(), Message> {
        let found = self.open.iter_mut().find_map(|(id, entry)| match &mut entry.wanted {
            Wanted::Filters(wanted) => {
                wanted.take_one(&block).then(|| (*id, wanted.remaining(), entry.is_muted))
            }
            _ => None,
        });
        match found {
            Some((id, 0, _)) => self.complete(id, message),
            Some((id, remaining, is_muted)) => {
                if !is_muted {
                    self.tell_response(id, (message, None), remaining);
                }
            }
            None => match self.mismatch(false, owed) {
                Some(Found::Mismatch(id)) => self.end(id, Unanswered::Mismatch),
                _ => return Err(message),
            },
        }
        Ok(())
    }

    /// The request whose response these filters of other blocks are. `None` if they may be the late response to a
    /// request that has ended, or to one without an id.
    fn mismatch(&self, of_batch: bool, owed: usize) -> Option<Found> {
        let of_kind = || {
            self.open.iter().filter_map(|(id, entry)| match &entry.wanted {
                Wanted::Filters(wanted) if wanted.shares_kind(of_batch) => Some((*id, wanted.messages())),
                _ => None,
            })
        };
        let open = of_kind().map(|(_, messages)| messages).fold(0, usize::saturating_add);
        of_kind().next().filter(|_| 0 < owed && owed <= open).map(|(id, _)| Found::Mismatch(id))
    }

    fn on_pong(&mut self, nonce: u64, waited: Time) -> Option<Found> {
        let id = self.nonces.remove(&nonce)?;
        if self.open.get(&id).is_some_and(|entry| matches!(entry.wanted, Wanted::Pong)) {
            return Some(Found::Last(id));
        }
        self.on_handled(id, waited);
        None
    }
}

/// The request that a message responds to.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// With this message its response is complete.
    Last(RequestId),
    /// The message is not what was requested.
    Mismatch(RequestId),
}
