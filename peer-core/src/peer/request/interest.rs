//! Which messages the owner wants without having requested them.

use core::ops::BitOr;

use crate::message::Message;

/// Which messages are reported that respond to no [`Request`](crate::Request): a set of kinds.
///
/// The others are still checked, and dropped. What the machine does by itself does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// `inv` and `headers`.
    pub const ANNOUNCEMENTS: Self = Self(1);
    /// `tx`, as it may come without a request.
    pub const TRANSACTIONS: Self = Self(1 << 1);
    /// `addr` and `addrv2`.
    pub const ADDRESSES: Self = Self(1 << 2);
    /// Requests of the remote: `getdata`, `getheaders`, `mempool` and others.
    pub const REQUESTS: Self = Self(1 << 3);
    /// `ping` and `pong`.
    pub const PINGS: Self = Self(1 << 4);
    /// Responses to other requests made by [`Peer::send`](crate::Peer::send): `block`, `notfound`, filters, initial
    /// state, mixing messages.
    pub const RESPONSES: Self = Self(1 << 5);
    /// The rest: settings of the remote such as `sendheaders`, messages of the old era, and unknown ones.
    pub const OTHER: Self = Self(1 << 6);
    /// All kinds.
    pub const ALL: Self = Self(0x7f);

    /// Whether every kind of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether an unrequested message of this kind is reported.
    #[must_use]
    pub fn admits(self, message: &Message) -> bool {
        self == Self::ALL || self.contains(Self::of(message))
    }

    /// The kind of a message.
    fn of(message: &Message) -> Self {
        let Some(spec) = message.spec() else { return Self::OTHER };
        match message {
            Message::Inv(_) | Message::Headers(_) => Self::ANNOUNCEMENTS,
            Message::Tx(_) => Self::TRANSACTIONS,
            Message::Addr(_) | Message::AddrV2(_) => Self::ADDRESSES,
            Message::Ping(_) | Message::Pong(_) => Self::PINGS,
            Message::GetData(_) | Message::GetAddr => Self::REQUESTS,
            _ if spec.response.is_some() => Self::RESPONSES,
            _ if spec.request().is_some() => Self::REQUESTS,
            _ => Self::OTHER,
        }
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Default for Interest {
    fn default() -> Self {
        Self::ALL
    }
}
