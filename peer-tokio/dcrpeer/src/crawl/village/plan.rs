//! Who lives in a village, and who knows whom.

use core::net::Ipv4Addr;
use core::time::Duration;

use peer_core::message::Address;
use peer_core::{BannableMessages, Config, ConfigError, ProtocolVersion, Services};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::NETWORK;

/// Everybody. The first is the seed.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) inhabitants: Vec<Inhabitant>,
}

/// One address, and who is there.
#[derive(Clone, Debug)]
pub(super) struct Inhabitant {
    pub(super) role: Role,
    agent: (&'static str, &'static str, &'static str),
    protocol: u32,
    services: Services,
    pub(super) height: i32,
    /// Half of its distance: what is sent to it takes so long.
    pub(super) delay: Duration,
    /// Whom it tells of, by their places in the plan.
    pub(super) knows: Vec<usize>,
    /// An address that no crawl from here should visit, which it tells of too.
    pub(super) stray: Option<Address>,
}

/// How somebody treats visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// As a peer should.
    Talks,
    /// As a peer that is too old for today's network.
    Old,
    /// Nobody listens.
    Dead,
    /// Never says a word.
    Mute,
    /// Closes the door at once.
    HangsUp,
    /// Is a peer of another network.
    Foreign,
    /// Is a web server.
    Web,
    /// Shakes hands, and answers getaddr with a message that does not exist.
    Junk,
    /// Shakes hands, and answers getaddr with something else.
    Unrelated,
    /// Shakes hands, and knows nobody.
    Alone,
}

impl Role {
    pub(super) const fn is_reachable(self) -> bool {
        matches!(self, Self::Talks | Self::Junk | Self::Unrelated | Self::Alone)
    }
}

/// The others, by their places among 60 neighbours.
const OTHERS: [(usize, Role); 10] = [
    (3, Role::Dead),
    (7, Role::Old),
    (12, Role::Mute),
    (17, Role::Junk),
    (23, Role::HangsUp),
    (29, Role::Dead),
    (34, Role::Foreign),
    (41, Role::Unrelated),
    (47, Role::Old),
    (53, Role::Web),
];

/// What the peers call themselves (prefix, name, version), and how many in 100 run them.
const AGENTS: [(u32, (&str, &str, &str)); 9] = [
    (38, ("/dcrwire:1.0.0/", "dcrd", "2.1.0(pre)")),
    (24, ("/dcrwire:1.0.0/", "dcrd", "2.0.6")),
    (12, ("/dcrwire:0.7.0/", "dcrd", "2.0.3")),
    (8, ("/dcrwire:0.6.0/", "dcrd", "1.8.1")),
    (6, ("/dcrwire:1.0.0/", "dcrwallet", "2.0.6")),
    (4, ("/dcrwire:1.0.0/", "dexc", "1.0.2")),
    (4, ("/peer-core:0.1.0/", "dcrpeer", "0.1.0")),
    (2, ("/dcrwire:1.0.0/", "a-node-with-a-name-that-is-too-long-for-any-table", "10.20.30-rc.4+mainnet")),
    (2, ("", "", "")),
];

/// Protocol versions of those who are not too old, and how many in 100 speak them.
const PROTOCOLS: [(u32, u32); 4] = [(74, 12), (13, 11), (8, 10), (5, 9)];

/// Heights, and how many in 100 are there: most at the best block, some behind, a few far behind.
const HEIGHTS: [(u32, i32); 7] = [
    (79, BEST),
    (8, BEST - 1),
    (4, BEST - 2),
    (3, BEST - 9),
    (3, BEST - 160),
    (2, BEST - 12_000),
    (1, BEST / 2),
];
const BEST: i32 = 1_002_345;

impl Plan {
    pub(super) fn new(size: usize) -> Self {
        // Any number would do.
        let mut generator = ChaCha12Rng::seed_from_u64(9108);
        let mut inhabitants: Vec<_> = (0..size).map(|index| inhabitant(index, &mut generator)).collect();
        acquaint(&mut inhabitants, &mut generator);
        Self { inhabitants }
    }
}

fn inhabitant(index: usize, generator: &mut ChaCha12Rng) -> Inhabitant {
    let place = index % 60;
    let other = OTHERS.iter().find(|(other, _)| *other == place).map(|(_, role)| *role);
    let role = other.unwrap_or(if place == 59 { Role::Alone } else { Role::Talks });
    let services = match draw(generator, 100) {
        0..76 => Services::NODE_NETWORK | Services::NODE_CF,
        76..94 => Services::NODE_NETWORK,
        _ => Services::NONE,
    };
    let protocol = if role == Role::Old {
        8_u32.saturating_sub(draw(generator, 3))
    } else {
        choose(&PROTOCOLS, generator)
    };
    // From 2 to 128 ms, more or less evenly on a logarithmic scale.
    let octave = 2000_u64 << draw(generator, 6);
    let delay = Duration::from_micros(
        octave.saturating_add(generator.next_u64().checked_rem(octave).unwrap_or_default()),
    );
    let stray = match draw(generator, 12) {
        0 => {
            let [host, ..] = generator.next_u32().to_le_bytes();
            Some(Address::Ipv4(Ipv4Addr::new(192, 168, 0, host)))
        }
        1 => {
            let mut key = [0; 32];
            generator.fill_bytes(&mut key);
            Some(Address::TorV3(key))
        }
        _ => None,
    };
    Inhabitant {
        role,
        agent: choose(&AGENTS, generator),
        protocol,
        services,
        height: choose(&HEIGHTS, generator),
        delay,
        knows: Vec::new(),
        stray,
    }
}

/// Makes everybody known to somebody who talks and was known before, so that all are found, and a few more to
/// everybody.
fn acquaint(inhabitants: &mut [Inhabitant], generator: &mut ChaCha12Rng) {
    let size = inhabitants.len();
    let talking: Vec<_> = (0..size).filter(|index| role(inhabitants, *index) == Some(Role::Talks)).collect();
    for index in 1..size {
        // Neither always the seed, so that there are levels, nor always the neighbour, so that there are few.
        let before = talking.partition_point(|talking| *talking < index);
        let first = before / 10;
        let chosen = first.saturating_add(below(generator, before.saturating_sub(first)));
        let parent = talking.get(chosen).copied().unwrap_or_default();
        meet(inhabitants, parent, index);
    }
    for index in 0..size {
        for _ in 0..below(generator, 12).max(2) {
            let steps = below(generator, (size / 2).saturating_add(1));
            let near = index.saturating_add(steps).checked_rem(size).unwrap_or_default();
            meet(inhabitants, index, near);
        }
    }
}

fn role(inhabitants: &[Inhabitant], index: usize) -> Option<Role> {
    inhabitants.get(index).map(|inhabitant| inhabitant.role)
}

fn meet(inhabitants: &mut [Inhabitant], who: usize, whom: usize) {
    if let Some(inhabitant) = inhabitants.get_mut(who)
        && inhabitant.role != Role::Alone
    {
        inhabitant.knows.push(whom);
    }
}

impl Inhabitant {
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let (prefix, name, version) = self.agent;
        let config = Config::builder(NETWORK)
            .user_agent_prefix(prefix)
            .services(self.services)
            .protocol_version(ProtocolVersion::new(self.protocol))
            .min_protocol_version(ProtocolVersion::INITIAL)
            // Some talk nonsense.
            .bannable_messages(BannableMessages::Send);
        match name {
            "" => config.build(),
            name => config.user_agent(name, version).build(),
        }
    }
}

/// One of the values, each as often as its share of 100.
fn choose<T: Copy + Default>(shares: &[(u32, T)], generator: &mut ChaCha12Rng) -> T {
    let mut left = draw(generator, 100);
    for (share, value) in shares {
        match left.checked_sub(*share) {
            Some(rest) => left = rest,
            None => return *value,
        }
    }
    T::default()
}

/// A number below `bound`; 0 if there is none.
fn draw(generator: &mut ChaCha12Rng, bound: u32) -> u32 {
    generator.next_u32().checked_rem(bound).unwrap_or_default()
}

fn below(generator: &mut ChaCha12Rng, bound: usize) -> usize {
    draw(generator, u32::try_from(bound).unwrap_or(u32::MAX)) as usize
}
