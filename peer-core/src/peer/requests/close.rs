//! Closes the open requests that a message answers.

use alloc::collections::BTreeSet;

use super::{Item, Requests, Unwritten};
use crate::hash::Hash;
use crate::message::{Inventory, Message, Response, ResponseKind, Transaction};
use crate::peer::matched::{Closed, Match};
use crate::peer::open_message::Open;
use crate::time::Time;

impl Requests {
    /// Closes what `message`, whose payload has this hash, answers. `shown` is how many of the unwritten requests the
    /// transport has been shown: the remote may have received them before that is reported.
    pub(crate) fn close(&mut self, message: &Message, hash: &Hash, waited: Time, shown: usize) -> Closed {
        self.answered.expire(waited);
        if let Message::NotFound(answer) = message {
            return self.close_not_found(&answer.inventory, waited);
        }
        let found = match (message, message.spec().and_then(|spec| spec.response)) {
            (Message::Tx(tx), _) => return self.close_pushed(tx, waited),
            (Message::Block(block), _) => return self.close_one(Inventory::block(block.hash()), waited),
            (Message::MerkleBlock(block), Some(Response::Item(kind))) => {
                return self.close_one(Inventory { kind, hash: block.header.hash() }, waited);
            }
            (Message::Inv(_), _) => self.close_all(ResponseKind::Inv, shown),
            (Message::Headers(_), _) => self.close_all(ResponseKind::Headers, shown),
            (_, Some(Response::Item(kind))) => {
                return self.close_one(Inventory { kind, hash: *hash }, waited);
            }
            (_, Some(Response::Message(kind))) => self.close_message(kind),
            (_, Some(Response::AnyItem) | None) => Match::Nothing,
        };
        found.into()
    }

    /// Closes the request of a transaction, which may also come unrequested. The remote then still answers the request.
    fn close_pushed(&mut self, tx: &Transaction, waited: Time) -> Closed {
        if self.items.is_empty() {
            return Match::Nothing.into();
        }
        let item = Inventory::tx(tx.hash());
        let Some(open) = self.remove(item) else { return Match::Nothing.into() };
        self.admit(item, open.written, waited);
        Closed::of_item(Match::Open, item)
    }

    fn close_not_found(&mut self, items: &[Inventory], waited: Time) -> Closed {
        let (mut found, mut entries) = (Match::Nothing, 0_usize);
        for item in items {
            let closed = self.close_item(*item, waited);
            entries = entries.saturating_add(usize::from(closed == Match::Open));
            found = found.max(closed);
        }
        if found == Match::Nothing {
            found = self.on_its_way(items);
        }
        Closed { found, entries, item: None }
    }

    fn close_item(&mut self, item: Inventory, waited: Time) -> Match {
        if let Some(open) = self.remove(item) {
            self.admit(item, open.written.saturating_sub(1), waited);
            Match::Open
        } else if self.answered.take(item) {
            Match::Late
        } else {
            Match::Nothing
        }
    }

    fn close_one(&mut self, item: Inventory, waited: Time) -> Closed {
        let found = match self.close_item(item, waited) {
            Match::Nothing => self.on_its_way(&[item]),
            found => found,
        };
        Closed::of_item(found, item)
    }

    /// Whether a request that is not reported as written names one of these items, which was answered before. The
    /// remote may have received it already.
    fn on_its_way(&self, items: &[Inventory]) -> Match {
        let wanted: BTreeSet<_> = items.iter().collect();
        if self.unwritten_names(|item| wanted.contains(item)) { Match::Late } else { Match::Nothing }
    }

    fn remove(&mut self, item: Inventory) -> Option<Item> {
        let open = self.items.remove(&item)?;
        if let Some(due) = open.due {
            let count = self.due.get_mut(&due);
            debug_assert!(count.as_ref().is_some_and(|count| **count > 0), "each item's deadline is counted");
            if let Some(count) = count {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.due.remove(&due);
                }
            }
        }
        Some(open)
    }

    fn admit(&mut self, item: Inventory, count: u32, waited: Time) {
        if count > 0 {
            self.answered.add(item, count, waited);
        }
    }

    fn close_message(&mut self, kind: ResponseKind) -> Match {
        let Some(open) = self.messages.get_mut(&kind).filter(|open| open.count > 0) else {
            return Match::Nothing;
        };
        open.on_answered();
        if open.is_done() {
            self.messages.remove(&kind);
        }
        Match::Open
    }

    /// Closes every such request that the remote can have received. For answers that may come unrequested, and so
    /// belong to no particular request; and for the old era, which does not answer if it has nothing to send.
    fn close_all(&mut self, kind: ResponseKind, shown: usize) -> Match {
        let Some(open) = self.messages.get_mut(&kind) else { return Match::Nothing };
        let is_this =
            |request: &&Unwritten| matches!(request, Unwritten::Message(other, _) if *other == kind);
        let shown = (&self.unwritten).into_iter().take(shown).filter(is_this).count();
        let hidden = open.unwritten.saturating_sub(u32::try_from(shown).unwrap_or(u32::MAX));
        let left = open.count.min(hidden);
        let is_answer = open.count > left;
        *open = Open { count: left, unwritten: open.unwritten, ..Open::default() };
        if open.is_done() {
            self.messages.remove(&kind);
        }
        if is_answer { Match::Open } else { Match::Nothing }
    }
}
