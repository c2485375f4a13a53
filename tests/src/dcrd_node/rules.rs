//! What the node demands, bans for and closes for: every number and every rule in tables.

use core::fmt;
use core::time::Duration;

/// What a broken rule costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Penalty {
    /// The connection ends, and the same host is welcome at once.
    Close,
    /// The connection ends, and the host is not welcome for [`BAN_DURATION`].
    Ban,
    /// As `Ban`; where bans are switched off the connection stays.
    BanOnly,
}

/// Makes the enum and the table from the same lines, so that no rule lacks its penalty.
macro_rules! rules {
    ($($rule:ident: $penalty:ident, $text:literal;)*) => {
        /// Something for which the node ends a connection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the text of each line is its documentation")]
        #[non_exhaustive]
        pub enum Rule { $($rule,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// What breaking it costs.
            pub const fn penalty(self) -> Penalty {
                match self { $(Self::$rule => Penalty::$penalty,)* }
            }

            /// What breaks it.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$rule => $text,)* }
            }
        }
    };
}

rules! {
    Wire: Ban, "the wire layer refuses the frame";
    CutPayload: Close, "the payload ends too early";
    CutFrame: Close, "the stream ended inside a frame";
    Banned: Close, "the host is banned";
    Full: Close, "too many peers";
    TooManyOfHost: Close, "too many connections from this host";
    TooOften: Close, "too many new connections from this host";
    HandshakeTimeout: Close, "no handshake in time";
    NotVersion: Close, "the first message is no version";
    TooOld: Close, "the protocol version is too old";
    NoNetworkService: Close, "a dialled peer does not offer the full service";
    SelfConnection: Close, "the nonce is the node's own";
    NotVerack: Close, "something else came where verack was due";
    RepeatedVersion: Close, "a second version";
    RepeatedVerack: Close, "a second verack";
    EmptyAddr: Ban, "addr without entries";
    AddrNotCanonical: Ban, "an address in another family's form";
    EmptyInv: BanOnly, "an empty inv";
    EmptyGetData: BanOnly, "an empty getdata";
    GetDataMessages: Close, "too many getdata messages wait";
    GetDataItems: Close, "too many getdata items wait";
    NotFoundKind: Close, "notfound of an unknown type";
    Score: Ban, "the ban score exceeds the threshold";
    HeadersUnconnected: Close, "many headers that do not connect";
    HeadersUnconnectedAgain: Close, "headers that do not connect, time and again";
    HeadersUnlinked: Close, "headers that are not linked";
    HeadersInvalid: Close, "an invalid header";
    UnaskedBlock: Close, "a block that was not asked for";
    RepeatedInitState: Ban, "a second initstate";
    RepeatedGetInitState: Ban, "a second getinitstate";
    MiningState: Ban, "getminings or miningstate";
    OldFilters: Ban, "a question for filters of version 1";
    BadMix: Ban, "a mixing message that is not signed correctly";
    TooManyRequests: Close, "more would be open than the node keeps";
    RequestTimeout: Close, "a request was not answered in time";
    SyncTimeout: Close, "no new headers in time";
    IdleTimeout: Close, "nothing whole came in time";
    WriteTimeout: Close, "a message was not taken in time";
    ByRemote: Close, "closed by the remote";
    ByOwner: Close, "closed by the node's owner";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// How long a host stays banned.
pub const BAN_DURATION: Duration = Duration::from_secs(24 * 60 * 60);
/// The highest score that is still allowed.
pub const BAN_THRESHOLD: u32 = 100;

/// Points of `notfound` for each block; they never fade.
pub const MISSING_BLOCK: u32 = 20;
/// Points of `notfound` for each transaction or mixing message; they fade.
pub const MISSING_TX: u32 = 10;
/// Points of each `mempool`; they fade.
pub const MEMPOOL: u32 = 33;
/// Points of a `getdata` with as many items as there can be; fewer cost their share, rounded down. They fade.
pub const FULL_GETDATA: u32 = 99;
/// The most items of a `getdata`, and with that the unit of [`FULL_GETDATA`].
pub const MOST_ITEMS: u32 = 50_000;

/// The lowest protocol version accepted.
pub const MIN_VERSION: i32 = 9;
/// From the start of the connection to the end of the handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(30);
/// How often requests are looked at, counted from the start of the connection.
pub const REQUEST_TICK: Duration = Duration::from_secs(15);
/// How long a request may stay unanswered. One that is just so old at a look is left to the next.
pub const REQUEST: Duration = Duration::from_secs(30);
/// How long the sync peer of a new node may bring no new header.
pub const SYNC: Duration = Duration::from_secs(10);
/// Between pings, counted from the handshake.
pub const PING: Duration = Duration::from_secs(107);
/// From the end of one whole message to the end of the next.
pub const IDLE: Duration = Duration::from_secs(120);
/// For one message to be taken, and as much again for each [`WRITE_STEP`] of it.
pub const WRITE: Duration = Duration::from_secs(20);
/// Added to [`WRITE`] for each full [`WRITE_STEP`].
pub const WRITE_MORE: Duration = Duration::from_secs(1);
/// See [`WRITE_MORE`].
pub const WRITE_STEP: usize = 256 * 1024;
/// The longest and the shortest wait of an announcement, in milliseconds.
pub const TRICKLE: (u64, u64) = (100, 500);

/// Messages kept between `version` and `verack` below protocol version 12.
pub const EARLY_MESSAGES: usize = 2;
/// Waiting `getdata` messages.
pub const GETDATA_MESSAGES: usize = 1_000;
/// Items in them.
pub const GETDATA_ITEMS: usize = 100_000;
/// Items loaded that the transport has not taken.
pub const LOADED_ITEMS: usize = 3;
/// Open requests of the node at one peer.
pub const OPEN_REQUESTS: usize = 75_000;
/// Headers that do not connect: fewer look like an announcement.
pub const ANNOUNCED_HEADERS: usize = 12;
/// The announcement in a row that does not connect and ends the connection.
pub const UNCONNECTED_IN_A_ROW: u32 = 10;
/// How far below the sync height the last header may stop.
pub const SYNCED_WITHIN: i64 = 6;
/// Blocks asked for at once in a synchronisation.
pub const BLOCKS_AT_ONCE: usize = 16;
/// Below so many open ones they are filled up again.
pub const BLOCKS_REFILL: usize = 10;
/// How old the tip of a current node may be.
pub const CURRENT_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an announced transaction is served from memory.
pub const ANNOUNCED_FOR: Duration = Duration::from_secs(45);
/// Items of an `inv` that answers `getblocks`.
pub const BLOCK_HASHES: usize = 500;
/// Headers of one message.
pub const HEADERS: usize = 2_000;
/// Filters of one message.
pub const FILTERS: usize = 100;
/// Items of an announcement.
pub const ANNOUNCEMENT: usize = 1_000;
/// Items a peer is remembered to know, and for how long.
pub const KNOWN_ITEMS: usize = 1_000;
/// See [`KNOWN_ITEMS`].
pub const KNOWN_FOR: Duration = Duration::from_secs(15 * 60);
/// Peers in all.
pub const MAX_PEERS: usize = 125;
/// Connections from one host; loopback is free.
pub const MAX_SAME_HOST: usize = 5;
/// New connections from one host at once, loopback is free.
pub const CONNECTION_BURST: u32 = 3;
/// After which one more may come.
pub const CONNECTION_EVERY: Duration = Duration::from_secs(5);
/// Blocks below this height have no votes to tell of.
pub const FIRST_VOTES: u32 = 144;
