//! Which messages only ever answer, and what.

use super::InventoryKind;

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

/// Requests that are answered as a whole. Those that may lawfully stay unanswered only count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
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
