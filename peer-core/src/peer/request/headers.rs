//! Requests for headers. A `headers` may also be an announcement; its content decides.

use alloc::collections::VecDeque;

use super::table::MAX_OTHERS;
use super::types::RequestId;
use crate::hash::Hash;
use crate::message::{BlockHeader, Locator};
use crate::network::Network;
use crate::time::Time;

/// What was requested.
#[derive(Clone, Debug)]
pub(super) struct WantedHeaders {
    pub(super) locator: Locator,
    pub(super) stop: Hash,
}

/// How headers relate to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// They respond to another request, or to none.
    No,
    Yes,
    /// They begin like a response, but are not linked.
    Broken,
}

impl WantedHeaders {
    /// A remote that knows no entry of the locator begins behind the genesis block.
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

/// Requests for headers that ended without a response, which may still come. Only an empty response can be mistaken for
/// that to a later request; all others name their parent. Nodes respond in order, so the first response belongs to the
/// oldest request.
#[derive(Clone, Debug, Default)]
pub(super) struct OwedHeaders(VecDeque<(RequestId, Time)>);

impl OwedHeaders {
    /// Notes that this request has ended, and until when its response may come, on the clock of waiting.
    pub(super) fn add(&mut self, id: RequestId, until: Time) {
        if self.0.len() >= MAX_OTHERS {
            self.0.pop_front();
        }
        self.0.push_back((id, until));
    }

    /// An empty response came. Returns whether it belongs to a request before `oldest`, the first that is open.
    pub(super) fn take(&mut self, oldest: Option<RequestId>) -> bool {
        let is_earlier = |(id, _): &(RequestId, Time)| oldest.is_none_or(|oldest| *id < oldest);
        let place = self.0.iter().position(is_earlier);
        place.and_then(|place| self.0.remove(place)).is_some()
    }

    /// A response to this request came, so earlier ones will have none.
    pub(super) fn forget_before(&mut self, answered: RequestId) {
        self.0.retain(|(id, _)| *id > answered);
    }

    /// Drops those whose time is over.
    pub(super) fn expire(&mut self, waited: Time) {
        self.0.retain(|(_, until)| *until > waited);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
