//! Headers, blocks and the first synchronisation.

use peer_core::Time;
use peer_core::message::{Block, BlockHeader, InitState, Inventory};

use super::ConnectionId;
use super::connection::Connection;
use super::rules::{self, Rule};
use super::shared::{News, Shared, Sync};

impl Shared {
    pub(super) fn on_headers(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        headers: &[BlockHeader],
        now: Time,
    ) -> Result<(), Rule> {
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else { return Ok(()) };
        if !self.chain.has_header(&first.prev_block) {
            return self.on_unconnected(connection, headers.len());
        }
        let is_linked = |(before, header): (&BlockHeader, &BlockHeader)| {
            header.prev_block == before.hash() && header.height == before.height.wrapping_add(1)
        };
        if !headers.iter().zip(headers.iter().skip(1)).all(is_linked) {
            return Err(Rule::HeadersUnlinked);
        }
        let before = self.chain.header_height();
        if !headers.iter().all(|header| self.chain.add_header(header)) {
            return Err(Rule::HeadersInvalid);
        }
        connection.unconnected = 0;
        self.note_progress(id, before, last, now);
        if headers.len() == rules::HEADERS {
            self.ask_headers(connection, 0);
        }
        if self.is_synced() {
            return self.fetch_announced(connection, headers, now);
        }
        Ok(())
    }

    /// Few headers that lead nowhere look like an announcement.
    fn on_unconnected(&self, connection: &mut Connection, count: usize) -> Result<(), Rule> {
        if !self.is_synced() {
            return Ok(());
        }
        if count >= rules::ANNOUNCED_HEADERS {
            return Err(Rule::HeadersUnconnected);
        }
        connection.unconnected += 1;
        if connection.unconnected >= rules::UNCONNECTED_IN_A_ROW {
            return Err(Rule::HeadersUnconnectedAgain);
        }
        self.ask_headers(connection, 0);
        Ok(())
    }

    /// Restarts the clock of the sync peer, or ends the synchronisation of headers.
    fn note_progress(&mut self, id: ConnectionId, before: u32, last: &BlockHeader, now: Time) {
        let best = self.chain.header_height();
        let Sync::Headers(Some(peer)) = &mut self.sync else { return };
        if best > before {
            peer.deadline = now + rules::SYNC;
            peer.height = peer.height.max(i64::from(best));
        }
        if peer.id == id && i64::from(last.height) > peer.height - rules::SYNCED_WITHIN {
            self.sync = Sync::Synced(Some(id));
            self.news.push(if self.chain.is_whole() { News::Current } else { News::Download });
        }
    }

    /// A current node asks who announced a header for its block; another one downloads from its sync peer.
    fn fetch_announced(
        &mut self,
        connection: &mut Connection,
        headers: &[BlockHeader],
        now: Time,
    ) -> Result<(), Rule> {
        if !self.was_current {
            self.news.push(News::Download);
            return Ok(());
        }
        let items = headers.iter().map(|header| Inventory::block(header.hash()));
        let new: Vec<_> = items.filter(|item| self.chain.block(&item.hash).is_none()).collect();
        self.request(connection, new, now)
    }

    /// Fills up what the sync peer is asked for.
    pub(super) fn download(&mut self, connection: &mut Connection, now: Time) -> Result<(), Rule> {
        let is_open = |item: &&Inventory| item.kind == peer_core::message::InventoryKind::BLOCK;
        let open = connection.requests.keys().filter(is_open).count();
        if open >= rules::BLOCKS_REFILL {
            return Ok(());
        }
        let missing = self.chain.missing().filter(|item| !self.requested.contains(item));
        let next: Vec<_> = missing.take(rules::BLOCKS_AT_ONCE - open).collect();
        self.request(connection, next, now)
    }

    pub(super) fn on_block(
        &mut self,
        connection: &mut Connection,
        block: Block,
        now: Time,
    ) -> Result<(), Rule> {
        let hash = block.hash();
        let item = Inventory::block(hash);
        if !self.settle(connection, &item) {
            return Err(Rule::UnaskedBlock);
        }
        connection.add_known(item, now);
        let before = self.chain.height();
        self.chain.add_block(block);
        let connected = before + 1..=self.chain.height();
        if !connected.is_empty() {
            self.refused.clear();
            self.votes.clear();
        }
        if self.was_current || self.is_local_network() {
            let hashes = connected.filter_map(|height| self.chain.at(height));
            self.news.extend(hashes.collect::<Vec<_>>().into_iter().map(News::Block));
        }
        if !self.was_current {
            self.news.push(if self.chain.is_whole() { News::Current } else { News::Download });
        }
        Ok(())
    }

    /// The first one is welcome even unasked; what it names and the node lacks is asked for.
    pub(super) fn on_initstate(
        &mut self,
        connection: &mut Connection,
        state: &InitState,
        now: Time,
    ) -> Result<(), Rule> {
        if core::mem::replace(&mut connection.got_init_state, true) {
            return Err(Rule::RepeatedInitState);
        }
        connection.init_state_since = None;
        let blocks = state.block_hashes.iter().map(|hash| Inventory::block(*hash));
        let others =
            state.vote_hashes.iter().chain(state.tspend_hashes.iter()).map(|hash| Inventory::tx(*hash));
        let is_missing = |item: &Inventory| match self.chain.has_header(&item.hash) {
            true => false,
            false => !self.pool.contains_key(&item.hash),
        };
        let missing: Vec<_> = blocks.chain(others).filter(is_missing).collect();
        self.request(connection, missing, now)
    }
}
