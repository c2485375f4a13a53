//! What the owner can look at. Nothing here changes anything.

use core::fmt;

use super::{Lifecycle, Mark, Peer, Stats};
use crate::blake256;
use crate::error::Error;
use crate::event::Direction;
use crate::hash::Hash;
use crate::message::{Inventory, Version};
use crate::node::Node;
use crate::policy::UnrequestedAnswers;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

impl fmt::Display for Peer {
    /// `ADDRESS (direction)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.info.remote_address, self.direction)
    }
}

impl Peer {
    /// Whether the machine wants bytes from the remote. `false` after the end, and while the remote leaves more than
    /// the configured [pause](crate::ConfigBuilder::send_pause) of replies untaken.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        let is_paused = self.outbox.owed() > self.config().send_pause;
        self.lifecycle.is_lingering() || self.lifecycle.reads() && !is_paused
    }

    /// Whether something waits to be written.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.outbox.queued() > 0
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.outbox.queued()
    }

    /// How many bytes of frames, headers of 24 bytes included, the owner may queue now without
    /// [`SendError::Full`](crate::SendError::Full).
    #[must_use]
    pub fn room(&self) -> usize {
        let Ok(session) = self.can_send().and_then(|()| self.session()) else { return 0 };
        let queued = self.outbox.held().saturating_add(session.trickle.reserved());
        self.config().send_limit.saturating_sub(queued)
    }

    /// Whether everything up to `mark` was handed to the transport. Once true, it stays true. After a failure it still
    /// tells what was written.
    #[must_use]
    pub fn is_flushed(&self, mark: Mark) -> bool {
        self.outbox.is_flushed(mark)
    }

    /// The ends of both lanes now. Once both are flushed, everything that was queued before this call is written.
    #[must_use]
    pub const fn marks(&self) -> [Mark; 2] {
        self.outbox.marks()
    }

    /// Announcements that wait for their batch. They are queued when it leaves.
    #[must_use]
    pub fn waiting_announcements(&self) -> usize {
        self.lifecycle.session().map_or(0, |session| session.trickle.len())
    }

    /// Whether the remote is known to have `item`: the owner said so, or we announced it.
    #[must_use]
    #[doc(alias = "IsKnownInventory")]
    pub fn knows(&self, item: &Inventory, now: Time) -> bool {
        self.known.contains(self.known.fingerprint(item), now, self.config().known_lifetime)
    }

    /// Which side made the connection.
    #[must_use]
    #[doc(alias = "Inbound")]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The node this connection belongs to.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// The remote's `version`, once it came.
    #[must_use]
    #[doc(alias = "VersionKnown")]
    pub fn remote(&self) -> Option<&Version> {
        self.remote.as_deref()
    }

    /// The protocol version in force: our highest before the remote's `version`, the negotiated one after.
    #[must_use]
    pub const fn protocol_version(&self) -> ProtocolVersion {
        self.version
    }

    /// Whether the handshake is complete, and the connection not over.
    #[must_use]
    #[doc(alias = "VerAckReceived")]
    pub const fn is_established(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Established(_))
    }

    /// The block that the remote announced last, if the owner noted it.
    #[must_use]
    #[doc(alias = "LastAnnouncedBlock")]
    pub fn last_announced_block(&self) -> Option<Hash> {
        self.history.last_announced.as_deref().copied()
    }

    /// Whether the remote asked for announcements by `headers`.
    #[must_use]
    pub const fn wants_headers(&self) -> bool {
        self.history.wants_headers
    }

    /// Items of `getdata` that were requested and not answered.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        let requests = self.lifecycle.session().and_then(|session| session.requests.as_ref());
        requests.map_or(0, |requests| requests.open_items())
    }

    /// See [`Connection::read_ahead`](crate::Connection::read_ahead).
    pub(crate) fn read_ahead(&self) -> usize {
        let config = self.config();
        let is_unasked = config.unrequested_answers == UnrequestedAnswers::Deliver && self.is_established();
        let may_pay = is_unasked || self.open_requests() >= blake256::worthwhile();
        if may_pay && self.wants_read() { config.read_ahead } else { 0 }
    }

    /// Why the connection is over, if it is.
    #[must_use]
    #[doc(alias = "Connected")]
    pub fn failure(&self) -> Option<&Error> {
        self.lifecycle.failure()
    }

    /// A snapshot of all statistics.
    #[must_use]
    #[doc(alias = "StatsSnapshot")]
    pub fn stats(&self) -> Stats {
        let (remote, counters) = (self.remote.as_deref(), &self.counters);
        Stats {
            id: self.info.id,
            address: self.info.remote_address,
            direction: self.direction,
            services: remote.map(|version| version.services).unwrap_or_default(),
            last_send: counters.last_send,
            last_recv: counters.last_recv,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            connected: self.connected,
            connected_unix: self.info.unix_time,
            time_offset: counters.time_offset,
            advertised_version: remote.map_or(0, |version| version.protocol_version.cast_unsigned()),
            protocol_version: self.version,
            user_agent: remote.map(|version| version.user_agent.clone()).unwrap_or_default(),
            starting_height: remote.map_or(0, |version| version.last_block),
            last_block: self.history.last_block,
            last_ping_nonce: counters.ping.nonce(),
            last_ping_time: counters.ping.sent(),
            last_ping_round_trip: counters.ping.round_trip(),
            commands: self.command_counts(),
        }
    }
}
