//! The honest remote's memory: what it was asked for and has not answered.

use peer_core::message::Inventory;
use peer_core::{Hash, Message};
use rand_chacha::ChaCha8Rng;

use crate::requests::below;

#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) items: Vec<Inventory>,
    /// The first locator entry of each `getheaders`.
    pub(crate) headers: Vec<Hash>,
    /// The blocks of each `getcfsv2`, by its ends.
    pub(crate) filters: Vec<(Hash, Hash)>,
    pub(crate) pongs: Vec<u64>,
}

impl Owed {
    pub(crate) fn hear(&mut self, message: Message) {
        match message {
            Message::GetData(request) => self.items.extend(request.inventory),
            Message::GetHeaders(request) => self.headers.push(request.locator[0]),
            Message::GetCfsV2(request) => self.filters.push((request.start_hash, request.end_hash)),
            Message::Ping(ping) => self.pongs.push(ping.nonce),
            other => panic!("{other:?} was not to be sent"),
        }
    }
}

/// Takes any one of these.
pub(crate) fn take_any<T>(list: &mut Vec<T>, rng: &mut ChaCha8Rng) -> Option<T> {
    (!list.is_empty()).then(|| list.remove(below(rng, list.len())))
}
