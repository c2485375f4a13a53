//! Settings that contradict each other.

use core::time::Duration;

use super::CodecError;
use crate::protocol_version::ProtocolVersion;

/// Settings that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The user agent made of its parts is too long or not printable ASCII.
    #[error("user_agent, with its prefix and comments, cannot be sent: {0}")]
    UserAgent(CodecError),
    /// User agent comments without a name and version, behind which they stand.
    #[error(
        "user_agent_comments is set ({comments}), but user_agent is not: comments follow its name and version"
    )]
    CommentsWithoutName {
        /// How many comments.
        comments: usize,
    },
    /// This setting, named as its method of [`ConfigBuilder`](crate::ConfigBuilder), is zero.
    #[error("{0} must be more than zero")]
    Zero(&'static str),
    /// Pings would come too late to keep a quiet connection alive.
    #[error("ping_interval is {ping:?}, but must be shorter than idle_timeout, which is {idle:?}")]
    PingInterval {
        /// The ping interval.
        ping: Duration,
        /// The idle timeout.
        idle: Duration,
    },
    /// The range of trickle delays is empty.
    #[error("trickle_delay is {start:?}..={end:?}, but its start must not exceed its end")]
    TrickleDelay {
        /// The shortest delay.
        start: Duration,
        /// The longest delay.
        end: Duration,
    },
    /// Reading would never pause before sending is refused.
    #[error("send_pause is {pause} bytes, but must be less than send_limit, which is {limit} bytes")]
    SendPause {
        /// The send pause in bytes.
        pause: usize,
        /// The send limit in bytes.
        limit: usize,
    },
    /// The table of open outbound handshakes, made with the node, would be too large.
    #[error("open_handshakes is {got}, but must be from 1 to {max} handshakes")]
    OpenHandshakes {
        /// The number asked for.
        got: usize,
        /// The most.
        max: usize,
    },
    /// The protocol versions are not within 1 to [`ProtocolVersion::LATEST`], or cross.
    #[error(
        "min_protocol_version is {min} and protocol_version is {max}, but they must be a range within 1 to {}",
        ProtocolVersion::LATEST
    )]
    ProtocolVersions {
        /// The lowest to accept.
        min: ProtocolVersion,
        /// The highest to speak.
        max: ProtocolVersion,
    },
}
