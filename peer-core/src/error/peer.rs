//! Why a connection is over, and why a command was refused.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use core::fmt;
use core::time::Duration;

use super::{CodecError, ErrorKind, FrameError};
use crate::message::{Command, Inventory, InventoryKind, Reject};
use crate::network::Network;
use crate::peer::{BanRule, Timer};
use crate::protocol_version::ProtocolVersion;

/// Why the connection is over. The first error is kept, and every later call returns it again.
///
/// With the feature `serde`: an object with `reason`, its [`name`](Error::name), and `detail`, its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[doc(alias = "peer.Error")]
#[doc(alias = "peer.ErrorKind")]
#[non_exhaustive]
pub enum Error {
    /// The remote sent bytes that are not an acceptable frame or message.
    #[error(transparent)]
    Frame(Box<FrameError>),
    /// The first message was not `version`.
    #[doc(alias = "ErrNotVersionMessage")]
    #[error("{got} came first, not version")]
    NotVersionMessage {
        /// What came.
        got: Command,
    },
    /// Something else came where `verack` was due.
    #[doc(alias = "ErrNotVerAckMessage")]
    #[error("{got} came where verack was due")]
    NotVerAckMessage {
        /// What came.
        got: Command,
    },
    /// A `version` or `verack` came a second time.
    #[error("second {0} message")]
    Repeated(Command),
    /// The remote's protocol version is below the lowest accepted one.
    #[doc(alias = "ErrProtocolVerTooOld")]
    #[error("protocol version {got} is too old, {min} is the lowest accepted")]
    ProtocolVerTooOld {
        /// What the remote advertised.
        got: i32,
        /// The lowest accepted.
        min: ProtocolVersion,
    },
    /// A remote of the old era refused us with a reason: instead of its `version`, or after ours, before it closed the
    /// connection without a `verack`.
    ///
    /// Only below version 9. Later versions have no `reject`; it is an unknown command.
    #[error("refused by the remote: {0}")]
    Rejected(Box<Reject>),
    /// The remote is this node itself.
    #[doc(alias = "ErrSelfConnection")]
    #[error("connected to ourselves")]
    SelfConnection,
    /// A response came without a request.
    #[error("{0} came without being asked for")]
    Unrequested(Command),
    /// A bloom filter command came although our services do not offer it. From protocol version 2 on, remotes know our
    /// services from our `version`.
    #[error("{0} came without our offering bloom filters")]
    NoBloomService(Command),
    /// The remote took too long.
    #[doc(alias = "ErrHandshakeTimeout")]
    #[error("remote took too long ({0})")]
    Timeout(Timer),
    /// The remote did not answer a request in time.
    #[error("remote did not send {0} in time")]
    Stalled(Expected),
    /// The remote closed the connection, or cut it, before it sent its `version`.
    ///
    /// A node gives no reason. It may belong to another network, have its limit of peers or of peers from our address,
    /// have banned our host for 24 hours, or find that we dial too often. See [`redial_after`](Self::redial_after).
    #[error("closed by the remote before its version: another network, full, banned, dialled too often?")]
    ClosedBeforeVersion,
    /// The remote closed the connection, or cut it, between its `version` and its `verack`.
    ///
    /// A node refuses our `version` in this way if our protocol version is too old, or if it dialled us and we do not
    /// offer the full service.
    #[error("closed by the remote after its version: services not wanted, protocol version too old?")]
    ClosedBeforeVerack,
    /// The remote closed or cut the connection inside a frame, after our owner had not called
    /// [`receive`](crate::Connection::receive) for 10 s or more after an event. The remote probably gave up writing:
    /// nodes allow 20 s for a frame, and a second for each 256 KiB of it.
    #[error("stream ended inside a frame, {missing} bytes missing; we had not read for {paused:?}")]
    CutOffWhilePaused {
        /// Bytes missing to the end of the header, or of the payload once the header was there.
        missing: usize,
        /// How long the owner had not called `receive`, in whole seconds.
        paused: Duration,
    },
    /// The remote closed the connection between two frames.
    #[error("closed by the remote")]
    ClosedByRemote,
    /// The owner closed the connection.
    #[error("closed by the owner")]
    ClosedByOwner,
    /// The driver was dropped before it ran, or a call waited 10 s for one that was never polled. Adapters whose driver is a
    /// future report this.
    #[error("the driver of the connection never ran: pass it to tokio::spawn, or await it beside the calls")]
    NeverDriven,
    /// Every handle was dropped before the driver ran, and none had been used. Adapters whose driver is a future report this.
    #[error("every handle was dropped before the driver ran: keep one, as the connection ends with the last")]
    NoHandle,
    /// The transport failed.
    #[error("transport failed")]
    TransportFailed,
}

/// The response to a request that the remote has not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Expected {
    /// An item of a `getdata`, or a `notfound` that names it.
    Item(Box<Inventory>),
    /// A message with this command.
    Message(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => write!(f, "{} {}", item.kind, item.hash),
            Self::Message(command) => f.write_str(command),
        }
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::Frame(Box::new(error))
    }
}

impl Error {
    /// The name for programs, logs and metrics: the [kind](Error::kind) if it has one, `HandshakeTimeout`,
    /// `IdleTimeout` or `WriteTimeout`, else the name of the variant.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self {
            Self::Frame(error) => return error.kind().to_string(),
            Self::NotVersionMessage { .. } => "NotVersionMessage",
            Self::NotVerAckMessage { .. } => "NotVerAckMessage",
            Self::Repeated(_) => "Repeated",
            Self::Rejected(_) => "Rejected",
            Self::ProtocolVerTooOld { .. } => "ProtocolVerTooOld",
            Self::SelfConnection => "SelfConnection",
            Self::Unrequested(_) => "Unrequested",
            Self::NoBloomService(_) => "NoBloomService",
            Self::Timeout(Timer::Handshake) => "HandshakeTimeout",
            Self::Timeout(Timer::Idle) => "IdleTimeout",
            Self::Timeout(Timer::WriteStall) => "WriteTimeout",
            Self::Timeout(Timer::Stall) | Self::Stalled(_) => "Stalled",
            // These timers do not end a connection, or end it for another reason.
            Self::Timeout(Timer::Ping | Timer::Trickle | Timer::Linger | Timer::Deadline) => "Timeout",
            Self::ClosedBeforeVersion => "ClosedBeforeVersion",
            Self::ClosedBeforeVerack => "ClosedBeforeVerack",
            Self::CutOffWhilePaused { .. } => "CutOffWhilePaused",
            Self::ClosedByRemote => "ClosedByRemote",
            Self::ClosedByOwner => "ClosedByOwner",
            Self::NeverDriven => "NeverDriven",
            Self::NoHandle => "NoHandle",
            Self::TransportFailed => "TransportFailed",
        };
        name.to_owned()
    }

    /// The reference's name, if its wire layer has one.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Frame(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Whether the remote broke the protocol. It did not if it was slow, old, gone, unwilling or ourselves.
    #[must_use]
    pub fn is_misbehaviour(&self) -> bool {
        match self {
            Self::Frame(error) => !matches!(**error, FrameError::Truncated { .. }),
            Self::NotVersionMessage { .. }
            | Self::NotVerAckMessage { .. }
            | Self::Repeated(_)
            | Self::NoBloomService(_)
            | Self::Unrequested(_) => true,
            Self::ProtocolVerTooOld { .. }
            | Self::Rejected(_)
            | Self::SelfConnection
            | Self::Timeout(_)
            | Self::Stalled(_)
            | Self::ClosedBeforeVersion
            | Self::ClosedBeforeVerack
            | Self::CutOffWhilePaused { .. }
            | Self::ClosedByRemote
            | Self::ClosedByOwner
            | Self::NeverDriven
            | Self::NoHandle
            | Self::TransportFailed => false,
        }
    }

    /// Whether trying the same address again soon makes sense. [`redial_after`](Self::redial_after) says how soon.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Frame(error) => matches!(**error, FrameError::Truncated { .. }),
            Self::Timeout(_)
            | Self::Stalled(_)
            | Self::CutOffWhilePaused { .. }
            | Self::ClosedByRemote
            | Self::ClosedByOwner
            | Self::TransportFailed => true,
            Self::NotVersionMessage { .. }
            | Self::NotVerAckMessage { .. }
            | Self::Repeated(_)
            | Self::ProtocolVerTooOld { .. }
            | Self::Rejected(_)
            | Self::SelfConnection
            | Self::ClosedBeforeVersion
            | Self::ClosedBeforeVerack
            | Self::NoBloomService(_)
            | Self::NeverDriven
            | Self::NoHandle
            | Self::Unrequested(_) => false,
        }
    }

    /// How long to wait before dialling the remote's address again; `None` if another attempt will end in the same way.
    /// `attempt` is the number of failures in a row, including this one.
    ///
    /// 5 s, doubled up to 5 min, as dcrd does. If the remote closed before the handshake was complete: 15 s, then four
    /// times as long each time, up to the 24 h of a ban. A node that limits how often we dial accepts us after 15 s, a
    /// full node when one of its peers has left, and a node that banned us after a day.
    #[must_use]
    pub fn redial_after(&self, attempt: u32) -> Option<Duration> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let (first, factor, most) = match self {
            Self::ClosedBeforeVersion | Self::ClosedBeforeVerack => (15, 4_u32, DAY),
            other if other.is_transient() => (5, 2, Duration::from_secs(5 * 60)),
            _ => return None,
        };
        let times = factor.saturating_pow(attempt.saturating_sub(1));
        Some(Duration::from_secs(first).saturating_mul(times).min(most))
    }
}

/// Why a command was refused. The connection continues, unless it had ended before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not complete.
    #[error("handshake is not complete")]
    NotEstablished,
    /// Only the machine sends `version` and `verack`.
    #[error("{0} is sent by the handshake alone")]
    HandshakeMessage(Command),
    /// The frame was encoded for another network than the connection's.
    #[error("frame of {frame} cannot be sent on a connection of {connection}")]
    WrongNetwork {
        /// The network of the frame.
        frame: Network,
        /// That of the connection.
        connection: Network,
    },
    /// Too many bytes wait to be sent, or are reserved for announcements. Try again when some are written: a batch of
    /// announcements is queued after its [delay](crate::ConfigBuilder::trickle_delay) at the latest.
    /// [`Peer::room`](crate::Peer::room) tells when it fits.
    #[error("send queue is full: {queued} bytes wait, {wanted} more would exceed the limit of {limit}")]
    Full {
        /// Bytes waiting.
        queued: usize,
        /// Bytes this command would add.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The frame alone is larger than the whole queue may be, so trying again does not help. Send less at a time, or
    /// raise [`send_limit`](crate::ConfigBuilder::send_limit).
    #[error("frame of {wanted} bytes can never be sent: it is above the send limit of {limit}")]
    NeverFits {
        /// Bytes this command would add.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// Too many requests are open. Try again when some are answered.
    #[error("too many requests: {open} items open, {wanted} more would exceed the limit of {limit}")]
    TooManyRequests {
        /// Items asked for and not answered.
        open: usize,
        /// Items this command would add.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The request alone has more items than may be open, so trying again does not help. Request fewer at a time, or
    /// raise [`max_requests`](crate::ConfigBuilder::max_requests).
    #[error("request for {wanted} items can never be sent: at most {limit} may be open")]
    RequestTooLarge {
        /// Items this command would add.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// No peer answers a request for inventory of this kind.
    #[error("no peer answers a request for inventory of type {0}")]
    Unanswerable(InventoryKind),
    /// Today's nodes ban the sender of this message. [`ConfigBuilder::bannable_messages`] turns the refusal off.
    ///
    /// [`ConfigBuilder::bannable_messages`]: crate::ConfigBuilder::bannable_messages
    #[error("nodes ban for {0}")]
    Bannable(BanRule),
    /// The message cannot be encoded.
    #[error("message cannot be sent: {0}")]
    Encode(CodecError),
    /// The connection is over, or will be as soon as its last frame is written.
    #[error("connection is over: {0}")]
    Closed(Error),
}

impl From<CodecError> for SendError {
    fn from(error: CodecError) -> Self {
        Self::Encode(error)
    }
}

impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        Self::Closed(error)
    }
}

/// The node's table of open outbound handshakes is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} outbound handshakes are open already")]
#[non_exhaustive]
pub struct TooManyHandshakes {
    /// The table's size, from the configuration.
    pub limit: usize,
}
