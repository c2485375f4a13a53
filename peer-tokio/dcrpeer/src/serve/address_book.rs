//! The addresses that a node knows: those its peers sent, and its own.
//!
//! Peers can send anything, so what is kept has three limits: in all, for each peer, and for all peers of one network,
//! which may be one operator. Where a limit is reached the earliest entry of the source with most entries is dropped.

use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peer_core::message::{Address, NetAddressV2, TimedNetAddress, Timestamp};
use peer_core::{Message, Services};

use crate::scope::Scope;

/// Most addresses kept. With our own they fit into one message.
const MOST: usize = 999;

/// Most of these that the peers of one network have sent.
const MOST_OF_GROUP: usize = 250;

/// Most of these that one peer has sent.
const MOST_OF_PEER: usize = 100;

/// How far ahead, in seconds, a time may be because clocks differ.
const TOLERANCE: u64 = 10 * 60;

/// The age, in seconds, given to an address whose time lies in the future, so that others are preferred.
const PENALTY: u64 = 5 * 24 * 3600;

/// Addresses that peers sent.
#[derive(Debug)]
pub(super) struct AddressBook {
    /// Whether addresses that only their own network or machine can use are kept and sent, as in a test network.
    allows_private: bool,
    /// The services of our own address.
    services: Services,
    entries: Mutex<Entries>,
}

/// The peer that sent an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    group: Group,
    peer: u64,
}

/// The network of a peer, as dcrd groups addresses: 16 bits of an IPv4 address, 32 of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    V4([u8; 2]),
    V6([u16; 2]),
}

impl Group {
    /// The range of all sources in this network.
    fn range(self) -> RangeInclusive<Source> {
        Source { group: self, peer: 0 }..=Source { group: self, peer: u64::MAX }
    }
}

impl Source {
    /// The peer of this number, connected from this address.
    pub(super) fn new(peer: u64, address: IpAddr) -> Self {
        let group = match address.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                Group::V4([a, b])
            }
            IpAddr::V6(ip) => {
                let [a, b, ..] = ip.segments();
                Group::V6([a, b])
            }
        };
        Self { group, peer }
    }
}

impl AddressBook {
    pub(super) fn new(allows_private: bool, services: Services) -> Self {
        Self { allows_private, services, entries: Mutex::default() }
    }

    /// Adds the addresses in a message, if it has any.
    pub(super) fn add_from(&self, message: &Message, source: Source, now: Timestamp) {
        match message {
            Message::Addr(addr) => {
                self.add(addr.addresses.iter().filter_map(to_addr_v2), source, now);
            }
            Message::AddrV2(addr) => self.add(addr.addresses().iter().copied(), source, now),
            _ => {}
        }
    }

    /// All addresses that were sent, and our own as the requesting peer sees it, if others can use it.
    pub(super) fn known(&self, local: Option<SocketAddr>, now: Timestamp) -> Vec<NetAddressV2> {
        let own = local.map(|local| NetAddressV2 {
            timestamp: now,
            services: self.services,
            address: local.ip().to_canonical().into(),
            port: local.port(),
        });
        let own = own.filter(|own| self.is_kept(own));
        self.lock().all().chain(own).collect()
    }

    fn add(&self, addresses: impl Iterator<Item = NetAddressV2>, source: Source, now: Timestamp) {
        let kept = addresses.filter(|entry| self.is_kept(entry)).map(|entry| NetAddressV2 {
            timestamp: plausible(entry.timestamp, now),
            address: canonical(entry.address),
            ..entry
        });
        self.lock().add(kept, source);
    }

    fn is_kept(&self, entry: &NetAddressV2) -> bool {
        let is_kept = match Scope::of(&entry.address) {
            Scope::Public | Scope::Tor => true,
            Scope::Private | Scope::Loopback => self.allows_private,
            Scope::Unusable => false,
        };
        is_kept && entry.port != 0
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Identifies an entry.
type Key = (Address, u16);

#[derive(Debug, Default)]
struct Entries {
    known: HashMap<Key, NetAddressV2>,
    /// The entries that each peer was the first to send, the earliest at the front.
    by_source: BTreeMap<Source, VecDeque<Key>>,
}

impl Entries {
    /// Every entry, those of one peer together.
    fn all(&self) -> impl Iterator<Item = NetAddressV2> {
        self.by_source.values().flatten().filter_map(|key| self.known.get(key).copied())
    }

    fn add(&mut self, entries: impl Iterator<Item = NetAddressV2>, source: Source) {
        let mut has_room = true;
        for entry in entries {
            let key = (entry.address, entry.port);
            if let Some(known) = self.known.get_mut(&key) {
                if known.timestamp.seconds() < entry.timestamp.seconds() {
                    known.timestamp = entry.timestamp;
                }
                continue;
            }
            // If there is no room for one entry, there is none for the next.
            has_room = has_room && self.make_room(source);
            if has_room {
                self.known.insert(key, entry);
                self.by_source.entry(source).or_default().push_back(key);
            }
        }
    }

    /// Whether there is room for one more entry of `source`, if need be by dropping the earliest entry of a source
    /// that has at least two more. A difference of one would let two sources displace each other's entries forever.
    fn make_room(&mut self, source: Source) -> bool {
        let own = self.by_source.get(&source).map_or(0, VecDeque::len);
        if own >= MOST_OF_PEER {
            return false;
        }
        let of_group: usize = self.by_source.range(source.group.range()).map(|(_, keys)| keys.len()).sum();
        if of_group < MOST_OF_GROUP {
            if self.known.len() < MOST {
                return true;
            }
            let largest = self.largest_group();
            if let Some((group, _)) = largest.filter(|(_, size)| *size > of_group.saturating_add(1)) {
                return self.largest_peer(group).is_some_and(|(peer, _)| self.drop_earliest(peer));
            }
        }
        let largest = self.largest_peer(source.group);
        let largest = largest.filter(|(_, size)| *size > own.saturating_add(1));
        largest.is_some_and(|(peer, _)| self.drop_earliest(peer))
    }

    /// The network whose peers have sent most entries, and how many.
    fn largest_group(&self) -> Option<(Group, usize)> {
        let mut sizes = BTreeMap::<_, usize>::new();
        for (source, keys) in &self.by_source {
            let size = sizes.entry(source.group).or_default();
            *size = size.saturating_add(keys.len());
        }
        sizes.into_iter().max_by_key(|(_, size)| *size)
    }

    /// The peer of this network that has sent most entries, and how many.
    fn largest_peer(&self, group: Group) -> Option<(Source, usize)> {
        let peers = self.by_source.range(group.range()).map(|(source, keys)| (*source, keys.len()));
        peers.max_by_key(|(_, size)| *size)
    }

    /// Drops the earliest entry that this peer sent; `true` if there was one.
    fn drop_earliest(&mut self, peer: Source) -> bool {
        let Some(keys) = self.by_source.get_mut(&peer) else { return false };
        let earliest = keys.pop_front();
        if keys.is_empty() {
            self.by_source.remove(&peer);
        }
        earliest.is_some_and(|key| self.known.remove(&key).is_some())
    }
}

/// The canonical form of an address: dcrd bans for an IPv4 address that is mapped into IPv6.
fn canonical(address: Address) -> Address {
    match address {
        Address::Ipv6(ip) => ip.to_canonical().into(),
        other => other,
    }
}

/// A time in the future becomes one that is long ago, as in dcrd.
fn plausible(time: Timestamp, now: Timestamp) -> Timestamp {
    if time.seconds() <= now.seconds().saturating_add(TOLERANCE) {
        return time;
    }
    Timestamp::new(now.seconds().saturating_sub(PENALTY)).unwrap_or(now)
}

fn to_addr_v2(entry: &TimedNetAddress) -> Option<NetAddressV2> {
    let socket = entry.address.socket_addr();
    Some(NetAddressV2 {
        timestamp: Timestamp::new(entry.timestamp.into()).ok()?,
        services: entry.address.services,
        address: socket.ip().into(),
        port: socket.port(),
    })
}
