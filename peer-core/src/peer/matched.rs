//! How a message relates to the open requests.

use crate::message::Inventory;

/// How a message relates to the open requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// It answers none.
    Nothing,
    /// Another answer to a request that was answered already.
    Late,
    /// It answers an open one.
    Open,
}

/// What a message closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    pub(crate) found: Match,
    /// How many open requests and items it answered.
    pub(crate) entries: usize,
    /// The message's item, if it was requested by name.
    pub(crate) item: Option<Inventory>,
}

impl Closed {
    pub(super) fn of_item(found: Match, item: Inventory) -> Self {
        Self { item: Some(item), ..found.into() }
    }
}

impl From<Match> for Closed {
    fn from(found: Match) -> Self {
        Self { found, entries: usize::from(found == Match::Open), item: None }
    }
}
