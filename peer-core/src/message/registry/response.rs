//! Requests and responses: the properties that the table gives to each message.

use core::time::Duration;

use crate::message::chain::InventoryKind;

/// What a message that is only ever a response responds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// An item of a `getdata`, of this kind.
    Item(InventoryKind),
    /// Any item of a `getdata`.
    AnyItem,
    /// A request that one message answers.
    Message(ResponseKind),
}

/// Responses of one message, by that message. Items of a `getdata` are answered one by one instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResponseKind {
    MiningState,
    InitState,
    CFilter,
    CfHeaders,
    CfTypes,
    CFilterV2,
    CFiltersV2,
    /// May also come unrequested. Has a timeout in the old era only.
    Inv,
    /// May also come unrequested. Has a timeout in the old era only.
    Headers,
}

impl ResponseKind {
    /// The command that must come, and how long it may take. `None` where a request may lawfully stay without response:
    /// such requests are only counted.
    pub(crate) const fn response_timeout(self) -> Option<(&'static str, Duration)> {
        match self {
            Self::InitState => Some(("initstate", Duration::from_secs(30))),
            Self::Inv => Some(("inv", Duration::from_secs(30))),
            Self::Headers => Some(("headers", Duration::from_secs(90))),
            Self::MiningState
            | Self::CFilter
            | Self::CfHeaders
            | Self::CfTypes
            | Self::CFilterV2
            | Self::CFiltersV2 => None,
        }
    }
}
