//! Requests that the remote has not answered.
//!
//! A message that can only be an answer is accepted only while its request is open. The items of `getdata` are a set:
//! an item requested twice is answered by its first answer, and a second answer is admitted for a while. An answer
//! counts even if the write of its request was not reported: the remote can only answer what it received.
//!
//! Deadlines are points on a clock that runs only while we wait for the remote; the machine converts them to its own
//! clock. They are set when the request has been written.

mod close;
mod withheld;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::time::Duration;

use super::answered::Answered;
use super::credit::Credit;
use super::fifo::Fifo;
use super::flood::Flood;
use super::open_message::Open;
use super::request::Table;
use crate::error::{Expected, SendError};
use crate::frame::{Checked, Header};
use crate::hash::Hash;
use crate::message::{Inventory, InventoryKind, InventoryList, Message, Response, ResponseKind};
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// How long the remote may take for an item of a `getdata`.
const ITEM_TIMEOUT: Duration = Duration::from_secs(30);

/// A requested item, perhaps of several requests.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Requests that name it and have been written.
    written: u32,
    /// The number of the first request that names it, or of the one that set its deadline.
    first: u32,
    /// When it is due, once a request for it has been written.
    due: Option<Time>,
}

/// What an unwritten request names.
#[derive(Clone, Debug)]
enum Unwritten {
    Items(InventoryList),
    /// Items that have no deadline here. Boxed, because many small requests may wait to be written, and each takes the
    /// room of the largest kind.
    Untimed(Box<InventoryList>),
    /// One message, and whether it has a deadline.
    Message(ResponseKind, bool),
}

/// See the [module](self). Exists only once a peer has requested something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    items: BTreeMap<Inventory, Item>,
    /// How many items have which deadline, soonest first. Deadlines with their items would take as much room as the
    /// items; the item of a deadline is looked up once, at the end.
    due: BTreeMap<Time, usize>,
    /// Answered items of which more answers are admitted.
    pub(super) answered: Answered,
    /// Requests that one message answers, by its kind.
    messages: BTreeMap<ResponseKind, Open>,
    /// Requests that are not written, in the order of their lane.
    unwritten: Fifo<Unwritten>,
    pub(super) credit: Credit,
    /// Detects a remote that talks without a pause.
    pub(crate) flood: Flood,
    /// The number of the first request that was not written when the flood's count began.
    marked: u32,
    /// Requests with an id.
    pub(crate) table: Option<Box<Table>>,
    /// The numbers of the next request and of the next to be written. They wrap around.
    opened: u32,
    written: u32,
}

impl Requests {
    /// Whether a request is open that such a response answers.
    pub(crate) fn expects(&self, response: Response) -> bool {
        match response {
            Response::Item(kind) => {
                has_kind(&self.items, kind)
                    || self.answered.contains_kind(kind)
                    || self.unwritten_names(|item| item.kind == kind)
            }
            Response::AnyItem => {
                !self.items.is_empty() || !self.answered.is_empty() || self.unwritten_names(|_| true)
            }
            Response::Message(kind) => self.expects_message(kind),
        }
    }

    /// Refuses a request that no node answers, or that would exceed `limit` open items.
    pub(crate) fn check(
        open: usize,
        message: &Message,
        version: ProtocolVersion,
        limit: usize,
    ) -> Result<(), SendError> {
        let Message::GetData(request) = message else { return Ok(()) };
        let answered = |item: &&Inventory| match item.kind {
            InventoryKind::TX | InventoryKind::BLOCK => true,
            InventoryKind::FILTERED_BLOCK => version.has_bloom_filters(),
            InventoryKind::MIX => version.has_mixing(),
            _ => false,
        };
        if let Some(item) = request.inventory.iter().find(|item| !answered(item)) {
            return Err(SendError::Unanswerable(item.kind));
        }
        let wanted = request.inventory.len();
        check_count(open, wanted, limit)
    }

    /// Whether answers to `message` are expected.
    pub(crate) fn is_request(message: &Message) -> bool {
        matches!(message, Message::GetData(_)) || response_kind(message).is_some()
    }

    /// Whether answers to `message` have a deadline.
    pub(crate) fn has_deadline(message: &Message, version: ProtocolVersion) -> bool {
        match message {
            Message::GetData(request) => !request.inventory.is_empty(),
            other => response_timeout(other, version).is_some(),
        }
    }

    /// Opens what `message`, which is about to be queued, requests. Without a timer its answers have no deadline here.
    pub(crate) fn open(&mut self, message: &Message, version: ProtocolVersion, is_timed: bool) {
        let request = if let Message::GetData(request) = message {
            for item in &request.inventory {
                self.items.entry(*item).or_insert(Item { written: 0, first: self.opened, due: None });
            }
            let items = request.inventory.clone();
            if is_timed { Unwritten::Items(items) } else { Unwritten::Untimed(Box::new(items)) }
        } else if let Some(kind) = response_kind(message) {
            self.messages.entry(kind).or_default().on_requested();
            Unwritten::Message(kind, is_timed && response_timeout(message, version).is_some())
        } else {
            return;
        };
        self.unwritten.push_back(request);
        self.opened = self.opened.wrapping_add(1);
    }

    /// The oldest unwritten request has been written: its answers are due from now on. Returns whether nothing was due
    /// before.
    pub(crate) fn on_written(&mut self, waited: Time) -> bool {
        let was_due = self.next_due().is_some();
        let oldest = self.unwritten.pop_front();
        debug_assert!(oldest.is_some(), "each request in the lane is among the unwritten ones");
        self.unwritten.shrink();
        let number = self.written;
        self.written = number.wrapping_add(1);
        match oldest {
            Some(Unwritten::Items(items)) => {
                let due = Some(waited + ITEM_TIMEOUT);
                items.iter().for_each(|item| self.on_item_written(*item, number, due, waited));
            }
            Some(Unwritten::Untimed(items)) => {
                items.iter().for_each(|item| self.on_item_written(*item, number, None, waited));
            }
            Some(Unwritten::Message(kind, is_timely)) => {
                let timeout = kind.response_timeout().filter(|_| is_timely);
                self.on_message_written(kind, timeout.map(|(_, timeout)| waited + timeout));
            }
            None => {}
        }
        let is_first = !was_due && self.next_due().is_some();
        if is_first {
            self.begin_waiting(waited);
        }
        is_first
    }

    fn on_message_written(&mut self, kind: ResponseKind, due: Option<Time>) {
        let Some(open) = self.messages.get_mut(&kind) else { return };
        open.on_written(due);
        if open.is_done() {
            self.messages.remove(&kind);
        }
    }

    /// Whether such a message would answer a request.
    fn expects_message(&self, kind: ResponseKind) -> bool {
        self.messages.get(&kind).is_some_and(|open| open.count > 0)
    }

    fn on_item_written(&mut self, item: Inventory, number: u32, due: Option<Time>, waited: Time) {
        // An item may have been answered and requested again since. This request then does not decide when it is due.
        let is_for_this = |open: &&mut Item| number.wrapping_sub(open.first) <= u32::MAX / 2;
        match self.items.get_mut(&item).filter(is_for_this) {
            Some(open) => {
                open.written = open.written.saturating_add(1);
                // The first deadline holds.
                if let Some(due) = due.filter(|_| open.due.is_none()) {
                    // An earlier request for it had no deadline.
                    (open.due, open.first) = (Some(due), number);
                    let count = self.due.entry(due).or_default();
                    *count = count.saturating_add(1);
                }
            }
            // It was answered before. Another answer, to this request, may come from now on.
            None => self.answered.add(item, 1, waited),
        }
    }

    /// When, on the clock of waiting, the next answer is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let plain = self.next_plain_due();
        let Some(table) = &self.table else { return plain };
        table.next_due().into_iter().chain(plain).min()
    }

    /// The same for requests without an id.
    pub(crate) fn next_plain_due(&self) -> Option<Time> {
        let item = self.due.first_key_value().map(|(due, _)| *due);
        self.next_message().map(|(due, _)| due).into_iter().chain(item).min()
    }

    /// When the first of the running terms began, on the clock of waiting.
    pub(crate) fn term_began(&self) -> Option<Time> {
        let items = self.due.first_key_value().map(|(due, _)| (*due, ITEM_TIMEOUT));
        let messages =
            self.messages.iter().filter_map(|(kind, open)| Some((open.due?, kind.response_timeout()?.1)));
        let began = |(due, term): (Time, Duration)| Time::from_elapsed(due.elapsed().saturating_sub(term));
        let plain = messages.chain(items).map(began);
        plain.chain(self.table.as_ref().and_then(|table| table.term_began())).min()
    }

    /// Which answer is due next, for requests without an id.
    pub(crate) fn next_expected(&self) -> Option<Expected> {
        let item = self.items.iter().filter_map(|(item, open)| Some((open.due?, *item))).min();
        let item = item.map(|(due, item)| (due, Expected::Item(Box::new(item))));
        let message = self.next_message().map(|(due, command)| (due, Expected::Message(command)));
        message.into_iter().chain(item).min_by_key(|(due, _)| *due).map(|(_, expected)| expected)
    }

    fn next_message(&self) -> Option<(Time, &'static str)> {
        let due =
            self.messages.iter().filter_map(|(kind, open)| Some((open.due?, kind.response_timeout()?.0)));
        due.min_by_key(|(due, _)| *due)
    }

    /// The most bytes by which a frame with this header can answer an open request, of the `len` that have come.
    pub(crate) fn answering(&self, head: &Checked, len: usize) -> usize {
        let answers = match (head.command.as_str(), head.spec.and_then(|spec| spec.response)) {
            (_, Some(Response::AnyItem)) => return len.min(not_found_len(self.items.len())),
            (_, Some(Response::Item(kind))) => has_kind(&self.items, kind),
            (_, Some(Response::Message(kind))) => self.expects_message(kind),
            ("tx", None) => has_kind(&self.items, InventoryKind::TX),
            ("inv", None) => self.expects_message(ResponseKind::Inv),
            ("headers", None) => self.expects_message(ResponseKind::Headers),
            (_, None) => false,
        };
        let is_expected = || self.table.as_ref().is_some_and(|table| table.expects(head.command.as_str()));
        if answers || is_expected() { len } else { 0 }
    }

    /// How many messages of this kind may come, if they are counted.
    pub(crate) fn owed(&self, response: Option<Response>) -> usize {
        let Some(Response::Message(kind)) = response else { return 0 };
        self.messages.get(&kind).map_or(0, |open| open.count as usize)
    }

    /// The number of open items.
    pub(crate) fn open_items(&self) -> usize {
        self.items.len()
    }

    /// Whether no request is open, and no further answer is admitted.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.unwritten.is_empty()
            && self.messages.is_empty()
            && self.answered.is_empty()
            && self.table.is_none()
    }

    /// Whether a request that is not reported as written names such an item.
    fn unwritten_names(&self, is_such: impl Fn(&Inventory) -> bool) -> bool {
        (&self.unwritten).into_iter().any(|request| match request {
            Unwritten::Items(items) => items.iter().any(&is_such),
            Unwritten::Untimed(items) => items.iter().any(&is_such),
            Unwritten::Message(..) => false,
        })
    }
}

/// The size of a `notfound` with this many entries in its frame, in bytes.
pub(super) const fn not_found_len(entries: usize) -> usize {
    entries.saturating_mul(Inventory::LEN).saturating_add(Header::LEN)
}

/// Whether an item of this kind is among `items`.
pub(super) fn has_kind<T>(items: &BTreeMap<Inventory, T>, kind: InventoryKind) -> bool {
    let first = Inventory { kind, hash: Hash::ZERO };
    items.range(first..).next().is_some_and(|(item, _)| item.kind == kind)
}

/// The kind of message that answers `message`, if it is a request that a single message answers.
fn response_kind(message: &Message) -> Option<ResponseKind> {
    message.spec()?.request()
}

/// How long that answer may take at `version`, if it has a deadline.
fn response_timeout(message: &Message, version: ProtocolVersion) -> Option<Duration> {
    message.spec()?.response_timeout(version)
}

/// Whether this many items may be requested while `open` are open.
pub(in crate::peer) const fn check_count(open: usize, wanted: usize, limit: usize) -> Result<(), SendError> {
    if wanted > limit {
        return Err(SendError::RequestTooLarge { wanted, limit });
    }
    if open.saturating_add(wanted) > limit {
        return Err(SendError::TooManyRequests { open, wanted, limit });
    }
    Ok(())
}
