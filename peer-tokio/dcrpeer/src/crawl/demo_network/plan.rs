//! The roles and the topology of a demo network.

use core::net::Ipv4Addr;
use core::time::Duration;

use peer_core::message::Address;
use peer_core::{BannableMessages, Config, ConfigError, Network, ProtocolVersion, Services};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The network that demo peers belong to.
pub(crate) const NETWORK: Network = Network::SIMNET;

/// All peers. The first is the seed.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) peers: Vec<DemoPeer>,
}

/// One peer of the plan.
#[derive(Clone, Debug)]
pub(super) struct DemoPeer {
    pub(super) role: Role,
    agent: (&'static str, &'static str, &'static str),
    protocol: u32,
    services: Services,
    pub(super) height: i32,
    /// Its latency in one direction: half of the round trip.
    pub(super) delay: Duration,
    /// The peers whose addresses it sends, by their indices in the plan.
    pub(super) known_peers: Vec<usize>,
    /// An address outside of the demo network that it sends, too. No crawl should visit it.
    pub(super) stray: Option<Address>,
}

/// How a peer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Correctly.
    Honest,
    /// Correctly, at a protocol version that is too old for today's network.
    Old,
    /// Does not listen.
    NotListening,
    /// Sends nothing.
    Silent,
    /// Closes every connection at once.
    Closes,
    /// Is a peer of another network.
    Foreign,
    /// Is a web server.
    Web,
    /// Shakes hands, and answers getaddr with a message that does not exist.
    UnknownMessage,
    /// Shakes hands, and answers getaddr with something else.
    WrongAnswer,
    /// Completes the handshake, and knows no addresses.
    NoAddresses,
}

impl Role {
    pub(super) const fn is_reachable(self) -> bool {
        matches!(self, Self::Honest | Self::UnknownMessage | Self::WrongAnswer | Self::NoAddresses)
    }
}

/// The faulty peers, by their indices in each group of 60.
const FAULTY: [(usize, Role); 10] = [
    (3, Role::NotListening),
    (7, Role::Old),
    (12, Role::Silent),
    (17, Role::UnknownMessage),
    (23, Role::Closes),
    (29, Role::NotListening),
    (34, Role::Foreign),
    (41, Role::WrongAnswer),
    (47, Role::Old),
    (53, Role::Web),
];

/// User agents (prefix, name, version), and how many in 100 run them.
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

/// Protocol versions of peers that are not too old, and how many in 100 speak them.
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
        // An arbitrary seed.
        let mut generator = ChaCha12Rng::seed_from_u64(9108);
        let mut peers: Vec<_> = (0..size).map(|index| peer(index, &mut generator)).collect();
        link_peers(&mut peers, &mut generator);
        Self { peers }
    }
}

fn peer(index: usize, generator: &mut ChaCha12Rng) -> DemoPeer {
    let position = index % 60;
    let other = FAULTY.iter().find(|(other, _)| *other == position).map(|(_, role)| *role);
    let role = other.unwrap_or(if position == 59 { Role::NoAddresses } else { Role::Honest });
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
    DemoPeer {
        role,
        agent: choose(&AGENTS, generator),
        protocol,
        services,
        height: choose(&HEIGHTS, generator),
        delay,
        known_peers: Vec::new(),
        stray,
    }
}

/// Makes every peer known to an honest peer of a lower index, so that all are found, and adds a few random links.
fn link_peers(peers: &mut [DemoPeer], generator: &mut ChaCha12Rng) {
    let size = peers.len();
    let honest: Vec<_> = (0..size).filter(|index| role(peers, *index) == Some(Role::Honest)).collect();
    for index in 1..size {
        // Not always the seed, so that there are several levels; not always the previous peer, so that they are few.
        let before = honest.partition_point(|honest| *honest < index);
        let first = before / 10;
        let chosen = first.saturating_add(below(generator, before.saturating_sub(first)));
        let parent = honest.get(chosen).copied().unwrap_or_default();
        link(peers, parent, index);
    }
    for index in 0..size {
        for _ in 0..below(generator, 12).max(2) {
            let steps = below(generator, (size / 2).saturating_add(1));
            let near = index.saturating_add(steps).checked_rem(size).unwrap_or_default();
            link(peers, index, near);
        }
    }
}

fn role(peers: &[DemoPeer], index: usize) -> Option<Role> {
    peers.get(index).map(|peer| peer.role)
}

fn link(peers: &mut [DemoPeer], from: usize, to: usize) {
    if let Some(peer) = peers.get_mut(from)
        && peer.role != Role::NoAddresses
    {
        peer.known_peers.push(to);
    }
}

impl DemoPeer {
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let (prefix, name, version) = self.agent;
        let config = Config::builder(NETWORK)
            .user_agent_prefix(prefix)
            .services(self.services)
            .protocol_version(ProtocolVersion::new(self.protocol))
            .min_protocol_version(ProtocolVersion::INITIAL)
            // Some roles send what nodes ban for.
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

/// A number below `bound`; 0 if `bound` is 0.
fn draw(generator: &mut ChaCha12Rng, bound: u32) -> u32 {
    generator.next_u32().checked_rem(bound).unwrap_or_default()
}

fn below(generator: &mut ChaCha12Rng, bound: usize) -> usize {
    draw(generator, u32::try_from(bound).unwrap_or(u32::MAX)) as usize
}
