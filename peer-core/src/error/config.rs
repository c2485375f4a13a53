//! What does not fit together in a configuration.

use core::time::Duration;

use super::CodecError;
use crate::protocol_version::ProtocolVersion;

/// Settings that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The user agent made of its parts is too long or not printable ASCII.
    #[error("user agent cannot be sent: {0}")]
    UserAgent(CodecError),
    /// There are user agent comments, which stand behind name and version, and no name and version.
    #[error("user agent comments ({comments}) without a name and version: set those with `user_agent`")]
    CommentsWithoutName {
        /// How many comments.
        comments: usize,
    },
    /// This setting, named as its method of [`ConfigBuilder`](crate::ConfigBuilder), is zero.
    #[error("{0} must be more than zero")]
    Zero(&'static str),
    /// Pings would come too late to keep a quiet connection alive.
    #[error("ping interval {ping:?} must be shorter than the idle timeout {idle:?}")]
    PingInterval {
        /// The ping interval.
        ping: Duration,
        /// The idle timeout.
        idle: Duration,
    },
    /// The range of trickle delays is empty.
    #[error("trickle delay from {start:?} to {end:?} is an empty range")]
    TrickleDelay {
        /// The shortest delay.
        start: Duration,
        /// The longest delay.
        end: Duration,
    },
    /// Reading would never pause before sending is refused.
    #[error("send pause of {pause} bytes must be below the send limit of {limit} bytes")]
    SendPause {
        /// The send pause in bytes.
        pause: usize,
        /// The send limit in bytes.
        limit: usize,
    },
    /// The table of open outbound handshakes, made with the node, would be too large.
    #[error("{got} open handshakes, at most {max} are possible")]
    OpenHandshakes {
        /// The number asked for.
        got: usize,
        /// The most.
        max: usize,
    },
    /// The protocol versions are not within 1 to [`ProtocolVersion::LATEST`], or cross.
    #[error("protocol versions {min} to {max} are not a range within 1 to {}", ProtocolVersion::LATEST)]
    ProtocolVersions {
        /// The lowest to accept.
        min: ProtocolVersion,
        /// The highest to speak.
        max: ProtocolVersion,
    },
}
