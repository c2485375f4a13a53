//! A snapshot of what is known of a connection.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::command_counts::CommandCount;
use super::keepalive::LatestPing;
use crate::event::Direction;
use crate::message::{NetAddress, Timestamp, UserAgent};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;
use crate::time::Time;

/// What is counted and measured from the start of a connection. It is kept after the end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) last_send: Option<Time>,
    pub(crate) last_recv: Option<Time>,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) time_offset: i64,
    pub(crate) ping: LatestPing,
}

impl Counters {
    pub(crate) const fn count_sent(&mut self, bytes: usize) {
        self.bytes_sent = self.bytes_sent.saturating_add(bytes as u64);
    }

    pub(crate) const fn count_received(&mut self, bytes: usize) {
        self.bytes_received = self.bytes_received.saturating_add(bytes as u64);
    }
}

/// A snapshot of one connection at the time of the call.
///
/// Its text form is `ADDRESS (direction)`.
///
/// With the feature `serde`: an object with a field for each of these. Times are in seconds since 1970, by the wall
/// clock that [`ConnectionInfo`](crate::ConnectionInfo) gave, so `connected_unix` is left out. The address is text. The
/// round trip is `last_ping_micros`, in microseconds. What is not known is null. `commands` is a list of objects; its
/// command is null for all unknown commands together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "StatsSnap")]
#[non_exhaustive]
pub struct Stats {
    /// The id given in [`ConnectionInfo`](crate::ConnectionInfo).
    pub id: u64,
    /// The remote's address given in [`ConnectionInfo`](crate::ConnectionInfo).
    #[doc(alias = "Addr")]
    #[doc(alias = "NA")]
    pub address: NetAddress,
    /// Which side made the connection.
    #[doc(alias = "Inbound")]
    pub direction: Direction,
    /// What the remote offers; nothing before its `version`.
    pub services: Services,
    /// When the last whole frame was written, except `version` and `verack`.
    pub last_send: Option<Time>,
    /// When the last message came, except `version` and `verack`.
    pub last_recv: Option<Time>,
    /// Bytes taken by the transport.
    pub bytes_sent: u64,
    /// Bytes received: of frames taken from the input, the part of a refused one that was read, and at the end the part
    /// of one that was cut off.
    #[doc(alias = "BytesRecv")]
    pub bytes_received: u64,
    /// When the connection began.
    #[doc(alias = "ConnTime")]
    #[doc(alias = "TimeConnected")]
    pub connected: Time,
    /// The wall clock when the connection began.
    pub connected_unix: Timestamp,
    /// How far the remote's clock was ahead of ours when its `version` came, in seconds.
    pub time_offset: i64,
    /// The protocol version that the remote advertised; 0 before its `version`.
    #[doc(alias = "Version")]
    pub advertised_version: u32,
    /// The protocol version in force: our highest before the remote's `version`, the negotiated one after.
    pub protocol_version: ProtocolVersion,
    /// What software the remote runs; empty before its `version`.
    pub user_agent: UserAgent,
    /// Height of the remote's best block, as its `version` told it.
    pub starting_height: i32,
    /// The highest block the remote is known to have.
    pub last_block: i32,
    /// Nonce of the ping that waits for its pong; 0 for none.
    pub last_ping_nonce: u64,
    /// When the latest ping was written.
    pub last_ping_time: Option<Time>,
    /// The latest round trip.
    #[doc(alias = "LastPingMicros")]
    pub last_ping_round_trip: Option<Duration>,
    /// Messages and bytes by command, in the order of their names. Empty unless
    /// [`count_commands`](crate::ConfigBuilder::count_commands) is set.
    pub commands: Vec<CommandCount>,
}

impl Stats {
    /// `time` in seconds since 1970, by the wall clock that [`ConnectionInfo`](crate::ConnectionInfo) gave.
    #[must_use]
    pub const fn unix_seconds(&self, time: Time) -> u64 {
        let since = time.saturating_since(self.connected).as_secs();
        self.connected_unix.seconds().saturating_add(since)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.direction)
    }
}
