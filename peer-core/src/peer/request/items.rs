//! Requests for items: blocks, transactions and mixing messages.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, btree_map};
use alloc::vec::Vec;
use core::slice;

use super::types::RequestId;
use crate::message::Inventory;

/// Which requests wait for an item. An item of several requests is sent for once.
#[derive(Clone, Debug, Default)]
pub(super) struct ItemIndex {
    owners: BTreeMap<Inventory, Owners>,
    /// The number of items, each counted once for each request that waits for it.
    wanted: usize,
}

/// The requests that wait for one item, oldest first. Nearly always one.
#[derive(Clone, Debug)]
pub(super) enum Owners {
    One(RequestId),
    #[expect(
        clippy::box_collection,
        reason = "seldom there, and each item takes the room of the larger of both"
    )]
    Many(Box<Vec<RequestId>>),
}

impl Owners {
    pub(super) fn ids(&self) -> &[RequestId] {
        match self {
            Self::One(id) => slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    fn add(&mut self, id: RequestId) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new([*first, id].into())),
            Self::Many(ids) => ids.push(id),
        }
    }
}

impl ItemIndex {
    /// Notes that `id` waits for these. Returns them without repetitions, and those of them that no other request waits
    /// for.
    pub(super) fn add(&mut self, id: RequestId, items: &[Inventory]) -> (Box<[Inventory]>, Vec<Inventory>) {
        let (mut distinct, mut new) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for item in items {
            match self.owners.entry(*item) {
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(Owners::One(id));
                    new.push(*item);
                }
                btree_map::Entry::Occupied(entry) if entry.get().ids().last() == Some(&id) => continue,
                btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(id),
            }
            distinct.push(*item);
        }
        self.wanted = self.wanted.saturating_add(distinct.len());
        (distinct.into(), new)
    }

    /// No request waits for this item any more. Returns those that did.
    pub(super) fn take(&mut self, item: &Inventory) -> Option<Owners> {
        let owners = self.owners.remove(item)?;
        self.count_off(owners.ids().len());
        Some(owners)
    }

    /// `id` no longer waits for this item.
    pub(super) fn remove_owner(&mut self, item: Inventory, id: RequestId) {
        let btree_map::Entry::Occupied(mut entry) = self.owners.entry(item) else { return };
        if !entry.get().ids().contains(&id) {
            return;
        }
        let is_last = match entry.get_mut() {
            Owners::One(_) => true,
            Owners::Many(ids) => {
                ids.retain(|owner| *owner != id);
                ids.is_empty()
            }
        };
        if is_last {
            entry.remove();
        }
        self.count_off(1);
    }

    fn count_off(&mut self, count: usize) {
        debug_assert!(self.wanted >= count, "what is waited for is counted");
        self.wanted = self.wanted.saturating_sub(count);
    }

    /// The number of items, each counted once for each request that waits for it.
    pub(super) const fn wanted(&self) -> usize {
        self.wanted
    }
}

/// The items of one request.
#[derive(Clone, Debug)]
pub(super) struct WantedItems {
    /// All that were requested, without repetitions.
    pub(super) list: Box<[Inventory]>,
    /// Those without any answer.
    pub(super) open: usize,
    /// Those that it does not have.
    pub(super) not_found: Vec<Inventory>,
}

impl WantedItems {
    pub(super) fn new(list: Box<[Inventory]>) -> Self {
        Self { open: list.len(), list, not_found: Vec::new() }
    }

    /// The number of missing items.
    pub(super) fn remaining(&self) -> usize {
        self.open.saturating_add(self.not_found.len())
    }

    /// Those that the remote does not have, then those without any answer.
    pub(super) fn missing(&self, id: RequestId, index: &ItemIndex) -> Vec<Inventory> {
        let is_open = |item: &&Inventory| {
            self.open > 0 && index.owners.get(item).is_some_and(|owners| owners.ids().contains(&id))
        };
        self.not_found.iter().chain(self.list.iter().filter(is_open)).copied().collect()
    }

    /// The first item without any answer.
    pub(super) fn first_open(&self, id: RequestId, index: &ItemIndex) -> Option<Inventory> {
        let is_open =
            |item: &&Inventory| index.owners.get(item).is_some_and(|owners| owners.ids().contains(&id));
        self.list.iter().find(is_open).copied()
    }
}
