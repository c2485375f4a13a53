//! What today's nodes ban a sender for, in one table, and the refusal to send it.
//!
//! The rules are those of dcrd's server, measured. It bans a host for 24 hours: for some messages at once, for others
//! when the points of a connection exceed a limit. Those are in [`standing`](super::standing).

use core::fmt;

use super::Peer;
use super::mark::Mark;
use super::standing::Cost;
use crate::error::SendError;
use crate::message::{Address, Message, NetAddressV2};
use crate::policy::BannableMessages;
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
    /// A command that the protocol version in force does not have.
    UnknownCommand,
    /// A second `getinitstate` on the same connection.
    SecondGetInitState,
    /// An `initstate` that the remote did not ask for.
    UnrequestedInitState,
    /// A second `initstate` on the same connection.
    SecondInitState,
    /// More points than a node accepts. Passing points fade, so the same message may be sent later. [`Peer::standing`]
    /// has the points.
    Points {
        /// The points that this message would bring us to.
        points: u32,
        /// The most points that a node accepts.
        limit: u32,
    },
}

impl fmt::Display for BanRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyInv => "an inv without entries",
            Self::EmptyGetData => "a getdata without entries",
            Self::EmptyAddr => "an addr without entries",
            Self::AddrNotCanonical => "an IPv4 address in the form of an IPv6 one",
            Self::MiningState => "getminings and miningstate from protocol version 8 on",
            Self::VersionOneFilters => "a request for version 1 committed filters from protocol version 9 on",
            Self::UnknownCommand => "a command that the protocol does not have",
            Self::SecondGetInitState => "a second getinitstate on the same connection",
            Self::UnrequestedInitState => "an initstate without a getinitstate before it",
            Self::SecondInitState => "a second initstate on the same connection",
            Self::Points { points, limit } => {
                return write!(
                    f,
                    "{points} points, above the limit of {limit}; passing points halve every 60 s"
                );
            }
        })
    }
}

/// Parts of the initial state, each of which may be sent once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InitStateExchange {
    /// We requested it.
    pub(crate) requested: bool,
    /// The remote requested it.
    pub(crate) was_asked: bool,
    /// We sent it.
    pub(crate) told: bool,
}

/// A message that nodes ban for.
struct BanTrigger {
    rule: BanRule,
    /// The first protocol version at which they do.
    since: u32,
    applies: fn(&Message, InitStateExchange) -> bool,
}

static BAN_TRIGGERS: [BanTrigger; 10] = [
    BanTrigger {
        rule: BanRule::EmptyInv,
        since: 0,
        applies: |message, _| matches!(message, Message::Inv(inv) if inv.inventory.is_empty()),
    },
    BanTrigger {
        rule: BanRule::EmptyGetData,
        since: 0,
        applies: |message, _| matches!(message, Message::GetData(request) if request.inventory.is_empty()),
    },
    BanTrigger {
        rule: BanRule::EmptyAddr,
        since: 0,
        applies: |message, _| matches!(message, Message::Addr(addr) if addr.addresses.is_empty()),
    },
    BanTrigger {
        rule: BanRule::AddrNotCanonical,
        since: 0,
        applies: |message, _| {
            let is_mapped = |entry: &NetAddressV2| match entry.address {
                Address::Ipv6(ip) => ip.to_ipv4_mapped().is_some(),
                Address::Ipv4(_) | Address::TorV3(_) => false,
            };
            matches!(message, Message::AddrV2(addr) if addr.addresses().iter().any(is_mapped))
        },
    },
    BanTrigger {
        rule: BanRule::MiningState,
        since: 8,
        applies: |message, _| matches!(message, Message::GetMinings | Message::MiningState(_)),
    },
    // Nodes of versions 6 and 7 serve them; dcrd 1.5.2 does.
    BanTrigger {
        rule: BanRule::VersionOneFilters,
        since: 9,
        applies: |message, _| {
            matches!(message, Message::GetCFilter(_) | Message::GetCfHeaders(_) | Message::GetCfTypes)
        },
    },
    BanTrigger {
        rule: BanRule::UnknownCommand,
        since: 0,
        applies: |message, _| matches!(message, Message::Raw(_)),
    },
    BanTrigger {
        rule: BanRule::SecondGetInitState,
        since: 0,
        applies: |message, state| matches!(message, Message::GetInitState(_)) && state.requested,
    },
    BanTrigger {
        rule: BanRule::SecondInitState,
        since: 0,
        applies: |message, state| matches!(message, Message::InitState(_)) && state.told,
    },
    BanTrigger {
        rule: BanRule::UnrequestedInitState,
        since: 0,
        applies: |message, state| matches!(message, Message::InitState(_)) && !state.was_asked,
    },
];

impl Peer {
    /// Refuses what nodes ban for, unless the configuration allows it.
    pub(super) fn check_bans(&self, message: &Message, now: Time) -> Result<(), SendError> {
        if self.config().bannable_messages == BannableMessages::Send {
            return Ok(());
        }
        let version = self.version.get();
        let applies = |trigger: &&BanTrigger| {
            version >= trigger.since && (trigger.applies)(message, self.history.init_state)
        };
        if let Some(trigger) = BAN_TRIGGERS.iter().find(applies) {
            return Err(SendError::Bannable(trigger.rule));
        }
        let cost = Cost::of(message);
        let (points, limit) = (self.points_with(cost, now), self.standing(now).limit);
        if cost.points() > 0 && points > limit {
            return Err(SendError::Bannable(BanRule::Points { points, limit }));
        }
        Ok(())
    }

    /// Notes that `message` was queued up to `mark`.
    pub(super) fn note_standing(&mut self, message: &Message, mark: Mark, now: Time) {
        match message {
            Message::GetInitState(_) => self.history.init_state.requested = true,
            Message::InitState(_) => self.history.init_state.told = true,
            Message::GetAddr => self.history.sent.get_or_insert_default().addresses = true,
            _ => {}
        }
        let cost = Cost::of(message);
        if cost.points() > 0 {
            self.history.sent.get_or_insert_default().points.queue(cost, mark, now);
        }
    }
}
