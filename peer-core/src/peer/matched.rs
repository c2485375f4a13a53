//! What a message is to the requests that are open.

use crate::message::Inventory;

/// What a message is to the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// It answers none.
    Nothing,
    /// One more answer to what was answered already.
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
    /// The item that the message is, where it is asked for by name.
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
