//! The endpoints that a crawl knows and has not visited, the nearest to the seeds first.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::{Serialize, Serializer};

use super::endpoint::{Endpoint, Host};
use crate::scope::Scope;

/// Most endpoints kept, and again as many skipped ones: far more than there are nodes. Peers that make up addresses can
/// fill both, some 40 MB, and no more.
const MOST: usize = 1 << 18;

/// Ports of one host that are visited by default. One is usual; with no limit peers could make a crawl scan a host.
const PORTS_PER_HOST: u16 = 4;

/// The endpoints that a crawl knows.
#[derive(Debug)]
pub(crate) struct Frontier {
    /// Every endpoint that was visited or is to be.
    known: HashSet<Endpoint>,
    /// Every other endpoint, with a limit of their own, so that they take no room from the others.
    skipped_endpoints: HashSet<Endpoint>,
    /// To be visited, by level: the number of steps from a seed, on the path by which the endpoint was found first.
    next: BTreeMap<u32, VecDeque<Endpoint>>,
    /// Which scopes are visited.
    scopes: Vec<Scope>,
    ports: Ports,
    skipped: BTreeMap<Skip, u64>,
    /// How many endpoints were not kept because there was no room.
    dropped: u64,
}

/// Why an endpoint is not visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// Endpoints of this scope are not visited.
    Scope(Scope),
    /// The limit of ports of its host is reached.
    TooManyPorts,
}

impl Serialize for Skip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scope(scope) => scope.serialize(serializer),
            Self::TooManyPorts => serializer.serialize_str("too_many_ports"),
        }
    }
}

impl Frontier {
    /// Begins with the seeds. Public endpoints are visited, those of Tor if there is a proxy, and others only
    /// if a seed has their scope, as in a test network. The seeds are always visited.
    pub(crate) fn new(seeds: Vec<Endpoint>, has_proxy: bool, ports: Ports) -> Self {
        let mut scopes: Vec<_> = seeds.iter().map(Endpoint::scope).chain([Scope::Public]).collect();
        scopes.extend(has_proxy.then_some(Scope::Tor));
        scopes.retain(|scope| *scope != Scope::Unusable && (has_proxy || *scope != Scope::Tor));
        let mut frontier = Self {
            known: HashSet::new(),
            skipped_endpoints: HashSet::new(),
            next: BTreeMap::new(),
            scopes,
            ports,
            skipped: BTreeMap::new(),
            dropped: 0,
        };
        for seed in seeds {
            if frontier.known.insert(seed.clone()) {
                frontier.ports.admit(&seed);
                frontier.next.entry(0).or_default().push_back(seed);
            }
        }
        frontier
    }

    /// Adds an endpoint of this level; `true` if it is new and to be visited.
    pub(crate) fn add(&mut self, endpoint: Endpoint, level: u32) -> bool {
        if self.known.contains(&endpoint) || self.skipped_endpoints.contains(&endpoint) {
            return false;
        }
        let skip = self.reason_to_skip(&endpoint);
        let remembered = if skip.is_some() { &mut self.skipped_endpoints } else { &mut self.known };
        if remembered.len() >= MOST {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        remembered.insert(endpoint.clone());
        if let Some(skip) = skip {
            let count = self.skipped.entry(skip).or_default();
            *count = count.saturating_add(1);
            return false;
        }
        self.ports.admit(&endpoint);
        self.next.entry(level).or_default().push_back(endpoint);
        true
    }

    fn reason_to_skip(&self, endpoint: &Endpoint) -> Option<Skip> {
        let scope = endpoint.scope();
        if !self.scopes.contains(&scope) {
            return Some(Skip::Scope(scope));
        }
        (!self.ports.has_room(endpoint)).then_some(Skip::TooManyPorts)
    }

    /// The next endpoint to visit, and its level.
    pub(crate) fn next(&mut self) -> Option<(Endpoint, u32)> {
        let mut nearest = self.next.first_entry()?;
        let next = nearest.get_mut().pop_front().map(|endpoint| (endpoint, *nearest.key()));
        if nearest.get().is_empty() {
            nearest.remove();
        }
        next
    }

    /// Puts back an endpoint that was taken by `next`.
    pub(crate) fn put_back(&mut self, endpoint: Endpoint, level: u32) {
        self.next.entry(level).or_default().push_front(endpoint);
    }

    /// Whether nothing is left to visit.
    pub(crate) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// How many endpoints are to be visited, or were.
    pub(crate) fn known(&self) -> u64 {
        self.known.len() as u64
    }

    /// How many endpoints are not visited, and why.
    pub(crate) const fn skipped(&self) -> &BTreeMap<Skip, u64> {
        &self.skipped
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// How many ports of each host are visited.
#[derive(Debug)]
pub(crate) struct Ports {
    /// The user's limit.
    limit: Option<u16>,
    /// The network's default port. It is not counted: ports that a peer made up for a host must not keep
    /// a crawl from the node that is there.
    usual: Option<u16>,
    admitted: HashMap<Host, u16>,
}

impl Ports {
    pub(crate) fn new(limit: Option<u16>, usual: Option<u16>) -> Self {
        Self { limit, usual, admitted: HashMap::new() }
    }

    fn has_room(&self, endpoint: &Endpoint) -> bool {
        // Many peers on this machine are a test network.
        let is_test = endpoint.scope() == Scope::Loopback && self.limit.is_none();
        let limit = self.limit.unwrap_or(PORTS_PER_HOST);
        let admitted = self.admitted.get(&endpoint.host()).copied().unwrap_or_default();
        is_test || self.usual == Some(endpoint.port()) || admitted < limit
    }

    fn admit(&mut self, endpoint: &Endpoint) {
        if self.usual != Some(endpoint.port()) {
            let admitted = self.admitted.entry(endpoint.host()).or_default();
            *admitted = admitted.saturating_add(1);
        }
    }
}
