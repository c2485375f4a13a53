//! Requests for headers. A `headers` may also be an announcement, so its content tells.

use crate::hash::Hash;
use crate::message::{BlockHeader, Locator};
use crate::network::Network;

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct WantedHeaders {
    pub(super) locator: Locator,
    pub(super) stop: Hash,
}

/// What some headers are to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// They respond to something else, or to nothing.
    No,
    Yes,
    /// They begin as a response does, and are not linked.
    Broken,
}

impl WantedHeaders {
    /// A remote that knows none of the locator begins behind the genesis block.
    pub(super) fn fit(&self, headers: &[BlockHeader], network: Network) -> Fit {
        let Some(first) = headers.first() else { return Fit::Yes };
        if self.locator.is_empty() {
            let is_it = headers.len() == 1 && first.hash() == self.stop;
            return if is_it { Fit::Yes } else { Fit::No };
        }
        let parent = first.prev_block;
        if !self.locator.contains(&parent) && Some(parent) != network.genesis_hash() {
            return Fit::No;
        }
        if are_linked(headers) { Fit::Yes } else { Fit::Broken }
    }
}

/// Whether each header follows the one before.
fn are_linked(headers: &[BlockHeader]) -> bool {
    headers.iter().zip(headers.iter().skip(1)).all(|(parent, child)| child.prev_block == parent.hash())
}
