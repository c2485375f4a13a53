//! Announcements, in both directions.

use peer_core::message::{Headers, Inv, Inventory, InventoryKind, Transaction};
use peer_core::{Hash, Message, Time};

use super::connection::Connection;
use super::rules::{self, Rule};
use super::shared::{News, Shared};

impl Shared {
    /// Blocks are noted as announced and not asked for: those come by headers.
    pub(super) fn on_inv(
        &mut self,
        connection: &mut Connection,
        items: &[Inventory],
        now: Time,
    ) -> Result<(), Rule> {
        if items.is_empty() {
            return if connection.bans { Err(Rule::EmptyInv) } else { Ok(()) };
        }
        for item in items {
            connection.add_known(*item, now);
        }
        if !self.is_current(now) {
            return Ok(());
        }
        let new: Vec<_> = items.iter().filter(|item| self.is_wanted(item)).copied().collect();
        connection.announced.extend(new.iter().filter(|item| self.requested.contains(item)));
        let mut names = std::collections::BTreeSet::new();
        self.request(connection, new.into_iter().filter(|item| names.insert(*item)), now)
    }

    fn is_wanted(&self, item: &Inventory) -> bool {
        match item.kind {
            InventoryKind::TX => !self.pool.contains_key(&item.hash) && !self.refused.contains(&item.hash),
            InventoryKind::MIX => true,
            _ => false,
        }
    }

    pub(super) fn on_notfound(
        &mut self,
        connection: &mut Connection,
        items: &[Inventory],
        now: Time,
    ) -> Result<(), Rule> {
        let count = |kind| u32::try_from(items.iter().filter(|item| item.kind == kind).count()).unwrap();
        let kinds = [InventoryKind::BLOCK, InventoryKind::TX, InventoryKind::MIX];
        if items.iter().any(|item| !kinds.contains(&item.kind)) {
            return Err(Rule::NotFoundKind);
        }
        let [blocks, transactions, mixes] = kinds.map(count);
        connection.blame(rules::MISSING_BLOCK * blocks, 0, now)?;
        connection.blame(0, rules::MISSING_TX * transactions, now)?;
        connection.blame(0, rules::MISSING_TX * mixes, now)?;
        for item in items {
            self.settle(connection, item);
        }
        Ok(())
    }

    /// Takes a transaction that was asked for and moves something. Others are ignored.
    pub(super) fn on_tx(&mut self, connection: &mut Connection, tx: Transaction, now: Time) {
        let hash = tx.hash();
        let item = Inventory::tx(hash);
        connection.add_known(item, now);
        let is_asked = self.settle(connection, &item);
        let is_valid = tx.inputs().len() > 0 && tx.outputs().len() > 0;
        if is_asked && is_valid {
            self.pool.insert(hash, tx);
            self.news.push(News::Tx(hash));
        } else if !is_valid {
            self.refused.insert(hash);
        }
    }

    /// Announces a block in the form that the remote wants.
    pub(super) fn announce_block(&self, connection: &mut Connection, hash: Hash, now: Time) {
        let item = Inventory::block(hash);
        if connection.wants_headers {
            if connection.last_announced.replace(hash) != Some(hash)
                && let Some(header) = self.chain.header(&hash)
            {
                connection.send(&Headers { headers: vec![*header].try_into().unwrap() }.into());
            }
        } else if !connection.knows(&item, now) {
            connection.send(&Inv { inventory: vec![item].try_into().unwrap() }.into());
        }
        connection.add_known(item, now);
    }

    /// Announces a transaction to a remote that wants them.
    pub(super) fn announce_tx(&mut self, connection: &mut Connection, hash: Hash, now: Time) {
        if connection.remote.as_ref().is_some_and(|version| !version.disable_relay_tx) {
            self.trickle(connection, Inventory::tx(hash), now);
        }
    }

    /// Lets an item wait for company.
    pub(super) fn trickle(&mut self, connection: &mut Connection, item: Inventory, now: Time) {
        if connection.knows(&item, now) || connection.trickle.contains(&item) {
            return;
        }
        connection.trickle.push(item);
        if connection.trickle_at.is_none() {
            connection.trickle_at = Some(now + self.trickle_delay());
        }
    }

    /// Announces what has waited long enough.
    pub(super) fn flush_trickle(&mut self, connection: &mut Connection, now: Time) {
        if connection.trickle_at.is_none_or(|at| now < at) {
            return;
        }
        connection.trickle_at = None;
        let items: Vec<_> = core::mem::take(&mut connection.trickle);
        let items: Vec<_> = items.into_iter().filter(|item| !connection.knows(item, now)).collect();
        for item in &items {
            connection.add_known(*item, now);
            if let Some(tx) = self.pool.get(&item.hash) {
                self.relayed.insert(item.hash, (tx.clone(), now));
            }
        }
        for batch in items.chunks(rules::ANNOUNCEMENT) {
            connection.send(&Message::Inv(Inv { inventory: batch.to_vec().try_into().unwrap() }));
        }
    }
}
