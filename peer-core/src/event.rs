//! Events for the owner, and what the owner knows of a connection when it begins.

use alloc::boxed::Box;
use core::fmt;

use crate::message::{InventoryList, Message, NetAddress, Timestamp, Version};
use crate::peer::{RequestId, Response, Unanswered};

/// An event for the owner.
///
/// Every frame after the handshake is reported exactly once, and so is every frame that came before it ended. A
/// response to several [requests](crate::Request) is reported once for each. These are dropped:
///
/// * responses to requests that the owner has cancelled, or whose deadline has passed,
/// * headers that are not linked and filters of other blocks: their request ends with [`Unanswered::Mismatch`],
/// * messages that the owner did not request and has no [`Interest`](crate::Interest) in,
/// * bloom filter commands below protocol version 2 if our services do not offer them, and unknown commands if the
///   configuration ignores them.
///
/// With the feature `serde`: an object with `event` (`version`, `established`, `message`, `response` or `unanswered`),
/// `command` of a message, and `message`, the fields of the message or the `version`. A response also has `id` and
/// `remaining`; a request that ended has `id`, `reason` and `missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "Listeners")]
#[doc(alias = "MessageListeners")]
#[non_exhaustive]
pub enum Event {
    /// The remote sent its `version`. Receive again to accept it; drop the connection to refuse.
    ///
    /// It comes before the version is compared with the lowest accepted one, so that an observer also sees remotes that
    /// are too old.
    #[doc(alias = "OnVersion")]
    #[doc(alias = "Handshake")]
    Version(Box<Version>),
    /// Both sides agreed; messages may be sent.
    #[doc(alias = "OnVerAck")]
    Established,
    /// A message. What the protocol requires in return is already queued.
    Message(Message),
    /// A message that responds to a [`Request`](crate::Request). It is not reported as [`Message`](Self::Message) too.
    Response(Box<Response>),
    /// A request ended without its response, or without all of it.
    Unanswered {
        /// The request.
        id: RequestId,
        /// Why it ended.
        reason: Unanswered,
        /// What is missing: the items, or the blocks whose filters are missing. Empty for all other requests.
        missing: InventoryList,
    },
}

/// Which side made the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Direction {
    /// The remote dialled us.
    Inbound,
    /// We dialled the remote.
    Outbound,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        })
    }
}

/// What only the owner knows when a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// Names the connection in [`Stats`](crate::Stats). 0 unless set.
    pub id: u64,
    /// The remote's address, as we see it. Its services are what is known of an outbound remote.
    #[doc(alias = "HostToNetAddress")]
    #[doc(alias = "HostToNetAddrFunc")]
    #[doc(alias = "AddrFunc")]
    pub remote_address: NetAddress,
    /// Height of our best block.
    #[doc(alias = "NewestBlock")]
    #[doc(alias = "HashFunc")]
    pub best_height: i32,
    /// Our wall clock when the connection begins. From then on the machine advances it by its own time.
    pub unix_time: Timestamp,
}

impl ConnectionInfo {
    /// A connection with `remote_address` that begins at `unix_time`, while our chain ends at `best_height`. This is
    /// the only constructor; the adapters' `connection_info` calls it with the system's clock.
    ///
    /// A `SocketAddr` has no services. With the feature `std`, `unix_time` may be a `SystemTime`.
    #[must_use]
    pub fn new(
        remote_address: impl Into<NetAddress>,
        best_height: i32,
        unix_time: impl Into<Timestamp>,
    ) -> Self {
        Self { id: 0, remote_address: remote_address.into(), best_height, unix_time: unix_time.into() }
    }

    /// With an id for [`Stats`](crate::Stats).
    #[must_use]
    pub const fn with_id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }
}
