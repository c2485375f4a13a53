//! The order of the table's rows.

use core::cmp::Ordering;
use core::fmt;

use peer_core::Stats;

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Column {
    /// When they connected: the newest first.
    #[default]
    Connected,
    /// Addresses in ascending order.
    Address,
    /// The slowest first, those without a round-trip time last.
    RoundTrip,
    /// Most received bytes first.
    BytesIn,
    /// Most sent bytes first.
    BytesOut,
}

/// The order of the rows, which the user chooses by keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sorting {
    column: Column,
    is_reversed: bool,
}

impl Sorting {
    /// Sorts by the column of this key, or the other way round if it does already. `false` if no column has it.
    pub(super) fn press(&mut self, key: u8) -> bool {
        let column = match key {
            b't' => Column::Connected,
            b'a' => Column::Address,
            b'r' => Column::RoundTrip,
            b'i' => Column::BytesIn,
            b'o' => Column::BytesOut,
            _ => return false,
        };
        self.is_reversed = column == self.column && !self.is_reversed;
        self.column = column;
        true
    }

    /// Whether the order is that of the connections, by their numbers, and if so whether the newest comes first.
    pub(super) fn newest_first(self) -> Option<bool> {
        (self.column == Column::Connected).then_some(!self.is_reversed)
    }

    pub(super) fn compare(self, one: &Stats, other: &Stats) -> Ordering {
        let order = match self.column {
            Column::Connected => other.connected.cmp(&one.connected),
            Column::Address => {
                let key = |stats: &Stats| (stats.address.ip, stats.address.port);
                key(one).cmp(&key(other))
            }
            Column::RoundTrip => other.last_ping_round_trip.cmp(&one.last_ping_round_trip),
            Column::BytesIn => other.bytes_received.cmp(&one.bytes_received),
            Column::BytesOut => other.bytes_sent.cmp(&one.bytes_sent),
        };
        if self.is_reversed { order.reverse() } else { order }
    }
}

/// What comes first.
impl fmt::Display for Sorting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.column, self.is_reversed) {
            (Column::Connected, false) => "newest first",
            (Column::Connected, true) => "oldest first",
            (Column::Address, false) => "by address",
            (Column::Address, true) => "by address, last first",
            (Column::RoundTrip, false) => "slowest first",
            (Column::RoundTrip, true) => "fastest first",
            (Column::BytesIn, false) => "most in first",
            (Column::BytesIn, true) => "least in first",
            (Column::BytesOut, false) => "most out first",
            (Column::BytesOut, true) => "least out first",
        })
    }
}
