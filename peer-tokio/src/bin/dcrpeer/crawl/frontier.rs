//! What a crawl knows and has not visited: what is nearest to the seeds comes first.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::place::{Place, Scope};

/// Most addresses that are remembered, far more than there are nodes. Peers that make addresses up can fill this,
/// some 20 MB, but not the memory.
const MOST: usize = 1 << 18;

/// Addresses that were heard of.
#[derive(Debug)]
pub(crate) struct Frontier {
    /// Every place that was ever heard of, visited or skipped or neither.
    heard: HashSet<Place>,
    /// To be visited, by level: the number of steps from a seed, on the way by which the place was heard of first.
    next: BTreeMap<u32, VecDeque<Place>>,
    /// Which scopes are visited.
    scopes: Vec<Scope>,
    /// How many places are to be visited, or were.
    known: u64,
    skipped: BTreeMap<Scope, u64>,
    /// How often a place was not remembered because there was no room.
    dropped: u64,
}

impl Frontier {
    /// Begins with the seeds. Public places are visited, those of Tor if there is a proxy, and others only
    /// where a seed is of their kind, as in a test network.
    pub(crate) fn new(seeds: Vec<Place>, has_proxy: bool) -> Self {
        let mut scopes: Vec<_> = seeds.iter().map(Place::scope).chain([Scope::Public]).collect();
        scopes.extend(has_proxy.then_some(Scope::Tor));
        scopes.retain(|scope| *scope != Scope::Unusable && (has_proxy || *scope != Scope::Tor));
        let mut frontier = Self {
            heard: HashSet::new(),
            next: BTreeMap::new(),
            scopes,
            known: 0,
            skipped: BTreeMap::new(),
            dropped: 0,
        };
        for seed in seeds {
            frontier.hear(seed, 0);
        }
        frontier
    }

    /// Notes a place of this level; `true` if it is news, and is to be visited.
    pub(crate) fn hear(&mut self, place: Place, level: u32) -> bool {
        if self.heard.contains(&place) {
            return false;
        }
        if self.heard.len() >= MOST {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        self.heard.insert(place.clone());
        let scope = place.scope();
        if !self.scopes.contains(&scope) {
            let count = self.skipped.entry(scope).or_default();
            *count = count.saturating_add(1);
            return false;
        }
        self.known = self.known.saturating_add(1);
        self.next.entry(level).or_default().push_back(place);
        true
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
    pub(crate) const fn known(&self) -> u64 {
        self.known
    }

    /// How many places are not visited for what they are.
    pub(crate) const fn skipped(&self) -> &BTreeMap<Scope, u64> {
        &self.skipped
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}
