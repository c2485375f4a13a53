//! What the node answers at once.

use peer_core::message::{
    Addr, AddrV2, CFiltersV2, GetBlocks, GetCfsV2, GetHeaders, GetInitState, Headers, InitState,
    InitStateType, Inv, Inventory, Pong, TimedNetAddress,
};
use peer_core::{Direction, Hash, Message, ProtocolVersion, Time};

use super::connection::Connection;
use super::rules::{self, Rule};
use super::shared::Shared;

impl Shared {
    pub(super) fn on_ping(connection: &mut Connection, nonce: u64) {
        connection.send(&Pong { nonce }.into());
    }

    pub(super) fn on_getheaders(&self, connection: &mut Connection, request: &GetHeaders) {
        let hashes = match self.has_work() {
            true => self.chain.after(&request.locator, &request.stop, rules::HEADERS),
            false => Vec::new(),
        };
        let headers: Vec<_> = hashes.iter().filter_map(|hash| self.chain.header(hash).copied()).collect();
        connection.send(&Headers { headers: headers.try_into().unwrap() }.into());
    }

    pub(super) fn on_getblocks(&self, connection: &mut Connection, request: &GetBlocks, now: Time) {
        let hashes = self.chain.after(&request.locator, &request.stop, rules::BLOCK_HASHES);
        let is_full = hashes.len() == rules::BLOCK_HASHES;
        connection.continue_at = hashes.last().filter(|_| is_full).copied();
        let blocks = hashes.into_iter().map(Inventory::block);
        let new: Vec<_> = blocks.filter(|item| !connection.knows(item, now)).collect();
        if !new.is_empty() {
            connection.send(&Inv { inventory: new.try_into().unwrap() }.into());
        }
    }

    /// After a full answer to `getblocks` and its last block, the best block tells that there is more.
    pub(super) fn continue_blocks(&self, connection: &mut Connection, served: &Hash) {
        if connection.continue_at.take_if(|last| last == served).is_some() {
            let tip = Inventory::block(self.chain.tip());
            connection.send(&Inv { inventory: vec![tip].try_into().unwrap() }.into());
        }
    }

    /// A block that is unknown is met with silence.
    pub(super) fn on_getcfilterv2(&self, connection: &mut Connection, block: &Hash) {
        if let Some(filter) = self.chain.filter(block) {
            connection.send(&filter.clone().into());
        }
    }

    /// A range that is refused is met with silence.
    pub(super) fn on_getcfsv2(&self, connection: &mut Connection, request: &GetCfsV2) {
        if let Some(filters) = self.chain.filters(&request.start_hash, &request.end_hash) {
            connection.send(&CFiltersV2 { cfilters: filters.try_into().unwrap() }.into());
        }
    }

    pub(super) fn on_getinitstate(
        &self,
        connection: &mut Connection,
        request: &GetInitState,
    ) -> Result<(), Rule> {
        if core::mem::replace(&mut connection.gave_init_state, true) {
            return Err(Rule::RepeatedGetInitState);
        }
        let mut state = InitState::default();
        if self.chain.height() >= rules::FIRST_VOTES {
            if request.types.contains(&InitStateType::HEAD_BLOCKS) {
                state.block_hashes.push(self.chain.tip()).unwrap();
            }
            if request.types.contains(&InitStateType::HEAD_BLOCK_VOTES) {
                state.vote_hashes = self.votes.clone().try_into().unwrap();
            }
        }
        connection.send(&Box::new(state).into());
        Ok(())
    }

    /// The pool, by way of the trickle, and for a price.
    pub(super) fn on_mempool(&mut self, connection: &mut Connection, now: Time) -> Result<(), Rule> {
        connection.blame(0, rules::MEMPOOL, now)?;
        let items: Vec<_> = self.pool.keys().map(|hash| Inventory::tx(*hash)).collect();
        for item in items {
            self.trickle(connection, item, now);
        }
        Ok(())
    }

    /// Told once, and only to those who dialled.
    pub(super) fn on_getaddr(&self, connection: &mut Connection) {
        let is_refused = connection.direction == Direction::Outbound || self.is_local_network();
        if is_refused || core::mem::replace(&mut connection.gave_addresses, true) || self.addresses.is_empty()
        {
            return;
        }
        let told: Vec<_> = self.addresses.iter().take(MOST_ADDRESSES).copied().collect();
        if connection.version >= ProtocolVersion::ADDR_V2 {
            connection.send(&AddrV2::new(told).unwrap().into());
        } else {
            let told: Vec<_> =
                told.into_iter().filter_map(|entry| TimedNetAddress::try_from(entry).ok()).collect();
            connection.send(&Message::Addr(Addr { addresses: told.try_into().unwrap() }));
        }
    }
}

/// Addresses of one message.
const MOST_ADDRESSES: usize = 1_000;
