//! What a message is to the requests that are open.

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
}

impl From<Match> for Closed {
    fn from(found: Match) -> Self {
        Self { found, entries: usize::from(found == Match::Open) }
    }
}
