//! What all connections of the node have in common.

use std::collections::{BTreeMap, BTreeSet};

use peer_core::message::{Inventory, NetAddressV2, Timestamp, Transaction};
use peer_core::{Hash, Network, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use super::chain::Chain;
use super::connection::Connection;
use super::rules::{self, Rule};
use super::{ConnectionId, Setup};

/// Chain, pool and synchronisation.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) network: Network,
    pub(super) unix_time: u64,
    pub(super) asks_mining_state: bool,
    pub(super) addresses: Vec<NetAddressV2>,
    pub(super) chain: Chain,
    /// Transactions that wait for a block.
    pub(super) pool: BTreeMap<Hash, Transaction>,
    /// Those announced lately, and when. They are served even if the pool has lost them.
    pub(super) relayed: BTreeMap<Hash, (Transaction, Time)>,
    /// Transactions that were refused since the last block.
    pub(super) refused: BTreeSet<Hash>,
    /// Votes on the best block.
    pub(super) votes: Vec<Hash>,
    /// Items that some peer was asked for.
    pub(super) requested: BTreeSet<Inventory>,
    pub(super) sync: Sync,
    /// Whether the node has become current before, since its start.
    pub(super) was_current: bool,
    pub(super) nonces: BTreeSet<u64>,
    pub(super) news: Vec<News>,
    pub(super) rng: ChaCha8Rng,
}

/// How far the first synchronisation is.
#[derive(Clone, Debug)]
pub(super) enum Sync {
    /// Headers are still to come.
    Headers(Option<SyncPeer>),
    /// All headers are there; blocks come from the sync peer if they are not.
    Synced(Option<ConnectionId>),
}

/// The peer whose headers the node waits for.
#[derive(Clone, Debug)]
pub(super) struct SyncPeer {
    pub(super) id: ConnectionId,
    /// The height to reach: first what the peer said.
    pub(super) height: i64,
    /// When it has taken too long.
    pub(super) deadline: Time,
}

/// What the other connections are to be told of.
#[derive(Clone, Debug)]
pub(super) enum News {
    Block(Hash),
    Tx(Hash),
    /// The node has become current.
    Current,
    /// The sync peer may be asked for more blocks.
    Download,
}

impl Shared {
    pub(super) fn new(setup: Setup, rng: ChaCha8Rng) -> Self {
        let pool: BTreeMap<_, _> = setup.pool.into_iter().map(|tx| (tx.hash(), tx)).collect();
        Self {
            network: setup.network,
            unix_time: setup.unix_time,
            asks_mining_state: setup.asks_mining_state,
            addresses: setup.addresses,
            chain: setup.chain,
            pool,
            relayed: BTreeMap::new(),
            refused: BTreeSet::new(),
            votes: setup.votes,
            requested: BTreeSet::new(),
            sync: if setup.is_synced { Sync::Synced(None) } else { Sync::Headers(None) },
            was_current: false,
            nonces: BTreeSet::new(),
            news: Vec::new(),
            rng,
        }
    }

    pub(super) fn clock(&self, now: Time) -> u64 {
        self.unix_time + now.elapsed().as_secs()
    }

    pub(super) fn timestamp(&self, now: Time) -> Timestamp {
        Timestamp::new(self.clock(now)).unwrap()
    }

    pub(super) fn is_synced(&self) -> bool {
        matches!(self.sync, Sync::Synced(_))
    }

    /// Whether the node is on the tip of the chain, as far as it can tell.
    pub(super) fn is_current(&self, now: Time) -> bool {
        let tip_time = u64::from(self.chain.tip_time());
        self.is_synced()
            && self.chain.is_whole()
            && self.clock(now) < tip_time + rules::CURRENT_WITHIN.as_secs()
            && self.has_work()
    }

    /// Whether the chain has the least work that a network is known to have. No made-up chain has that of mainnet or
    /// testnet 3.
    pub(super) fn has_work(&self) -> bool {
        self.is_local_network()
    }

    /// Whether this is a network on which nodes tell no addresses and mine without being synced.
    pub(super) fn is_local_network(&self) -> bool {
        matches!(self.network, Network::SIMNET | Network::REGNET)
    }

    /// How long an announcement waits for company.
    pub(super) fn trickle_delay(&mut self) -> core::time::Duration {
        let (least, most) = rules::TRICKLE;
        core::time::Duration::from_millis(least + self.rng.next_u64() % (most - least + 1))
    }

    /// Asks for items that no one was asked for yet.
    pub(super) fn request(
        &mut self,
        connection: &mut Connection,
        items: impl IntoIterator<Item = Inventory>,
        now: Time,
    ) -> Result<(), Rule> {
        let new: Vec<_> = items.into_iter().filter(|item| !self.requested.contains(item)).collect();
        let names = new.clone();
        connection.request(new, now)?;
        self.requested.extend(names);
        Ok(())
    }

    /// Notes that an item came, or that the remote does not have it.
    pub(super) fn settle(&mut self, connection: &mut Connection, item: &Inventory) -> bool {
        self.requested.remove(item);
        connection.requests.remove(item).is_some()
    }

    /// The transaction with this hash, if it is in the pool or was announced lately.
    pub(super) fn transaction(&self, hash: &Hash, now: Time) -> Option<Transaction> {
        let relayed = self.relayed.get(hash);
        let fresh = relayed.filter(|(_, since)| now.saturating_since(*since) < rules::ANNOUNCED_FOR);
        fresh.map(|(tx, _)| tx).or_else(|| self.pool.get(hash)).cloned()
    }
}
