//! What the owner does: make a request, and cancel it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::filters::WantedFilters;
use super::headers::WantedHeaders;
use super::interest::Interest;
use super::items::WantedItems;
use super::options::RequestOptions;
use super::table::{Entry, MAX_OTHERS, Table, Wanted};
use super::types::{Request, RequestId};
use crate::error::{RequestError, SendError};
use crate::event::Direction;
use crate::frame::Header;
use crate::hash::Hash;
use crate::message::{
    GetCFilterV2, GetCfsV2, GetData, GetHeaders, GetInitState, Inventory, InventoryKind, InventoryList,
    Message, Ping,
};
use crate::peer::Peer;
use crate::peer::deadline::Deadline;
use crate::peer::mark::Mark;
use crate::peer::requests::check_count;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// A checked request.
struct Plan {
    wanted: Wanted,
    messages: Vec<Message>,
    /// Whether the connection ends when the timeout is over, unless the owner chooses.
    closes: bool,
    /// Whether the remote is allowed not to respond.
    may_decline: bool,
}

impl Peer {
    /// Requests something from the remote. The id ends exactly once: by an [`Event::Response`](crate::Event::Response)
    /// with nothing remaining, by [`Event::Unanswered`](crate::Event::Unanswered), by [`cancel`](Self::cancel), or with
    /// the connection.
    ///
    /// Requests for items may have [`max_requests`](crate::ConfigBuilder::max_requests) items in total. Of all others,
    /// up to 64 may be open. May change: queue, timeout, open requests.
    ///
    /// A response that comes after its request ended as timed out or declined is reported as
    /// [`Event::Message`](crate::Event::Message).
    ///
    /// ```
    /// use peer_core::message::{Inventory, InventoryList};
    /// use peer_core::{Hash, Peer, Request, RequestError, RequestId, RequestOptions, Time};
    ///
    /// fn request_block(peer: &mut Peer, block: Hash, now: Time) -> Result<RequestId, RequestError> {
    ///     let mut items = InventoryList::new();
    ///     items.push(Inventory::block(block)).expect("one item fits");
    ///     peer.request(&Request::Items(items), RequestOptions::new(), now)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Refused without any effect: as [`send`](Self::send), and what nodes never respond to
    /// ([`RequestError`]).
    pub fn request(
        &mut self,
        request: &Request,
        options: RequestOptions,
        now: Time,
    ) -> Result<RequestId, RequestError> {
        self.can_send()?;
        self.check_request(request)?;
        let before = self.history.sent.as_ref().map_or(0, |sent| sent.last_request);
        let id = RequestId::new(before.saturating_add(1));
        self.lifecycle.open_session()?.requests.get_or_insert_default().table.get_or_insert_default();
        let result = self.begin(id, request, options, now);
        if result.is_ok() {
            self.history.sent.get_or_insert_default().last_request = id.get();
        }
        // Drops an empty table, or begins a timeout if nothing had to be written.
        self.update_table(now, |_| ());
        self.begin_timeouts(now);
        result.map(|()| id)
    }

    /// Cancels a request: the owner is told no more of it. Returns `false` if the owner has been told of its end.
    ///
    /// The remote still owes its response, which is admitted and dropped when it comes. The timeout continues as the
    /// options say, without a report. May change: timeout, open requests.
    pub fn cancel(&mut self, id: RequestId, now: Time) -> bool {
        self.update_table(now, |table| table.cancel(id)).unwrap_or(false)
    }

    /// The open requests, oldest first, each with the number of missing items or filters (1 for all other requests).
    #[must_use]
    pub fn requests(&self) -> impl ExactSizeIterator<Item = (RequestId, usize)> {
        let count = self.table().map_or(0, |table| table.told().count());
        Exact { left: count, iter: self.table().into_iter().flat_map(Table::told) }
    }

    /// Chooses which messages are reported that respond to no [`Request`]. By default [all](Interest::ALL).
    pub const fn set_interest(&mut self, interest: Interest) {
        self.interest = interest;
    }

    /// Refuses empty requests, and those that nodes never respond to.
    fn check_request(&self, request: &Request) -> Result<(), RequestError> {
        let since = |command, since: ProtocolVersion| {
            let version = self.version;
            if version >= since {
                Ok(())
            } else {
                Err(RequestError::NotInProtocol { command, since, version })
            }
        };
        match request {
            Request::Items(items) => return self.check_items(items),
            Request::Filters(blocks) if blocks.is_empty() => return Err(RequestError::Empty),
            Request::Filters(_) => since("getcfilterv2", ProtocolVersion::CFILTER_V2)?,
            Request::InitState(_) => {
                since("getinitstate", ProtocolVersion::INIT_STATE)?;
                if self.history.init_state.requested {
                    return Err(RequestError::OnlyOnce { command: "getinitstate" });
                }
            }
            Request::Addresses if self.direction == Direction::Inbound => {
                return Err(RequestError::NotDialled { command: "getaddr" });
            }
            Request::Addresses if self.history.sent.as_ref().is_some_and(|sent| sent.addresses) => {
                return Err(RequestError::OnlyOnce { command: "getaddr" });
            }
            Request::Headers { .. } | Request::Addresses | Request::Ping => {}
        }
        if self.table().is_some_and(|table| table.others >= MAX_OTHERS) {
            return Err(RequestError::TooMany { limit: MAX_OTHERS });
        }
        Ok(())
    }

    fn check_items(&self, items: &[Inventory]) -> Result<(), RequestError> {
        if items.is_empty() {
            return Err(RequestError::Empty);
        }
        let kinds = [InventoryKind::TX, InventoryKind::BLOCK, InventoryKind::MIX];
        if let Some(item) = items.iter().find(|item| !kinds.contains(&item.kind)) {
            return Err(SendError::Unanswerable(item.kind).into());
        }
        let (open, wanted) = (self.table().map_or(0, |table| table.items.wanted()), items.len());
        let limit = self.config().max_requests;
        Ok(check_count(open, wanted, limit)?)
    }

    /// Sends the messages of a request and notes what is expected. If that is refused, nothing changes.
    fn begin(
        &mut self,
        id: RequestId,
        request: &Request,
        options: RequestOptions,
        now: Time,
    ) -> Result<(), RequestError> {
        let mut plan = self.plan(id, request);
        let is_ping = matches!(plan.wanted, Wanted::Pong);
        let nonce = (is_ping || plan.may_decline && options.has_fence()).then(|| self.derive_nonce(id));
        plan.messages.extend(nonce.map(|nonce| Message::Ping(Ping { nonce })));
        let sent = self.send_all(&plan.messages, now);
        let Some(table) = self.table_mut() else { return Err(SendError::NotEstablished.into()) };
        let mark = match sent {
            Ok(mark) => mark.or(table.last_mark),
            Err(error) => {
                if let Wanted::Items(items) = &plan.wanted {
                    items.list.iter().for_each(|item| table.items.remove_owner(*item, id));
                }
                return Err(error.into());
            }
        };
        let entry = Entry {
            wanted: plan.wanted,
            timeout: options.effective_timeout(),
            closes: options.closes(plan.closes),
            term: None,
            deadline: options.deadline.map(|after| Deadline::after(after, now)),
            nonce,
            is_handled: false,
            may_be_answered: false,
            is_marked: false,
            is_muted: false,
        };
        table.insert(id, entry);
        table.last_mark = mark;
        if let Some(mark) = mark {
            table.unwritten.push_back((mark, id));
        }
        Ok(())
    }

    fn plan(&mut self, id: RequestId, request: &Request) -> Plan {
        match request {
            Request::Items(items) => self.plan_items(id, items),
            Request::Headers { locator, stop } => {
                let (locator, stop) = (locator.clone(), *stop);
                let wanted = WantedHeaders { locator: locator.clone(), stop };
                let message = GetHeaders { protocol_version: 0, locator, stop };
                Plan::reported(Wanted::Headers(wanted), [message.into()])
            }
            Request::Filters(blocks) if self.version >= ProtocolVersion::BATCHED_CFILTERS_V2 => {
                let ends = blocks.first().zip(blocks.last());
                let message = ends.map(|(start, end)| GetCfsV2 { start_hash: *start, end_hash: *end }.into());
                Plan::reported(Wanted::Filters(WantedFilters::Batch(blocks.clone())), message)
            }
            Request::Filters(blocks) => {
                let message = |block: &Hash| GetCFilterV2 { block_hash: *block }.into();
                let wanted = WantedFilters::Each(blocks.to_vec());
                Plan::reported(Wanted::Filters(wanted), blocks.iter().map(message))
            }
            Request::InitState(types) => {
                let messages = [GetInitState { types: types.clone() }.into()].into();
                Plan { wanted: Wanted::InitState, messages, closes: true, may_decline: false }
            }
            Request::Addresses => Plan::reported(Wanted::Addresses, [Message::GetAddr]),
            Request::Ping => {
                Plan { wanted: Wanted::Pong, messages: Vec::new(), closes: false, may_decline: false }
            }
        }
    }

    /// Only items that no other request waits for are sent for.
    fn plan_items(&mut self, id: RequestId, items: &[Inventory]) -> Plan {
        let (list, new) = self.table_mut().map(|table| table.items.add(id, items)).unwrap_or_default();
        // A part of a list is not longer than the list.
        let inventory = InventoryList::try_from(new).unwrap_or_default();
        let request = Some(inventory).filter(|inventory| !inventory.is_empty());
        let messages = request.map(|inventory| GetData { inventory }.into()).into_iter().collect();
        Plan { wanted: Wanted::Items(WantedItems::new(list)), messages, closes: true, may_decline: false }
    }

    /// Sends all of these or none. Returns the mark of the last one.
    fn send_all(&mut self, messages: &[Message], now: Time) -> Result<Option<Mark>, SendError> {
        let mut room = 0_usize;
        for message in messages {
            room = room.saturating_add(message.check(self.version)?).saturating_add(Header::LEN);
        }
        self.check_room(room)?;
        let mut last = None;
        for message in messages {
            last = Some(self.send_untimed(message, now)?);
        }
        Ok(last)
    }

    /// A number that the remote cannot predict. Nothing is drawn for it.
    fn derive_nonce(&self, id: RequestId) -> u64 {
        let mut hash = [0; Hash::LEN];
        hash.iter_mut().zip(id.get().to_le_bytes()).for_each(|(byte, of_id)| *byte = of_id);
        let item = Inventory { kind: InventoryKind::ERROR, hash: Hash::from_bytes(hash) };
        self.known.fingerprint(&item).get().max(1)
    }

    fn table_mut(&mut self) -> Option<&mut Box<Table>> {
        self.lifecycle.session_mut()?.requests.as_mut()?.table.as_mut()
    }
}

impl Plan {
    /// A request that the remote need not respond to.
    fn reported(wanted: Wanted, messages: impl IntoIterator<Item = Message>) -> Self {
        Self { wanted, messages: messages.into_iter().collect(), closes: false, may_decline: true }
    }
}

/// An iterator whose length is known.
struct Exact<I> {
    iter: I,
    left: usize,
}

impl<I: Iterator> Iterator for Exact<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.left = self.left.saturating_sub(1);
        self.iter.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Exact<I> {}
