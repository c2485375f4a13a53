//! What a crawl knows and has not visited: what is nearest to the seeds comes first.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::{Serialize, Serializer};

use super::place::{Host, Place};
use crate::scope::Scope;

/// Most addresses that are remembered, far more than there are nodes, and as many of those that are skipped. Peers
/// that make addresses up can fill this, some 40 MB, but not the memory.
const MOST: usize = 1 << 18;

/// Ports of one host that are visited by default. One is usual, and more are a way to have a crawl scan a host.
const PORTS_PER_HOST: u16 = 4;

/// Addresses that were heard of.
#[derive(Debug)]
pub(crate) struct Frontier {
    /// Every place that was visited or is to be.
    heard: HashSet<Place>,
    /// Every other place that was heard of. They have room of their own, so that they take none from the others.
    passed_over: HashSet<Place>,
    /// To be visited, by level: the number of steps from a seed, on the way by which the place was heard of first.
    next: BTreeMap<u32, VecDeque<Place>>,
    /// Which scopes are visited.
    scopes: Vec<Scope>,
    ports: Ports,
    skipped: BTreeMap<Skip, u64>,
    /// How often a place was not remembered because there was no room.
    dropped: u64,
}

/// Why a place is not visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// For what it is.
    Scope(Scope),
    /// Enough other ports of its host are visited.
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
    /// Begins with the seeds. Public places are visited, those of Tor if there is a proxy, and others only
    /// where a seed is of their kind, as in a test network. The seeds are visited whatever they are.
    pub(crate) fn new(seeds: Vec<Place>, has_proxy: bool, ports: Ports) -> Self {
        let mut scopes: Vec<_> = seeds.iter().map(Place::scope).chain([Scope::Public]).collect();
        scopes.extend(has_proxy.then_some(Scope::Tor));
        scopes.retain(|scope| *scope != Scope::Unusable && (has_proxy || *scope != Scope::Tor));
        let mut frontier = Self {
            heard: HashSet::new(),
            passed_over: HashSet::new(),
            next: BTreeMap::new(),
            scopes,
            ports,
            skipped: BTreeMap::new(),
            dropped: 0,
        };
        for seed in seeds {
            if frontier.heard.insert(seed.clone()) {
                frontier.ports.admit(&seed);
                frontier.next.entry(0).or_default().push_back(seed);
            }
        }
        frontier
    }

    /// Notes a place of this level; `true` if it is news, and is to be visited.
    pub(crate) fn hear(&mut self, place: Place, level: u32) -> bool {
        if self.heard.contains(&place) || self.passed_over.contains(&place) {
            return false;
        }
        let skip = self.reason_to_skip(&place);
        let remembered = if skip.is_some() { &mut self.passed_over } else { &mut self.heard };
        if remembered.len() >= MOST {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        remembered.insert(place.clone());
        if let Some(skip) = skip {
            let count = self.skipped.entry(skip).or_default();
            *count = count.saturating_add(1);
            return false;
        }
        self.ports.admit(&place);
        self.next.entry(level).or_default().push_back(place);
        true
    }

    fn reason_to_skip(&self, place: &Place) -> Option<Skip> {
        let scope = place.scope();
        if !self.scopes.contains(&scope) {
            return Some(Skip::Scope(scope));
        }
        (!self.ports.has_room(place)).then_some(Skip::TooManyPorts)
    }

    /// The next place to visit, and its level.
    pub(crate) fn next(&mut self) -> Option<(Place, u32)> {
        let mut nearest = self.next.first_entry()?;
        let next = nearest.get_mut().pop_front().map(|place| (place, *nearest.key()));
        if nearest.get().is_empty() {
            nearest.remove();
        }
        next
    }

    /// A place that was next, and is so again.
    pub(crate) fn put_back(&mut self, place: Place, level: u32) {
        self.next.entry(level).or_default().push_front(place);
    }

    /// Whether nothing is left to visit.
    pub(crate) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// How many places are to be visited, or were.
    pub(crate) fn known(&self) -> u64 {
        self.heard.len() as u64
    }

    /// How many places are not visited, and why.
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
    /// As the user wants it.
    limit: Option<u16>,
    /// On which nodes of the network listen. It is not counted: ports that somebody made up for a host must not keep
    /// a crawl from the node that is there.
    usual: Option<u16>,
    admitted: HashMap<Host, u16>,
}

impl Ports {
    pub(crate) fn new(limit: Option<u16>, usual: Option<u16>) -> Self {
        Self { limit, usual, admitted: HashMap::new() }
    }

    fn has_room(&self, place: &Place) -> bool {
        // A network of many peers on this machine is a test.
        let is_test = place.scope() == Scope::Loopback && self.limit.is_none();
        let limit = self.limit.unwrap_or(PORTS_PER_HOST);
        let admitted = self.admitted.get(&place.host()).copied().unwrap_or_default();
        is_test || self.usual == Some(place.port()) || admitted < limit
    }

    fn admit(&mut self, place: &Place) {
        if self.usual != Some(place.port()) {
            let admitted = self.admitted.entry(place.host()).or_default();
            *admitted = admitted.saturating_add(1);
        }
    }
}
