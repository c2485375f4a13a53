//! Commands of the owner, and how a message becomes a frame in the queue.

use alloc::vec;
use alloc::vec::Vec;

use super::outbox::{Mark, Purpose};
use super::{Peer, Requests, trace};
use crate::error::{CodecError, Error, Excess, SendError};
use crate::event::Direction;
use crate::frame::{self, Header};
use crate::message::{Command, Inv, Inventory, InventoryList, Lane, Message, NetAddress, Ping, Version};
use crate::time::Time;

impl Peer {
    /// Queues a message. The mark tells, through [`is_flushed`](Self::is_flushed), when it has been written.
    ///
    /// A request opens the way for its answers. May change: queue, open requests.
    ///
    /// # Lanes
    ///
    /// Messages leave through two lanes. *Control*: `version`, `verack`, `ping`, `pong`, `reject`, every request (`get…`,
    /// `mempool`) and every setting (`sendheaders`, `feefilter`, `filter…`). *Bulk*: everything else. Control
    /// overtakes bulk that [`transmit`](Self::transmit) has not shown; within a lane the order is kept. So a `pong` that
    /// is flushed says nothing of a `block` before it.
    ///
    /// ```
    /// use peer_core::{Message, Peer, SendError, Time};
    ///
    /// fn ask(peer: &mut Peer, now: Time) -> Result<(), SendError> {
    ///     let mark = peer.send(&Message::GetAddr, now)?; // refused without any effect before the handshake
    ///     assert!(!peer.is_flushed(mark), "it waits to be written");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Refused without any effect: before the handshake is complete, when the queue or the number of open
    /// requests would exceed its limit, for inventory that nobody serves, for what cannot be encoded at
    /// the protocol version in force, and for what nodes of today ban the sender for ([`BanRule`](crate::BanRule)).
    /// After [`Full`](SendError::Full) and [`TooManyRequests`](SendError::TooManyRequests) it can be tried again later;
    /// what exceeds a limit by itself is [`NeverFits`](SendError::NeverFits) or
    /// [`RequestTooLarge`](SendError::RequestTooLarge), and never accepted.
    #[doc(alias = "QueueMessage")]
    pub fn send(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        self.can_send()?;
        let command = message.command();
        if [Command::VERSION, Command::VERACK].contains(&command) {
            return Err(SendError::HandshakeMessage(command));
        }
        let len = message.check(self.version)?;
        if matches!(message, Message::Raw(_)) && len > self.config().max_unrequested {
            return Err(CodecError::PayloadTooLarge(Excess::new(len, self.config().max_unrequested)).into());
        }
        self.check_room(len.saturating_add(Header::LEN))?;
        self.check_bans(message, now)?;
        let open = self.open_requests();
        Requests::check(open, message, self.version, self.config().max_requests)?;
        let purpose = match message {
            Message::Ping(_) => Purpose::Ping,
            _ if Requests::is_request(message, self.version) => {
                self.requests.get_or_insert_default().open(message, self.version);
                Purpose::Request
            }
            _ => Purpose::Ordinary,
        };
        let mark = self.push(message, purpose);
        self.note_standing(message, mark);
        if Requests::has_deadline(message, self.version) {
            trace::expects(self, command);
        }
        Ok(mark)
    }

    /// Announces `item` with the next batch; `false` where the remote has it or it waits already.
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
        let fingerprint = self.known.fingerprint(&item);
        let lifetime = self.config().known_lifetime;
        let is_known = self.known.recall(fingerprint, now, lifetime);
        if is_known || self.trickle.contains(fingerprint) {
            return Ok(false);
        }
        self.check_room(self.trickle.next_cost())?;
        let delay = &self.node.config().trickle_delay;
        if let Some(batch) = self.trickle.push(item, fingerprint, now, delay) {
            self.push_batch(&batch, now);
        }
        Ok(true)
    }

    /// Announces `item` at once in an `inv` of its own; `false` where the remote has it.
    ///
    /// Meant for new blocks and votes. May change: queue, known inventory.
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

    pub(super) fn can_send(&self) -> Result<(), SendError> {
        self.alive()?;
        if let Some(error) = &self.parting {
            return Err(Error::clone(error).into());
        }
        if self.is_established() { Ok(()) } else { Err(SendError::NotEstablished) }
    }

    /// Whether the owner's frames may take `wanted` bytes more.
    fn check_room(&self, wanted: usize) -> Result<(), SendError> {
        // What the remote made us owe has a bound of its own, so that it cannot crowd the owner out.
        let queued = self.outbox.held().saturating_add(self.trickle.reserved());
        let limit = self.config().send_limit;
        if wanted > limit {
            return Err(SendError::NeverFits { wanted, limit });
        }
        if queued.saturating_add(wanted) > limit {
            return Err(SendError::Full { queued, wanted, limit });
        }
        Ok(())
    }

    /// Queues a batch of announcements, without what the remote has come to know since.
    pub(super) fn push_batch(&mut self, batch: &[Inventory], now: Time) {
        let limits = self.known_limits();
        let known = &mut self.known;
        let news = batch.iter().filter(|item| known.insert(known.fingerprint(item), now, limits));
        let news = news.copied().collect();
        self.push_inv(news);
    }

    fn push_inv(&mut self, items: Vec<Inventory>) {
        if let Ok(inventory) = InventoryList::try_from(items)
            && !inventory.is_empty()
        {
            self.push(&Message::Inv(Inv { inventory }), Purpose::Ordinary);
        }
    }

    pub(super) fn push_ping(&mut self, nonce: u64) {
        self.keepalive.on_ping_queued();
        self.push(&Message::Ping(Ping { nonce }), Purpose::Keepalive);
    }

    /// Queues our `version`.
    pub(super) fn push_version(&mut self, now: Time) {
        let config = self.node.config();
        let you = self.hello.remote_address;
        let behind_proxy = config.proxy.is_some_and(|proxy| proxy.to_canonical() == you.socket().ip());
        let services = match (self.direction, &self.remote) {
            (Direction::Inbound, Some(remote)) => remote.services,
            _ => you.services,
        };
        let version = Version {
            protocol_version: self.version.get().cast_signed(),
            services: config.services,
            timestamp: self.wall_clock(now),
            addr_you: if behind_proxy {
                NetAddress { services, ..NetAddress::ANY_V4 }
            } else {
                NetAddress { services, ..you }
            },
            addr_me: Some(NetAddress { services: config.services, ..NetAddress::UNSPECIFIED }),
            nonce: self.opening.as_ref().map_or(0, |opening| opening.nonce),
            user_agent: config.user_agent.clone(),
            last_block: self.hello.best_height,
            disable_relay_tx: config.disable_relay_tx,
        };
        self.push(&version.into(), Purpose::Handshake);
    }

    /// Queues a message that has been checked. This is the only place where a message becomes a frame.
    pub(super) fn push(&mut self, message: &Message, purpose: Purpose) -> Mark {
        let (head, body) = frame::build(message, self.config().network);
        trace::sending(self, message, &head, &body);
        let lane = message.spec().map_or(Lane::Bulk, |spec| spec.lane);
        self.outbox.push(head, body, lane, purpose)
    }
}
