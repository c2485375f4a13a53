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

/// What is counted and measured from the beginning of a connection on. It outlives the end.
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

/// A snapshot of one connection, as of the call that made it.
///
/// Its text form is `ADDRESS (direction)`.
///
/// With the feature `serde`: an object with a field for each of these. Times are in seconds since 1970, by the wall
/// clock that [`ConnectionInfo`](crate::ConnectionInfo) gave, so that `connected_unix` is left out; the address is text; the round
/// trip is `last_ping_micros`, in microseconds. What is not known is null. `commands` is a list of objects; the command is null
/// for all those together that no protocol version has.
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
    /// When the last whole frame was written, `version` and `verack` aside.
    pub last_send: Option<Time>,
    /// When the last message came, `version` and `verack` aside.
    pub last_recv: Option<Time>,
    /// Bytes taken by the transport.
    pub bytes_sent: u64,
    /// Bytes received: of frames taken from the input, of a refused one as far as it was read, and at the end
    /// of what was cut off.
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
    /// Height of the remote's best block when it introduced itself.
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
    /// What went each way by command, in the order of their names. Empty unless
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
