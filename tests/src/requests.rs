//! Requests with an id, and what became of them.

use peer_core::message::{
    BlockHeader, CFilterV2, CFiltersV2, FilterData, Headers, Inventory, InventoryList, List, Locator,
};
use peer_core::{Event, Hash, Message, Request, RequestId, RequestOptions, Unanswered};

use crate::remote::Remote;

/// Asks for these.
pub fn items(items: impl Into<Vec<Inventory>>) -> Request {
    Request::Items(items.into().try_into().unwrap())
}

/// Asks for as many headers as possible behind the first of these that the remote knows.
pub fn headers_after(locator: impl Into<Vec<Hash>>) -> Request {
    Request::Headers { locator: Locator::try_from(locator.into()).unwrap(), stop: Hash::ZERO }
}

/// Asks for the filters of these blocks.
pub fn filters(blocks: impl Into<Vec<Hash>>) -> Request {
    Request::Filters(blocks.into().try_into().unwrap())
}

/// So many linked headers behind `parent`.
pub fn chain(parent: Hash, count: usize) -> Vec<BlockHeader> {
    let mut prev_block = parent;
    let next = |_| {
        let header = BlockHeader { prev_block, ..BlockHeader::default() };
        prev_block = header.hash();
        header
    };
    (0..count).map(next).collect()
}

/// Tells these.
pub fn headers_of(headers: impl Into<Vec<BlockHeader>>) -> Message {
    Headers { headers: headers.into().try_into().unwrap() }.into()
}

/// A filter of this block.
pub fn filter(block_hash: Hash) -> CFilterV2 {
    CFilterV2 {
        block_hash,
        data: FilterData::new(&[1, 2, 3][..]).unwrap(),
        proof_index: 0,
        proof_hashes: List::new(),
    }
}

/// Filters of these blocks.
pub fn filters_of(blocks: &[Hash]) -> Message {
    let cfilters: Vec<_> = blocks.iter().copied().map(filter).collect();
    CFiltersV2 { cfilters: cfilters.try_into().unwrap() }.into()
}

/// What became of a request, without the messages.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Told {
    /// A response with so much remaining.
    Response(RequestId, Message, u32),
    /// It ended otherwise, with this missing.
    Ended(RequestId, Unanswered, Vec<Inventory>),
    /// A message that responds to nothing.
    Message(Message),
}

/// What a remote's machine tells until the input is drained.
pub fn told(remote: &mut Remote) -> Vec<Told> {
    let told = |event| match event {
        Event::Response(response) => Told::Response(response.id, response.message, response.remaining),
        Event::Unanswered { id, reason, missing } => Told::Ended(id, reason, missing.into_vec()),
        Event::Message(message) => Told::Message(message),
        other => panic!("{other:?} came after the handshake"),
    };
    remote.events().into_iter().map(told).collect()
}

impl Remote {
    /// Makes a request through our machine, with the default options, and lets it be written at once.
    pub fn is_asked(&mut self, request: &Request) -> RequestId {
        self.is_asked_with(request, RequestOptions::new())
    }

    /// The same with these options.
    pub fn is_asked_with(&mut self, request: &Request, options: RequestOptions) -> RequestId {
        let id = self.machine.request(request, options, self.now).unwrap();
        self.hears();
        id
    }

    /// Says something, and returns what our machine tells then.
    pub fn is_told(&mut self, message: &Message) -> Vec<Told> {
        self.say(message);
        told(self)
    }
}

/// No items.
pub const NONE: Vec<Inventory> = Vec::new();

/// A list of items, as messages have it.
pub fn list(items: impl Into<Vec<Inventory>>) -> InventoryList {
    items.into().try_into().unwrap()
}
