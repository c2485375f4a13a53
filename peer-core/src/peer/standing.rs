//! Our standing with the remote: what nodes of today ban a sender for, and the points that they count against it.
//!
//! The rules are those of dcrd's server, measured. It bans a host for 24 hours: for some messages at once, for others
//! when the points of a connection exceed a limit. Both are tables here.

use alloc::collections::VecDeque;
use core::fmt;

use super::Peer;
use super::outbox::Mark;
use crate::error::SendError;
use crate::message::{Address, InventoryKind, Message, NetAddressV2};
use crate::policy::{BannableMessages, UnknownCommands};
use crate::time::Time;

/// Why nodes would ban the sender of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BanRule {
    /// An `inv` without entries.
    EmptyInv,
    /// A `getdata` without entries.
    EmptyGetData,
    /// An `addr` without entries.
    EmptyAddr,
    /// An `addrv2` that has an IPv4 address in the form of an IPv6 one.
    AddrNotCanonical,
    /// `getminings` or `miningstate`, from protocol version 8 on.
    MiningState,
    /// A request for version 1 committed filters, from protocol version 9 on.
    VersionOneFilters,
    /// A command that the protocol version in force does not have. Where the configuration accepts such commands
    /// ([`UnknownCommands`]), they may also be sent.
    UnknownCommand,
    /// A second `getinitstate` on the same connection.
    SecondGetInitState,
    /// An `initstate` that the remote did not ask for.
    UnrequestedInitState,
    /// A second `initstate` on the same connection.
    SecondInitState,
    /// More points than a node bears. See [`Standing`].
    Points {
        /// The points that this message would bring us to.
        points: u32,
        /// The most that a node bears.
        limit: u32,
    },
}

impl fmt::Display for BanRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyInv => f.write_str("an inv without entries"),
            Self::EmptyGetData => f.write_str("a getdata without entries"),
            Self::EmptyAddr => f.write_str("an addr without entries"),
            Self::AddrNotCanonical => f.write_str("an IPv4 address in the form of an IPv6 one"),
            Self::MiningState => f.write_str("getminings and miningstate from protocol version 8 on"),
            Self::VersionOneFilters => {
                f.write_str("a request for version 1 committed filters from protocol version 9 on")
            }
            Self::UnknownCommand => f.write_str("a command that the protocol does not have"),
            Self::SecondGetInitState => f.write_str("a second getinitstate on the same connection"),
            Self::UnrequestedInitState => f.write_str("an initstate without a getinitstate before it"),
            Self::SecondInitState => f.write_str("a second initstate on the same connection"),
            Self::Points { points, limit } => write!(f, "{points} points on one connection, above {limit}"),
        }
    }
}

/// A message that nodes ban for whatever was sent before it.
struct Forbidden {
    rule: BanRule,
    /// The first protocol version at which they do.
    since: u32,
    applies: fn(&Message) -> bool,
}

static FORBIDDEN: [Forbidden; 6] = [
    Forbidden {
        rule: BanRule::EmptyInv,
        since: 0,
        applies: |message| matches!(message, Message::Inv(inv) if inv.inventory.is_empty()),
    },
    Forbidden {
        rule: BanRule::EmptyGetData,
        since: 0,
        applies: |message| matches!(message, Message::GetData(request) if request.inventory.is_empty()),
    },
    Forbidden {
        rule: BanRule::EmptyAddr,
        since: 0,
        applies: |message| matches!(message, Message::Addr(addr) if addr.addresses.is_empty()),
    },
    Forbidden {
        rule: BanRule::AddrNotCanonical,
        since: 0,
        applies: |message| {
            let is_foreign = |entry: &NetAddressV2| match entry.address {
                Address::Ipv6(ip) => ip.to_ipv4_mapped().is_some(),
                Address::Ipv4(_) | Address::TorV3(_) => false,
            };
            matches!(message, Message::AddrV2(addr) if addr.addresses().iter().any(is_foreign))
        },
    },
    Forbidden {
        rule: BanRule::MiningState,
        since: 8,
        applies: |message| matches!(message, Message::GetMinings | Message::MiningState(_)),
    },
    // Nodes that speak 6 and 7 serve them; dcrd 1.5.2 does.
    Forbidden {
        rule: BanRule::VersionOneFilters,
        since: 9,
        applies: |message| {
            matches!(message, Message::GetCFilter(_) | Message::GetCfHeaders(_) | Message::GetCfTypes)
        },
    },
];

/// The most points that a node bears.
const LIMIT: u32 = 100;
/// Lasting points for each block that a `notfound` names.
const NOT_FOUND_BLOCK: u32 = 20;
/// Passing points for each transaction that a `notfound` names.
const NOT_FOUND_TX: u32 = 10;
/// Passing points for each mixing message that a `notfound` names.
const NOT_FOUND_MIX: u32 = 10;
/// Passing points for a `mempool`.
const MEMPOOL: u32 = 33;
/// Passing points for a `getdata` of [`GET_DATA_ITEMS`], and the part of them for fewer, rounded down.
const GET_DATA: u32 = 99;
const GET_DATA_ITEMS: u32 = 50_000;
/// Passing points halve in so many seconds.
const HALF_LIFE: u64 = 60;
/// Passing points are gone so many seconds after the last ones came.
const LIFETIME: u64 = 1_800;

/// The points that a node counts against us on this connection. Above the limit it bans our host for a day.
///
/// Lasting points stay for as long as the connection lives. Passing points halve every 60 seconds. A new connection
/// begins at 0. What waits to be written does not fade yet, so this is at least what the node counts, as long as it
/// reads what we write.
///
/// | message | points |
/// | --- | --- |
/// | `notfound` | 20 lasting for each block, 10 passing for each transaction and mixing message |
/// | `mempool` | 33 passing |
/// | `getdata` | 99 passing for 50,000 items, in proportion for fewer: none for 505, 1 for 506 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Points that stay.
    pub lasting: u32,
    /// Points that fade, as they are now.
    pub passing: u32,
    /// The most that a node bears, lasting and passing together.
    pub limit: u32,
}

impl Standing {
    /// Lasting and passing points together.
    #[must_use]
    pub const fn points(self) -> u32 {
        self.lasting.saturating_add(self.passing)
    }
}

/// What a message costs.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    lasting: u32,
    passing: u32,
}

impl Cost {
    fn of(message: &Message) -> Self {
        match message {
            Message::MemPool => Self { lasting: 0, passing: MEMPOOL },
            Message::GetData(request) => {
                let items = u32::try_from(request.inventory.len()).unwrap_or(u32::MAX);
                let passing = items.saturating_mul(GET_DATA).checked_div(GET_DATA_ITEMS).unwrap_or_default();
                Self { lasting: 0, passing }
            }
            Message::NotFound(answer) => {
                let mut cost = Self::default();
                for item in &answer.inventory {
                    let (lasting, passing) = match item.kind {
                        InventoryKind::BLOCK => (NOT_FOUND_BLOCK, 0),
                        InventoryKind::TX => (0, NOT_FOUND_TX),
                        InventoryKind::MIX => (0, NOT_FOUND_MIX),
                        _ => (0, 0),
                    };
                    cost.lasting = cost.lasting.saturating_add(lasting);
                    cost.passing = cost.passing.saturating_add(passing);
                }
                cost
            }
            _ => Self::default(),
        }
    }

    const fn is_none(self) -> bool {
        self.lasting == 0 && self.passing == 0
    }
}

/// The points of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Points {
    lasting: u32,
    /// Passing points of what was written, in parts of [`ONE`], as of `since`.
    passing: u64,
    since: Time,
    /// Passing points of what waits to be written, oldest first.
    unwritten: VecDeque<(Mark, u32)>,
}

/// One passing point.
const ONE: u64 = 1 << 32;
/// What is left of [`ONE`] after a second: its 60th root of a half, rounded up.
const AFTER_A_SECOND: u64 = 4_245_635_390;
/// Most messages whose points are kept apart until they are written.
const UNWRITTEN: usize = 32;

impl Points {
    fn standing(&self, now: Time) -> Standing {
        let unwritten = self.unwritten.iter().fold(0, |sum: u32, (_, points)| sum.saturating_add(*points));
        let written = u32::try_from(self.faded(now).div_ceil(ONE)).unwrap_or(u32::MAX);
        Standing { lasting: self.lasting, passing: written.saturating_add(unwritten), limit: LIMIT }
    }

    /// What is left at `now` of the passing points that were written.
    fn faded(&self, now: Time) -> u64 {
        let seconds = now.saturating_since(self.since).as_secs();
        if seconds >= LIFETIME {
            return 0;
        }
        let halves = u32::try_from(seconds.checked_div(HALF_LIFE).unwrap_or_default()).unwrap_or(u32::MAX);
        let halved = self.passing.checked_shr(halves).unwrap_or_default();
        let rest = seconds.checked_rem(HALF_LIFE).unwrap_or_default();
        (0..rest).fold(halved, |left, _| {
            let left = u128::from(left).saturating_mul(u128::from(AFTER_A_SECOND));
            u64::try_from(left.div_ceil(u128::from(ONE))).unwrap_or(u64::MAX)
        })
    }

    fn queue(&mut self, cost: Cost, mark: Mark) {
        self.lasting = self.lasting.saturating_add(cost.lasting);
        if cost.passing == 0 {
            return;
        }
        // Where many wait, the newest of a lane share their fate: their points fade later, never earlier.
        if self.unwritten.len() >= UNWRITTEN
            && let Some(last) = self.unwritten.iter_mut().rev().find(|(last, _)| last.shares_lane(mark))
        {
            *last = (mark, last.1.saturating_add(cost.passing));
            return;
        }
        self.unwritten.push_back((mark, cost.passing));
    }

    /// Lets the points of what has been written fade from now on.
    pub(crate) fn on_written(&mut self, now: Time, is_flushed: impl Fn(Mark) -> bool) {
        let before = self.unwritten.len();
        let mut written: u32 = 0;
        self.unwritten.retain(|(mark, points)| {
            let is_written = is_flushed(*mark);
            if is_written {
                written = written.saturating_add(*points);
            }
            !is_written
        });
        if self.unwritten.len() < before {
            self.passing = self.faded(now).saturating_add(u64::from(written).saturating_mul(ONE));
            self.since = now;
        }
    }
}

/// What was said of the initial state, each of which may be said once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InitStateTurns {
    /// We asked for it.
    asked: bool,
    /// The remote asked for it.
    pub(crate) was_asked: bool,
    /// We told it.
    pub(crate) told: bool,
}

impl Peer {
    /// The points that a node counts against us at `now`.
    #[must_use]
    pub fn standing(&self, now: Time) -> Standing {
        let none = Standing { lasting: 0, passing: 0, limit: LIMIT };
        self.said.as_ref().map_or(none, |said| said.points.standing(now))
    }

    /// Refuses what nodes ban for, unless the configuration allows it.
    pub(super) fn check_bans(&self, message: &Message, now: Time) -> Result<(), SendError> {
        if self.config().bannable_messages == BannableMessages::Send {
            return Ok(());
        }
        self.ban_rule(message, now).map_or(Ok(()), |rule| Err(SendError::Bannable(rule)))
    }

    fn ban_rule(&self, message: &Message, now: Time) -> Option<BanRule> {
        let version = self.version.get();
        if let Some(found) = FORBIDDEN.iter().find(|rule| version >= rule.since && (rule.applies)(message)) {
            return Some(found.rule);
        }
        let turns = self.init_state;
        match message {
            Message::Raw(_) if self.config().unknown_commands == UnknownCommands::Refuse => {
                return Some(BanRule::UnknownCommand);
            }
            Message::GetInitState(_) if turns.asked => return Some(BanRule::SecondGetInitState),
            Message::InitState(_) if turns.told => return Some(BanRule::SecondInitState),
            Message::InitState(_) if !turns.was_asked => return Some(BanRule::UnrequestedInitState),
            _ => {}
        }
        let (cost, standing) = (Cost::of(message), self.standing(now));
        let points = standing.points().saturating_add(cost.lasting).saturating_add(cost.passing);
        let exceeds = !cost.is_none() && points > standing.limit;
        exceeds.then_some(BanRule::Points { points, limit: standing.limit })
    }

    /// Notes that `message` was queued up to `mark`.
    pub(super) fn note_standing(&mut self, message: &Message, mark: Mark) {
        match message {
            Message::GetInitState(_) => self.init_state.asked = true,
            Message::InitState(_) => self.init_state.told = true,
            _ => {}
        }
        let cost = Cost::of(message);
        if !cost.is_none() {
            self.said.get_or_insert_default().points.queue(cost, mark);
        }
    }
}
