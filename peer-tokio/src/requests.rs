//! Requests, and their responses.

use core::time::Duration;
use std::collections::BTreeMap;

use peer_core::message::{
    Block, BlockHeader, CFilterV2, InitState, InitStateTypeList, Inventory, InventoryList, Locator,
    NetAddressV2, Transaction,
};
use peer_core::{
    BlockRange, CodecError, Hash, Message, Peer, Request, RequestError, RequestOptions, SendError, Time,
    Unanswered,
};

use crate::blocks::Blocks;
use crate::handle::Handle;
use crate::response_error::ResponseError;
use crate::responses::{Responses, mismatch};

/// # Requests
///
/// Each of these sends a request and waits for its response. Dropping the future cancels the request. A task that takes
/// [`Events`](crate::Events) must not wait for responses in its own loop: see [`ResponseError::EventsNotTaken`].
///
/// The handshake must be complete. [`Events::only`](crate::Events::only) waits for that.
impl Handle {
    /// Sends a request, and returns its responses as they come.
    ///
    /// # Errors
    ///
    /// As [`Peer::request`], and the reason if the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the request is cancelled or was not made.
    pub async fn request(
        &self,
        request: Request,
        options: RequestOptions,
    ) -> Result<Responses, ResponseError> {
        let handle = self.clone();
        self.with(move |peer, now| handle.begin(peer, &request, options, now)).await?
    }

    fn begin(
        self,
        peer: &mut Peer,
        request: &Request,
        options: RequestOptions,
        now: Time,
    ) -> Result<Responses, ResponseError> {
        let id = peer.request(request, options, now)?;
        let is_single = match request {
            Request::Items(items) => items.len() == 1,
            Request::Filters(_) => false,
            _ => true,
        };
        self.shared.lock().add_waiter(id, is_single);
        Ok(Responses::new(self, id))
    }

    /// Up to 2,000 headers after the first hash of the locator that the remote knows, up to `stop`; empty if there are
    /// no more. With [`Hash::ZERO`] there is no stop.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`]; above 500 hashes
    /// [`CodecError::TooManyLocators`].
    pub async fn headers(&self, locator: Vec<Hash>, stop: Hash) -> Result<Vec<BlockHeader>, ResponseError> {
        let locator = Locator::try_from(locator).map_err(refused)?;
        match self.message(Request::Headers { locator, stop }).await? {
            Message::Headers(headers) => Ok(headers.headers.into_vec()),
            _ => Err(mismatch()),
        }
    }

    /// A block.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`].
    pub async fn block(&self, hash: Hash) -> Result<Block, ResponseError> {
        let items = InventoryList::try_from(vec![Inventory::block(hash)]).map_err(refused)?;
        match self.message(Request::Items(items)).await? {
            Message::Block(block) => Ok(block),
            _ => Err(mismatch()),
        }
    }

    /// Any number of blocks, in this order. 16 are requested at a time, which bounds the memory of those that wait.
    pub fn blocks(&self, hashes: Vec<Hash>) -> Blocks {
        Blocks::new(self.clone(), hashes)
    }

    /// Transactions, in this order. Those that the remote does not have are `None`.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`]; above 50,000
    /// [`CodecError::TooManyVectors`].
    pub async fn transactions(&self, hashes: &[Hash]) -> Result<Vec<Option<Transaction>>, ResponseError> {
        let items: Vec<_> = hashes.iter().copied().map(Inventory::tx).collect();
        let messages = self.items(items).await?;
        let transaction = |message| if let Message::Tx(tx) = message { Some(tx) } else { None };
        Ok(messages.into_iter().map(|message| message.and_then(transaction)).collect())
    }

    /// Mixing messages, in this order. Those that the remote does not have are `None`.
    ///
    /// # Errors
    ///
    /// As [`transactions`](Self::transactions).
    pub async fn mixing(&self, hashes: &[Hash]) -> Result<Vec<Option<Message>>, ResponseError> {
        self.items(hashes.iter().copied().map(Inventory::mix).collect()).await
    }

    async fn items(&self, items: Vec<Inventory>) -> Result<Vec<Option<Message>>, ResponseError> {
        let request = Request::Items(InventoryList::try_from(items.clone()).map_err(refused)?);
        let mut responses = self.request(request, RequestOptions::new()).await?;
        let mut found = BTreeMap::new();
        while let Some(response) = responses.next().await {
            match response {
                Ok(response) => found.extend(response.item.map(|item| (item, response.message))),
                Err(ResponseError::Unanswered { reason: Unanswered::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(items.iter().map(|item| found.get(item).cloned()).collect())
    }

    /// The version 2 filters of 1 to 100 blocks in a row, oldest first.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`]; above 100
    /// [`CodecError::TooManyCFilters`].
    pub async fn filters(&self, blocks: &[Hash]) -> Result<Vec<CFilterV2>, ResponseError> {
        let request = Request::Filters(BlockRange::try_from(blocks.to_vec()).map_err(refused)?);
        let mut responses = self.request(request, RequestOptions::new()).await?;
        let mut found = BTreeMap::new();
        while let Some(response) = responses.next().await {
            match response?.message {
                Message::CFiltersV2(filters) => return Ok(filters.cfilters.into_vec()),
                Message::CFilterV2(filter) => drop(found.insert(filter.block_hash, *filter)),
                _ => return Err(mismatch()),
            }
        }
        Ok(blocks.iter().filter_map(|block| found.remove(block)).collect())
    }

    /// These parts of the initial state, once on a connection.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`].
    pub async fn init_state(&self, types: InitStateTypeList) -> Result<InitState, ResponseError> {
        match self.message(Request::InitState(types)).await? {
            Message::InitState(state) => Ok(*state),
            _ => Err(mismatch()),
        }
    }

    /// Addresses that the remote knows. Once on a connection, and only on one that we made.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`].
    pub async fn addresses(&self) -> Result<Vec<NetAddressV2>, ResponseError> {
        match self.message(Request::Addresses).await? {
            message @ (Message::Addr(_) | Message::AddrV2(_)) => Ok(message.addresses().collect()),
            _ => Err(mismatch()),
        }
    }

    /// The time from a `ping` to its `pong`. The time in our own queue and task counts too.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Responses::next`].
    pub async fn ping(&self) -> Result<Duration, ResponseError> {
        let begin = self.clock.now();
        self.message(Request::Ping).await?;
        Ok(self.clock.now().saturating_since(begin))
    }

    /// The message that is the whole response.
    async fn message(&self, request: Request) -> Result<Message, ResponseError> {
        self.request(request, RequestOptions::new()).await?.only().await
    }
}

fn refused(error: CodecError) -> ResponseError {
    RequestError::from(SendError::from(error)).into()
}
