//! Recordings: what crossed one connection's transport, with its times, as lines of text.
//!
//! A recording is the whole truth about a connection, because the machine is pure: its bytes and their times replay
//! anywhere. `docs/recording.md` defines the format. [`Header`] and [`Entry`] are its lines, and their text is what
//! [`Display`](core::fmt::Display) writes; [`Recording::read`] reads a whole file. [`Replay`] puts a machine in the place
//! of one side and compares. With the feature `std`, [`recorder()`] collects the lines of a connection that is open, for
//! a thread that writes them; both adapters have a `Recorded` stream that feeds it.
//!
//! ```
//! use peer_core::recording::{Entry, Recording, Side, EntryKind};
//! use peer_core::Time;
//!
//! let entry = Entry { at: Time::ZERO, kind: EntryKind::Bytes { from: Side::Dialer, bytes: vec![0x16, 0x1c].into() } };
//! let line = entry.to_string();
//! assert_eq!(line, r#"{"t_ms":0,"from":"dialer","hex":"161c"}"#);
//! assert_eq!(Recording::read(&line)?.entries, [entry]);
//! # Ok::<(), peer_core::recording::ReadError>(())
//! ```

mod buffer;
mod difference;
mod filter;
mod json;
mod lines;
mod messages;
mod read;
#[cfg(feature = "std")]
mod recorder;
mod redact;
mod replay;
mod settings;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

pub use self::buffer::Buffer;
pub use self::difference::{Action, Difference};
pub use self::filter::RecordingOptions;
pub use self::messages::{RecordedMessage, Unreadable};
pub use self::read::{Problem, ReadError};
#[cfg(feature = "std")]
pub use self::recorder::{Recorder, Writer, recorder, recorder_with};
pub use self::replay::{Outcome, Replay, ReplayError};
use crate::config::Config;
use crate::event::Direction;
use crate::hash::Hash;
use crate::message::Timestamp;
use crate::network::Network;
use crate::time::Time;

/// The version of the format that is written. Later versions are refused.
pub const VERSION: u32 = 1;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Side {
    /// The end that made the connection.
    Dialer,
    /// The end that accepted it.
    Listener,
}

impl Side {
    /// The end whose remote is in this direction.
    #[must_use]
    pub const fn of(direction: Direction) -> Self {
        match direction {
            Direction::Outbound => Self::Dialer,
            Direction::Inbound => Self::Listener,
        }
    }

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dialer => Self::Listener,
            Self::Listener => Self::Dialer,
        }
    }

    /// Its name in a recording: `dialer` or `listener`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dialer => "dialer",
            Self::Listener => "listener",
        }
    }

    /// The side with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Dialer, Self::Listener].into_iter().find(|side| side.name() == name)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The first line: what the bytes do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The configuration of the side that recorded, network included. The line has what differs from the default.
    pub config: Config,
    /// The direction of the connection, as the side that recorded saw it. `None` where a third program recorded, as a proxy
    /// between the two; then only the network counts of the configuration.
    pub direction: Option<Direction>,
    /// Name and version of the program that recorded.
    pub software: String,
    /// The wall clock as time 0 of the recording began.
    pub unix_time: Timestamp,
    /// The remote, as the side that recorded named it; empty where it is not known.
    pub address: String,
}

impl Header {
    /// Of a connection in this direction, recorded by a node with this configuration.
    #[must_use]
    pub fn new(config: Config, direction: Direction) -> Self {
        Self::made(config, Some(direction))
    }

    /// Of a connection of this network, recorded by a third program that stands between both sides.
    #[must_use]
    pub fn between(network: Network) -> Self {
        Self::made(Config::builder(network).defaults(), None)
    }

    /// Without the remote's address, and with as many letters for the user agent.
    pub(crate) fn redacted(mut self) -> Self {
        self.config.user_agent = redact::agent(&self.config.user_agent);
        self.config.proxy = None;
        if !self.address.is_empty() {
            self.address = String::from("redacted");
        }
        self
    }

    fn made(config: Config, direction: Option<Direction>) -> Self {
        let (software, address) = (String::new(), String::new());
        Self { config, direction, software, unix_time: Timestamp::default(), address }
    }

    /// With the name and version of the program.
    #[must_use]
    pub fn software(mut self, software: impl Into<String>) -> Self {
        self.software = software.into();
        self
    }

    /// With the wall clock. With the feature `std` a `SystemTime` will do.
    #[must_use]
    pub fn unix_time(mut self, time: impl Into<Timestamp>) -> Self {
        self.unix_time = time.into();
        self
    }

    /// With the remote's address, or the name by which it was dialled.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// The side that recorded, if one of the two did.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        self.direction.map(Side::of)
    }
}

/// A line after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition: a time and what happened then")]
pub struct Entry {
    /// When it happened, since the start of the recording.
    pub at: Time,
    /// What happened.
    pub kind: EntryKind,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// Bytes crossed the transport, in one piece.
    Bytes {
        /// The side that sent them.
        from: Side,
        /// The piece: at least one byte. It may hold part of a frame, or several.
        bytes: Bytes,
    },
    /// Bytes crossed the transport that the recording leaves out, as [`RecordingOptions`] say: the payload of a frame whose
    /// header is there.
    Skipped {
        /// The side that sent them.
        from: Side,
        /// How many.
        bytes: u64,
        /// Their BLAKE-256.
        hash: Hash,
    },
    /// The stream of this side ended.
    Eof(Side),
    /// The recorder could not keep up: so much crossed the transport here and is not in the recording.
    Dropped {
        /// Pieces, ends of streams included.
        pieces: u64,
        /// Bytes of both sides together.
        bytes: u64,
    },
    /// The connection ended, for the side that recorded.
    End {
        /// [`Error::name`](crate::Error::name).
        reason: String,
        /// The sentence for people.
        detail: String,
    },
}

/// A whole recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// The first line, where there is one.
    pub header: Option<Header>,
    /// The network, from the first line. Set it where there is none.
    pub network: Option<Network>,
    /// The lines after the first.
    pub entries: Vec<Entry>,
    /// The last line was cut off and is left out.
    pub is_cut: bool,
}
