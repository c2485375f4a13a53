//! Announcing something new to many peers, to each in the way it wants.

use alloc::vec;
use alloc::vec::Vec;

use super::Peer;
use crate::error::SendError;
use crate::frame::EncodedFrame;
use crate::message::{BlockHeader, HeaderList, Headers, Inventory, InventoryKind, Message};
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// Something new, to be announced to many peers. Clones share the encoded header.
///
/// ```
/// use peer_core::message::BlockHeader;
/// use peer_core::{Announced, Announcement, Network, Peer, Time};
///
/// fn relay(peers: &mut [Peer], header: &BlockHeader, now: Time) {
///     let announcement = Announcement::block(header, Network::MAINNET);
///     let done = announcement.announce_to(peers.iter_mut(), now);
///     let by_headers = done.iter().filter(|done| **done == Announced::Headers).count();
///     println!("{by_headers} of {} by headers", done.len());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    item: Inventory,
    /// The block's header, for remotes that sent `sendheaders`.
    headers: Option<EncodedFrame>,
    is_urgent: bool,
}

/// What was done to announce an item to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Announced {
    /// A `headers` with the block's header was queued: the remote sent `sendheaders`.
    Headers,
    /// An `inv` was queued, or the item waits for the next batch.
    Inv,
    /// Nothing: the remote has it, or it waits for the next batch already.
    Known,
    /// Nothing: the remote asked for no transactions, or its protocol version has no mixing messages.
    NotWanted,
    /// Nothing, for this reason. After [`SendError::Full`], try again later.
    Refused(SendError),
}

impl Announcement {
    /// A new block, announced at once: by its header if the remote sent `sendheaders`, else by `inv`. The header is
    /// encoded here, once for all peers of `network`.
    #[must_use]
    pub fn block(header: &BlockHeader, network: Network) -> Self {
        let list = HeaderList::try_from(vec![*header]);
        let message = list.map(|headers| Message::Headers(Headers { headers }));
        let frame = message.and_then(|message| message.encode_frame(network, ProtocolVersion::LATEST));
        debug_assert!(frame.is_ok(), "one header fits, and `headers` exists at every version");
        Self { item: Inventory::block(header.hash()), headers: frame.ok(), is_urgent: true }
    }

    /// Any other item, announced with each peer's next batch. Use it for a block of which only the hash is known.
    #[must_use]
    pub const fn item(item: Inventory) -> Self {
        Self { item, headers: None, is_urgent: false }
    }

    /// Announced at once, in an `inv` of its own, as nodes do with votes.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { is_urgent: true, ..self }
    }

    /// What is announced.
    #[must_use]
    pub const fn inventory(&self) -> Inventory {
        self.item
    }

    /// Announces it to each of `peers`, as [`Peer::announce_as_wanted`] does. Returns what was done, in the same order.
    pub fn announce_to<'a>(
        &self,
        peers: impl IntoIterator<Item = &'a mut Peer>,
        now: Time,
    ) -> Vec<Announced> {
        peers.into_iter().map(|peer| peer.announce_as_wanted(self, now)).collect()
    }
}

impl Peer {
    /// Announces something new if the remote wants to hear of it, in the way it wants.
    ///
    /// * A block goes as `headers` if the remote sent `sendheaders`, else as `inv`.
    /// * A transaction goes only if the remote's `version` did not turn transactions off.
    /// * A mixing message goes only at protocol versions that have them.
    ///
    /// What the remote is known to have is not announced. What is announced becomes known at once, or when its batch
    /// leaves. May change: queue, deadline, known inventory.
    pub fn announce_as_wanted(&mut self, announcement: &Announcement, now: Time) -> Announced {
        let item = announcement.item;
        if let Err(refused) = self.can_send() {
            return Announced::Refused(refused);
        }
        if !self.wants(item.kind) {
            return Announced::NotWanted;
        }
        let result = match &announcement.headers {
            Some(headers) if self.wants_headers() => return self.announce_by_headers(item, headers, now),
            _ if announcement.is_urgent => self.announce_now(item, now),
            _ => self.announce(item, now),
        };
        match result {
            Ok(true) => Announced::Inv,
            Ok(false) => Announced::Known,
            Err(refused) => Announced::Refused(refused),
        }
    }

    /// Whether announcements of this kind are wanted, going by the remote's `version` and the version in force.
    fn wants(&self, kind: InventoryKind) -> bool {
        match kind {
            InventoryKind::TX => !self.remote().is_some_and(|version| version.disable_relay_tx),
            InventoryKind::MIX => self.version.has_mixing(),
            _ => true,
        }
    }

    fn announce_by_headers(&mut self, item: Inventory, headers: &EncodedFrame, now: Time) -> Announced {
        if self.recalls(&item, now) {
            return Announced::Known;
        }
        match self.send_encoded(headers, now) {
            Ok(_) => {
                self.add_known(&item, now);
                Announced::Headers
            }
            Err(refused) => Announced::Refused(refused),
        }
    }
}
