//! Events for the owner, and what the owner knows of a connection when it begins.

use alloc::boxed::Box;
use core::fmt;

use crate::message::{InventoryList, Message, NetAddress, Timestamp, Version};
use crate::peer::{RequestId, Response, Unanswered};

/// An event for the owner.
///
/// Every frame after the handshake surfaces exactly once, and so does every frame that came before it ended. A response to
/// several [requests](crate::Request) surfaces once for each. These are dropped:
///
/// * what responds to requests that the owner has cancelled, or whose deadline has passed,
/// * headers that are not linked and filters of other blocks: their request ends with
///   [`Unanswered::Mismatch`],
/// * what the owner has no [`Interest`](crate::Interest) in, where it did not ask for it,
/// * bloom filter commands below protocol version 2 where our services do not offer them, and unknown commands where the
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
    /// It surfaces before the version is compared with the lowest accepted one, so that an observer also sees remotes that
    /// are too old.
    #[doc(alias = "OnVersion")]
    #[doc(alias = "Handshake")]
    Version(Box<Version>),
    /// Both sides agreed; messages may be sent.
    #[doc(alias = "OnVerAck")]
    Established,
    /// A message. Anything the protocol demands in return is already queued.
    Message(Message),
    /// A message that responds to a [`Request`](crate::Request). It does not surface as [`Message`](Self::Message).
    Response(Box<Response>),
    /// A request ended without its response, or without all of it.
    Unanswered {
        /// The request.
        id: RequestId,
        /// Why it ended.
        reason: Unanswered,
        /// What has not come: items, or as blocks those whose filters have not. Empty for all other requests.
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
    /// What our wall clock shows as the connection begins. The machine goes on from there by its own time.
    pub unix_time: Timestamp,
}

impl ConnectionInfo {
    /// For a connection with `remote_address` that begins at `unix_time`, while our chain ends at
    /// `best_height`.
    ///
    /// From a `SocketAddr` nothing is known of the services that the remote offers. With the feature `std` a
    /// `SystemTime` will do for `unix_time`.
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
