//! Requests of the owner, and what it is told of them.

use core::fmt;

use crate::hash::Hash;
use crate::message::{InitStateTypeList, Inventory, InventoryList, List, Locator, Message, bounds};

/// Up to 100 blocks in a row, oldest first.
pub type BlockRange = List<Hash, bounds::Filters>;

/// What [`Peer::request`](crate::Peer::request) requests from the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Up to 2,000 headers after the first hash of the locator that the remote knows, by `getheaders`.
    ///
    /// The response is a `headers` that is empty, or whose first header follows a hash of the locator or the genesis
    /// block. Without a locator, it is the one header whose hash is `stop`. The headers must be linked. Other `headers`
    /// are announcements. A remote that knows no entry of the locator begins behind the genesis block.
    Headers {
        /// Known blocks, newest first.
        locator: Locator,
        /// The last header wanted; [`Hash::ZERO`] for as many as possible.
        stop: Hash,
    },
    /// Blocks, transactions and mixing messages, by `getdata`. Each comes in a message of its own, in any order.
    ///
    /// An item that is named twice counts once. An item that another request waits for is not requested again: its
    /// message responds to both.
    Items(InventoryList),
    /// Version 2 filters of these blocks: by one `getcfsv2` from protocol version 11 on, by a `getcfilterv2` for each
    /// at 7 to 10. The blocks must be consecutive.
    Filters(BlockRange),
    /// Parts of the initial state, by `getinitstate`. Once on a connection, from protocol version 8 on.
    InitState(InitStateTypeList),
    /// Addresses of other nodes, by `getaddr`. Nodes respond once on a connection, and only if we dialled.
    Addresses,
    /// A `pong` for a `ping`. Its nonce is derived.
    Ping,
}

/// Identifies a request. It is never used again on the same connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number: 1 for the first request on a connection, and so on.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A message that responds to a request. With nothing remaining, it is the last, and the request has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The request.
    pub id: RequestId,
    /// The message.
    pub message: Message,
    /// The item, if items were requested.
    pub item: Option<Inventory>,
    /// Missing items or filters, including those that the remote does not have.
    pub remaining: u32,
}

/// Why a request ended without its response, or with only a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Unanswered {
    /// The remote does not have some items, by its `notfound`. The others have come.
    NotFound,
    /// The remote handled the request and did not respond. Nodes do so if they have nothing to send.
    Declined,
    /// The remote took longer than the [timeout](crate::RequestOptions::timeout). It is to blame.
    TimedOut,
    /// The [deadline](crate::RequestOptions::deadline) has passed. The remote is not to blame.
    DeadlinePassed,
    /// The remote sent something else: headers that are not linked, filters of other blocks, or not as many as were
    /// requested. This is misbehaviour.
    Mismatch,
}

impl Unanswered {
    /// Whether the remote broke the protocol.
    #[must_use]
    pub const fn is_misbehaviour(self) -> bool {
        matches!(self, Self::Mismatch)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotFound => "the remote does not have all of it",
            Self::Declined => "the remote handled the request and did not respond",
            Self::TimedOut => "the remote did not respond in time",
            Self::DeadlinePassed => "the deadline has passed",
            Self::Mismatch => "the remote responded with something else",
        })
    }
}
