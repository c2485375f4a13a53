//! What we asked the remote for and it has not answered.
//!
//! A message that only ever answers is welcome only while its request is open. Items of a `getdata` are
//! counted one by one: asked for twice, they may be answered twice.

use alloc::collections::BTreeMap;

use crate::error::SendError;
use crate::hash::Hash;
use crate::message::{Inventory, InventoryKind, Message};
use crate::protocol::ProtocolVersion;

/// What a message that only ever answers is the answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An item of a `getdata`, of this kind.
    Item(InventoryKind),
    /// Any item of a `getdata`.
    AnyItem,
    /// A request that is answered as a whole.
    Whole(Whole),
}

/// Requests that are answered as a whole. Most may lawfully stay unanswered, so they only count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Whole {
    MiningState,
    InitState,
    CFilter,
    CFHeaders,
    CFTypes,
    CFilterV2,
    CFiltersV2,
}

/// See the [module](self). A peer that asked for nothing has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    items: BTreeMap<Inventory, u32>,
    /// Items open, each as often as it was asked for.
    open: usize,
    whole: [u32; 7],
}

impl Requests {
    /// Whether a request that such an answer would answer is open.
    pub(crate) fn expects(&self, answer: Answer) -> bool {
        match answer {
            Answer::Item(kind) => {
                let first = Inventory { kind, hash: Hash::ZERO };
                self.items.range(first..).next().is_some_and(|(item, _)| item.kind == kind)
            }
            Answer::AnyItem => self.open > 0,
            Answer::Whole(whole) => self.whole.get(whole as usize).is_some_and(|count| *count > 0),
        }
    }

    /// Refuses a request that nobody answers, or that would exceed `limit` open items.
    pub(crate) fn check(
        open: usize,
        message: &Message,
        version: ProtocolVersion,
        limit: usize,
    ) -> Result<(), SendError> {
        let Message::GetData(request) = message else { return Ok(()) };
        let answered = |item: &&Inventory| match item.kind {
            InventoryKind::TX | InventoryKind::BLOCK => true,
            InventoryKind::FILTERED_BLOCK => version <= ProtocolVersion::FEE_FILTER,
            InventoryKind::MIX => version >= ProtocolVersion::MIX,
            _ => false,
        };
        if let Some(item) = request.inventory.iter().find(|item| !answered(item)) {
            return Err(SendError::Unanswerable(item.kind));
        }
        let wanted = request.inventory.len();
        if open.saturating_add(wanted) > limit {
            return Err(SendError::TooManyRequests { open, wanted, limit });
        }
        Ok(())
    }

    /// Whether `message` is a request whose answers are waited for.
    pub(crate) fn is_request(message: &Message) -> bool {
        matches!(message, Message::GetData(_)) || asks(message).is_some()
    }

    /// Opens what `message` asks for.
    pub(crate) fn open(&mut self, message: &Message) {
        if let Message::GetData(request) = message {
            for item in &request.inventory {
                let count = self.items.entry(*item).or_default();
                *count = count.saturating_add(1);
                self.open = self.open.saturating_add(1);
            }
        }
        if let Some(count) = asks(message).and_then(|whole| self.whole.get_mut(whole as usize)) {
            *count = count.saturating_add(1);
        }
    }

    /// Closes what `message`, whose payload has this hash, answers.
    pub(crate) fn close(&mut self, message: &Message, hash: &Hash) {
        if let Message::Tx(tx) = message
            && self.open > 0
        {
            return self.close_item(Inventory::tx(tx.hash()));
        }
        match (message, message.spec().and_then(|spec| spec.answer)) {
            (Message::NotFound(answer), _) => answer.inventory.iter().for_each(|item| self.close_item(*item)),
            (Message::Block(block), _) => self.close_item(Inventory::block(block.hash())),
            (Message::MerkleBlock(block), Some(Answer::Item(kind))) => {
                self.close_item(Inventory { kind, hash: block.header.hash() });
            }
            (_, Some(Answer::Item(kind))) => self.close_item(Inventory { kind, hash: *hash }),
            (_, Some(Answer::Whole(whole))) => {
                if let Some(count) = self.whole.get_mut(whole as usize) {
                    *count = count.saturating_sub(1);
                }
            }
            (_, Some(Answer::AnyItem) | None) => {}
        }
    }

    /// Items open, each as often as it was asked for.
    pub(crate) const fn open_items(&self) -> usize {
        self.open
    }

    /// Whether nothing is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.open == 0 && self.whole.iter().all(|count| *count == 0)
    }

    fn close_item(&mut self, item: Inventory) {
        if let Some(count) = self.items.get_mut(&item) {
            *count = count.saturating_sub(1);
            self.open = self.open.saturating_sub(1);
            if *count == 0 {
                self.items.remove(&item);
            }
        }
    }
}

/// The request that is answered as a whole, if `message` is one.
fn asks(message: &Message) -> Option<Whole> {
    match message {
        Message::GetMinings => Some(Whole::MiningState),
        Message::GetInitState(_) => Some(Whole::InitState),
        Message::GetCFilter(_) => Some(Whole::CFilter),
        Message::GetCFHeaders(_) => Some(Whole::CFHeaders),
        Message::GetCFTypes => Some(Whole::CFTypes),
        Message::GetCFilterV2(_) => Some(Whole::CFilterV2),
        Message::GetCFsV2(_) => Some(Whole::CFiltersV2),
        _ => None,
    }
}
