//! Which messages ask for an answer and which only ever answer. The table says it of each, in these words.

use core::time::Duration;

use crate::message::chain::InventoryKind;

/// What a message that only ever answers is the answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An item of a `getdata`, of this kind.
    Item(InventoryKind),
    /// Any item of a `getdata`.
    AnyItem,
    /// A request that is answered as a whole.
    Whole(Whole),
}

/// Requests that are answered as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whole {
    MiningState,
    InitState,
    CFilter,
    CFHeaders,
    CFTypes,
    CFilterV2,
    CFiltersV2,
    /// Answered by `inv`, which may also come unasked. Waited for in the old era only.
    Inv,
    /// Answered by `headers`, which may also come unasked. Waited for in the old era only.
    Headers,
}

impl Whole {
    /// What must come, and how long it may take. `None` for those that may lawfully stay unanswered, which only
    /// count.
    pub(crate) const fn patience(self) -> Option<(&'static str, Duration)> {
        match self {
            Self::InitState => Some(("initstate", Duration::from_secs(30))),
            Self::Inv => Some(("inv", Duration::from_secs(30))),
            Self::Headers => Some(("headers", Duration::from_secs(90))),
            Self::MiningState
            | Self::CFilter
            | Self::CFHeaders
            | Self::CFTypes
            | Self::CFilterV2
            | Self::CFiltersV2 => None,
        }
    }
}
