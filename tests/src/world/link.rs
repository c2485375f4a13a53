//! Links between nodes: how they treat bytes, and the two ends of a connection over one.

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use peer_core::{Direction, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::NodeId;
use super::pipe::Pipe;
use crate::checked::Checked;

/// How links treat bytes. Each connection draws its own latency from the range when it is dialled.
///
/// ```
/// use core::time::Duration;
/// use peer_tests::world::Links;
///
/// let slow = Links { bandwidth: 2_000, room: 4096, ..Links::default() };
/// assert_eq!(slow.latency, Duration::from_millis(10)..=Duration::from_millis(150));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a literal with a rest is how it is written")]
pub struct Links {
    /// From one end to the other, one way. Default: 10 to 150 ms.
    pub latency: RangeInclusive<Duration>,
    /// What comes to that at most, drawn for each piece. Pieces never overtake each other, so those that
    /// would arrive together. Default: 5 ms.
    pub jitter: Duration,
    /// Bytes a second, each way. Default: 1 MB.
    pub bandwidth: u64,
    /// Bytes that one direction holds, written and not read. When it is full it takes none. Default: 64 KiB.
    pub room: usize,
    /// Bytes that are written at once at most, and read at once at most, drawn for each call. Default: 1 to
    /// 16 KiB.
    pub pieces: RangeInclusive<usize>,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(10)..=Duration::from_millis(150),
            jitter: Duration::from_millis(5),
            bandwidth: 1_000_000,
            room: 64 * 1024,
            pieces: 1..=16 * 1024,
        }
    }
}

impl Links {
    /// No latency, no jitter, whole frames: for tests that are about something else.
    #[must_use]
    pub fn instant() -> Self {
        Self {
            latency: Duration::ZERO..=Duration::ZERO,
            jitter: Duration::ZERO,
            bandwidth: u64::MAX,
            room: 1024 * 1024,
            pieces: usize::MAX..=usize::MAX,
        }
    }

    /// How long so many bytes keep the line busy.
    pub(super) fn duration_of(&self, bytes: usize) -> Duration {
        let nanos = (bytes as u64).saturating_mul(1_000_000_000) / self.bandwidth.max(1);
        Duration::from_nanos(nanos)
    }

    pub(super) fn draw_piece(&self, rng: &mut ChaCha8Rng) -> usize {
        let (start, end) = (*self.pieces.start() as u64, *self.pieces.end() as u64);
        let piece = start + below(rng, end.saturating_sub(start).saturating_add(1));
        usize::try_from(piece.max(1)).unwrap_or(usize::MAX)
    }
}

/// A number below `limit`; 0 where that is 0 or 1, without a draw.
pub(super) fn below(rng: &mut ChaCha8Rng, limit: u64) -> u64 {
    if limit <= 1 {
        return 0;
    }
    let part = (u128::from(rng.next_u64()) * u128::from(limit)) >> 64;
    u64::try_from(part).unwrap()
}

/// A duration up to `most`.
pub(super) fn draw_duration(rng: &mut ChaCha8Rng, range: &RangeInclusive<Duration>) -> Duration {
    let span = range.end().saturating_sub(*range.start()).as_nanos();
    let span = u64::try_from(span).unwrap_or(u64::MAX);
    *range.start() + Duration::from_nanos(below(rng, span.saturating_add(1)))
}

/// Names one end of a connection. Never used again, so that one which is over finds no one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    pub(super) serial: u32,
    pub(super) slot: u32,
    pub(super) is_inbound: bool,
}

impl ConnectionId {
    /// The number of the connection, the same at both ends: 1 for the first that was dialled.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.serial
    }

    /// Which end it is: outbound at the node that dialled.
    #[must_use]
    pub const fn direction(self) -> Direction {
        if self.is_inbound { Direction::Inbound } else { Direction::Outbound }
    }

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        Self { is_inbound: !self.is_inbound, ..self }
    }
}

impl fmt::Display for ConnectionId {
    /// `#12>` at the node that dialled, `>#12` at the other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if self.is_inbound { format!(">#{}", self.serial) } else { format!("#{}>", self.serial) })
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A connection: two ends, and what its link does to bytes.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) serial: u32,
    pub(super) latency: Duration,
    pub(super) rules: Links,
    /// The dial found no one.
    pub(super) is_refused: bool,
    /// The outbound end, and the inbound one.
    pub(super) ends: [End; 2],
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) machine: Option<Checked>,
    /// Since when there is a machine.
    pub(super) since: Time,
    /// What it wrote.
    pub(super) pipe: Pipe,
    pub(super) is_over: bool,
    /// When the queue will serve it for its timer.
    pub(super) timer: Option<Time>,
    /// The queue will serve it at once.
    pub(super) is_due: bool,
    /// The owner looks away until then.
    pub(super) held_until: Time,
    /// The owner takes no events until then.
    pub(super) no_events_until: Time,
}

impl End {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            node,
            machine: None,
            since: Time::ZERO,
            pipe: Pipe::default(),
            is_over: false,
            timer: None,
            is_due: false,
            held_until: Time::ZERO,
            no_events_until: Time::ZERO,
        }
    }
}
