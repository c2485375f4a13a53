//! How a node begins.

use peer_core::message::{NetAddressV2, Transaction};
use peer_core::{Hash, Network};

use super::chain::Chain;
use crate::pair::WALL_CLOCK;
use crate::samples::usual_tx;

/// What a node has when it starts. Change fields as a test needs them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The network.
    pub network: Network,
    /// Its chain.
    pub chain: Chain,
    /// Transactions that wait for a block.
    pub pool: Vec<Transaction>,
    /// Votes on the best block, which `initstate` names.
    pub votes: Vec<Hash>,
    /// The wall clock at [`Time::ZERO`](peer_core::Time::ZERO), in seconds since 1970.
    pub unix_time: u64,
    /// Whether the first synchronisation of headers is over. A node that has just started is not synced, whatever its
    /// chain.
    pub is_synced: bool,
    /// Whether it bans at all.
    pub bans: bool,
    /// Whether it asks for more of the initial state than for treasury spends.
    pub asks_mining_state: bool,
    /// What it tells those who ask for addresses. Nothing on simnet and regnet.
    pub addresses: Vec<NetAddressV2>,
}

impl Setup {
    /// A node that has just started and has nothing.
    pub fn new(network: Network) -> Self {
        Self {
            network,
            chain: Chain::genesis(network),
            pool: Vec::new(),
            votes: Vec::new(),
            unix_time: WALL_CLOCK.seconds(),
            is_synced: false,
            bans: true,
            asks_mining_state: true,
            addresses: Vec::new(),
        }
    }

    /// A node of simnet that is current, with so many made-up blocks and ten transactions that wait, five of them votes.
    pub fn current(blocks: u32) -> Self {
        let tip_time = u32::try_from(WALL_CLOCK.seconds()).unwrap();
        Self::current_with(Chain::made_up(Network::SIMNET, blocks, tip_time))
    }

    /// The same with this chain, a minute after its last block.
    pub fn current_with(chain: Chain) -> Self {
        let pool: Vec<_> = (0..10).map(usual_tx).collect();
        let votes = pool.iter().take(5).map(Transaction::hash).collect();
        let unix_time = u64::from(chain.tip_time()) + 60;
        Self { chain, pool, votes, unix_time, is_synced: true, ..Self::new(Network::SIMNET) }
    }
}
