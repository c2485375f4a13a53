//! Announcing inventory, in batches or at once, except what the remote is known to have.

use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;

use super::Peer;
use super::batch::reserved_for;
use super::known::Limits;
use super::piece::Purpose;
use super::send::check_room;
use crate::error::SendError;
use crate::frame::Header;
use crate::message::{Inv, Inventory, InventoryList, Message};
use crate::time::Time;

impl Peer {
    /// Announces `item` with the next batch. Returns `false` if the remote has it or it waits already.
    ///
    /// The first item of a batch starts the trickle delay; 1000 items leave at once. The room for the batch
    /// is reserved here, so that it cannot fail later. May change: queue, deadline, known inventory.
    ///
    /// # Errors
    ///
    /// Refused without any effect before the handshake is complete, when the queue is full, and when the `inv` is larger
    /// than the [send limit](crate::ConfigBuilder::send_limit).
    #[doc(alias = "QueueInventory")]
    pub fn announce(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        self.can_send()?;
        let trickle = &mut self.lifecycle.open_session()?.trickle;
        let config = self.node.config();
        let fingerprint = self.known.fingerprint(&item);
        let is_known = self.known.recall(fingerprint, now, config.known_lifetime);
        if is_known || trickle.contains(fingerprint) {
            return Ok(false);
        }
        check_room(self.outbox.held(), trickle, trickle.next_cost(), config.send_limit)?;
        if let Some(batch) = trickle.push(item, fingerprint, now, &config.trickle_delay) {
            self.push_batch(&batch, now);
        }
        Ok(true)
    }

    /// Announces `item` at once in an `inv` of its own. Returns `false` if the remote has it.
    ///
    /// For new blocks and votes. May change: queue, known inventory.
    ///
    /// # Errors
    ///
    /// Refused without any effect before the handshake is complete, when the queue is full, and when the `inv` is larger
    /// than the [send limit](crate::ConfigBuilder::send_limit).
    #[doc(alias = "QueueInventoryImmediate")]
    pub fn announce_now(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        const LEN: usize = Header::LEN + 1 + Inventory::LEN;
        self.can_send()?;
        let (limits, fingerprint) = (self.known_limits(), self.known.fingerprint(&item));
        if self.known.recall(fingerprint, now, limits.lifetime) {
            return Ok(false);
        }
        self.check_room(LEN)?;
        self.known.insert(fingerprint, now, limits);
        self.push_inv(vec![item]);
        Ok(true)
    }

    /// Notes that the remote has `item`, so that it is not announced to it. The owner calls this for what the remote
    /// announces or sends.
    #[doc(alias = "AddKnownInventory")]
    pub fn add_known(&mut self, item: &Inventory, now: Time) {
        let (limits, fingerprint) = (self.known_limits(), self.known.fingerprint(item));
        self.known.insert(fingerprint, now, limits);
    }

    /// Whether the remote is known to have `item`. Asking makes it recently used.
    pub(super) fn recalls(&mut self, item: &Inventory, now: Time) -> bool {
        let (lifetime, fingerprint) = (self.config().known_lifetime, self.known.fingerprint(item));
        self.known.recall(fingerprint, now, lifetime)
    }

    pub(super) fn on_batch_due(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) {
        let Some(session) = self.lifecycle.session_mut() else { return };
        let batch = session.trickle.take();
        session.trickle.redraw(&self.node.config().trickle_delay, rng);
        self.push_batch(&batch, now);
    }

    /// Queues a batch of announcements, without those that the remote has learned of meanwhile.
    pub(super) fn push_batch(&mut self, batch: &[Inventory], now: Time) {
        let limits = self.known_limits();
        let known = &mut self.known;
        let news = batch.iter().filter(|item| known.insert(known.fingerprint(item), now, limits));
        let news = news.copied().collect();
        let before = self.outbox.queued();
        self.push_inv(news);
        let used = self.outbox.queued().saturating_sub(before);
        debug_assert!(used <= reserved_for(batch.len()), "a batch takes no more than was reserved for it");
    }

    fn push_inv(&mut self, items: Vec<Inventory>) {
        let inventory = InventoryList::try_from(items);
        debug_assert!(inventory.is_ok(), "a batch fits an inv");
        if let Ok(inventory) = inventory
            && !inventory.is_empty()
        {
            self.push(&Message::Inv(Inv { inventory }), Purpose::Ordinary);
        }
    }

    fn known_limits(&self) -> Limits {
        Limits { items: self.config().known_inventory, lifetime: self.config().known_lifetime }
    }
}
