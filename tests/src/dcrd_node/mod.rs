//! A scripted node that treats its peers as a dcrd node's server does.
//!
//! It decides everything by itself, from the tables in [`rules`]; of `peer-core` it uses frames and messages alone, so
//! that it can judge the machine. Like the machine it does no input and output: bytes come in through
//! [`receive`](DcrdNode::receive) and go out through [`poll_transmit`](DcrdNode::poll_transmit), and the time is an
//! argument. [`tcp`] runs it on loopback sockets.
//!
//! What it cannot judge: signatures (each mixing message counts as wrong), scripts and amounts (each transaction that was
//! asked for and moves something is taken), and everything in a block but its header.

mod answers;
pub mod chain;
mod clock;
mod connection;
mod dispatch;
mod getdata;
pub mod golden;
mod handshake;
mod inventory;
mod limits;
mod output;
pub mod rules;
mod score;
mod setup;
mod shared;
mod sync;
pub mod tcp;
mod timers;

use core::net::IpAddr;
use std::collections::BTreeMap;

use peer_core::message::{BlockHeader, Transaction};
use peer_core::{Direction, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

pub use self::chain::Chain;
use self::connection::Connection;
pub use self::connection::Ended;
use self::limits::Hosts;
pub use self::rules::{Penalty, Rule};
pub use self::score::Score;
pub use self::setup::Setup;
use self::shared::{News, Shared, Sync};

/// Names a connection of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// The node and its connections.
#[derive(Clone, Debug)]
pub struct DcrdNode {
    shared: Shared,
    hosts: Hosts,
    connections: BTreeMap<ConnectionId, Connection>,
    next: u64,
    bans: bool,
}

impl DcrdNode {
    /// A node that has just started. All it draws comes from the seed.
    pub fn new(setup: Setup, seed: u64) -> Self {
        let bans = setup.bans;
        let shared = Shared::new(setup, ChaCha8Rng::seed_from_u64(seed));
        Self { shared, hosts: Hosts::default(), connections: BTreeMap::new(), next: 0, bans }
    }

    /// A peer has dialled the node. Where the host is not welcome the connection has ended already.
    pub fn accept(&mut self, host: IpAddr, now: Time) -> ConnectionId {
        let refusal = self.refusal(host, true, now);
        let id = self.insert(host, Direction::Inbound, now);
        if let Some(rule) = refusal {
            self.end(id, rule, now);
        }
        id
    }

    /// The node has dialled a peer. It says nothing to a host that is banned.
    pub fn dial(&mut self, host: IpAddr, now: Time) -> ConnectionId {
        let refusal = self.refusal(host, false, now);
        let id = self.insert(host, Direction::Outbound, now);
        match refusal {
            Some(rule) => self.end(id, rule, now),
            None => self.with(id, now, |shared, connection| {
                shared.send_version(connection, now);
                Ok(())
            }),
        }
        id
    }

    /// Takes bytes from a remote and does what they ask for.
    pub fn receive(&mut self, id: ConnectionId, bytes: &[u8], now: Time) {
        self.with(id, now, |shared, connection| {
            connection.input.extend_from_slice(bytes);
            shared.receive(id, connection, now)
        });
    }

    /// A remote has ended its stream.
    pub fn handle_eof(&mut self, id: ConnectionId, now: Time) {
        self.with(id, now, |_, connection| {
            let missing = connection.reader.missing(&connection.input);
            Err(if missing.is_some() { Rule::CutFrame } else { Rule::ByRemote })
        });
    }

    /// What to write next. What was queued before the end may still be written.
    pub fn poll_transmit(&mut self, id: ConnectionId, now: Time) -> &[u8] {
        match self.connections.get_mut(&id) {
            Some(connection) => connection.output.offer(now),
            None => &[],
        }
    }

    /// The transport took so many bytes of it.
    pub fn handle_transmitted(&mut self, id: ConnectionId, count: usize, now: Time) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.output.take(count);
        }
        self.with(id, now, |shared, connection| {
            shared.serve(connection, now);
            Ok(())
        });
    }

    /// Ends a connection at the owner's wish.
    pub fn close(&mut self, id: ConnectionId, now: Time) {
        self.end(id, Rule::ByOwner, now);
    }

    /// Forgets a connection.
    pub fn remove(&mut self, id: ConnectionId, now: Time) {
        self.close(id, now);
        self.connections.remove(&id);
    }

    /// Adds a block and what waits for the next one, and announces both.
    pub fn mine(&mut self, transactions: Vec<Transaction>, now: Time) -> BlockHeader {
        let timestamp = u32::try_from(self.shared.clock(now)).unwrap();
        let header = self.shared.chain.mine(timestamp);
        self.shared.news.push(News::Block(header.hash()));
        for tx in transactions {
            self.shared.news.push(News::Tx(tx.hash()));
            self.shared.pool.insert(tx.hash(), tx);
        }
        self.spread(now);
        header
    }

    /// Every connection that was not removed, oldest first.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.connections.keys().copied()
    }

    /// When the connection began.
    pub fn opened(&self, id: ConnectionId) -> Option<Time> {
        Some(self.connections.get(&id)?.opened)
    }

    /// Why and when the connection ended.
    pub fn ended(&self, id: ConnectionId) -> Option<Ended> {
        self.connections.get(&id)?.ended
    }

    /// Whether hands are shaken and the connection lives.
    pub fn is_established(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(Connection::is_established)
    }

    /// Each score that was reckoned.
    pub fn scores(&self, id: ConnectionId) -> &[u32] {
        self.connections.get(&id).map_or(&[], |connection| &connection.scores)
    }

    /// The score at this time.
    pub fn score(&self, id: ConnectionId, now: Time) -> u32 {
        self.connections.get(&id).map_or(0, |connection| connection.score.at(now))
    }

    /// Items that the remote was asked for and owes.
    pub fn open_requests(&self, id: ConnectionId) -> usize {
        self.connections.get(&id).map_or(0, |connection| connection.requests.len())
    }

    /// Whether the host is banned.
    pub fn is_banned(&self, host: IpAddr, now: Time) -> bool {
        self.hosts.is_banned(host, now)
    }

    /// Whether the node is on the tip of the chain.
    pub fn is_current(&self, now: Time) -> bool {
        self.shared.is_current(now)
    }

    /// Its chain.
    pub fn chain(&self) -> &Chain {
        &self.shared.chain
    }

    /// The transactions that wait for a block.
    pub fn pool(&self) -> impl Iterator<Item = &Transaction> {
        self.shared.pool.values()
    }

    fn insert(&mut self, host: IpAddr, direction: Direction, now: Time) -> ConnectionId {
        let id = ConnectionId(self.next);
        self.next += 1;
        let connection = Connection::new(self.shared.network, host, direction, self.bans, now);
        self.connections.insert(id, connection);
        id
    }

    fn refusal(&mut self, host: IpAddr, is_inbound: bool, now: Time) -> Option<Rule> {
        let live = self.connections.values().filter(|connection| connection.ended.is_none());
        let (all, same): (usize, usize) = live
            .fold((0, 0), |(all, same), connection| (all + 1, same + usize::from(connection.host == host)));
        self.hosts.refusal(host, is_inbound, all, same, now)
    }

    /// Does something with a connection that lives, ends it where that broke a rule, and tells the others the news.
    fn with(
        &mut self,
        id: ConnectionId,
        now: Time,
        work: impl FnOnce(&mut Shared, &mut Connection) -> Result<(), Rule>,
    ) {
        let live = self.connections.get_mut(&id).filter(|connection| connection.ended.is_none());
        if let Some(connection) = live
            && let Err(rule) = work(&mut self.shared, connection)
        {
            self.end(id, rule, now);
        }
        self.spread(now);
    }

    fn end(&mut self, id: ConnectionId, rule: Rule, now: Time) {
        let live = self.connections.get_mut(&id).filter(|connection| connection.ended.is_none());
        let Some(connection) = live else { return };
        let is_ban = self.bans && rule.penalty() != Penalty::Close;
        if is_ban {
            self.hosts.ban(connection.host, now);
        }
        connection.ended = Some(Ended { rule, is_ban, at: now });
        let items = core::mem::take(&mut connection.requests);
        self.shared.requested.retain(|item| !items.contains_key(item));
        self.ask_others(items.into_keys().collect(), now);
        self.replace_sync_peer(id, now);
    }

    /// What the one that left was asked for is asked of others that announced it.
    fn ask_others(&mut self, items: Vec<peer_core::message::Inventory>, now: Time) {
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            self.with(id, now, |shared, connection| {
                let theirs: Vec<_> =
                    items.iter().filter(|item| connection.announced.remove(item)).copied().collect();
                shared.request(connection, theirs, now)
            });
        }
    }

    fn replace_sync_peer(&mut self, left: ConnectionId, now: Time) {
        match &self.shared.sync {
            Sync::Headers(Some(peer)) if peer.id == left => self.shared.sync = Sync::Headers(None),
            Sync::Synced(Some(id)) if *id == left => {
                let full =
                    |(_, connection): &(_, &Connection)| connection.is_established() && connection.is_full();
                let next = self.connections.iter().find(full).map(|(id, _)| *id);
                self.shared.sync = Sync::Synced(next);
                self.shared.news.push(News::Download);
                return self.spread(now);
            }
            _ => return,
        }
        let mut ids: Vec<_> = self.connections.iter().map(|(id, peer)| (-peer.height(), *id)).collect();
        ids.sort_unstable();
        for (_, id) in ids {
            self.with(id, now, |shared, connection| {
                if connection.is_established() {
                    shared.consider_sync_peer(id, connection, now);
                }
                Ok(())
            });
        }
    }

    /// Tells every connection what is new.
    fn spread(&mut self, now: Time) {
        while !self.shared.news.is_empty() {
            for news in core::mem::take(&mut self.shared.news) {
                self.spread_one(&news, now);
            }
        }
    }

    fn spread_one(&mut self, news: &News, now: Time) {
        if matches!(news, News::Current) {
            self.shared.was_current |= self.shared.is_current(now);
        }
        let sync_peer = match self.shared.sync {
            Sync::Synced(id) => id,
            Sync::Headers(_) => None,
        };
        let established = self.connections.iter().filter(|(_, connection)| connection.is_established());
        let ids: Vec<_> = established.map(|(id, _)| *id).collect();
        for id in ids {
            self.with(id, now, |shared, connection| {
                match news {
                    News::Block(hash) => shared.announce_block(connection, *hash, now),
                    News::Tx(hash) => shared.announce_tx(connection, *hash, now),
                    News::Current if shared.was_current => shared.ask_init_state(connection, now),
                    News::Download if sync_peer == Some(id) => return shared.download(connection, now),
                    News::Current | News::Download => {}
                }
                Ok(())
            });
        }
    }
}
