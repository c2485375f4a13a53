//! Building a configuration: defaults, setters and checks.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::Config;
use crate::error::ConfigError;
use crate::message::UserAgent;
use crate::network::Network;
use crate::policy::{BannableMessages, InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;

/// The largest table of open outbound handshakes. It is allocated with the node.
const MAX_OPEN_HANDSHAKES: usize = 1 << 20;

/// The parts of a user agent: `PREFIX/NAME:VERSION(COMMENT; COMMENT)/`.
#[derive(Clone, Debug)]
struct Agent {
    prefix: String,
    name: Option<(String, String)>,
    comments: Vec<String>,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            prefix: format!("/peer-core:{}/", env!("CARGO_PKG_VERSION")),
            name: None,
            comments: Vec::new(),
        }
    }
}

impl Agent {
    fn build(self) -> Result<UserAgent, ConfigError> {
        if self.name.is_none() && !self.comments.is_empty() {
            return Err(ConfigError::CommentsWithoutName { comments: self.comments.len() });
        }
        let mut text = self.prefix;
        if let Some((name, version)) = self.name {
            text.push_str(&format!("{name}:{version}"));
            if !self.comments.is_empty() {
                text.push_str(&format!("({})", self.comments.join("; ")));
            }
            text.push('/');
        }
        UserAgent::new(text).map_err(ConfigError::UserAgent)
    }
}

/// Makes a [`Config`]. Each setter states its default and its worst case.
///
/// ```
/// use core::time::Duration;
/// use peer_core::{Config, Network, Node, Services};
///
/// let config = Config::builder(Network::MAINNET)
///     .user_agent("my-node", "1.0")
///     .services(Services::NODE_NETWORK)
///     .idle_timeout(Duration::from_secs(90))
///     .send_limit(8 * 1024 * 1024)
///     .build()?;
/// let node = Node::new(config);
/// # let _ = node;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ConfigBuilder {
    config: Config,
    agent: Agent,
    /// Follows the idle timeout unless it was set.
    ping_interval: Option<Duration>,
}

impl ConfigBuilder {
    /// The defaults of today's network.
    pub(super) fn new(network: Network) -> Self {
        let config = Config {
            network,
            services: Services::NONE,
            user_agent: UserAgent::default(),
            protocol_version: ProtocolVersion::LATEST,
            min_protocol_version: ProtocolVersion::OLDEST_ACCEPTED,
            disable_relay_tx: false,
            proxy: None,
            handshake_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            ping_interval: Duration::from_secs(107),
            trickle_delay: Duration::from_millis(100)..=Duration::from_millis(500),
            send_limit: 40 * 1024 * 1024,
            send_pause: 64 * 1024,
            known_inventory: 1000,
            known_lifetime: Duration::from_secs(15 * 60),
            open_handshakes: 1024,
            max_unrequested: 2 * 1024 * 1024,
            max_requests: 75_000,
            read_ahead: 4 * 1024 * 1024,
            unrequested_answers: UnrequestedAnswers::default(),
            unknown_commands: UnknownCommands::default(),
            init_state_requests: InitStateRequests::default(),
            bannable_messages: BannableMessages::default(),
            min_receive_rate: 4 * 1024,
            count_commands: false,
        };
        Self { config, agent: Agent::default(), ping_interval: None }
    }

    /// The services this node offers. Default: none.
    pub const fn services(mut self, services: Services) -> Self {
        self.config.services = services;
        self
    }

    /// Name and version of the software that embeds the peer, for the user agent
    /// `/peer-core:VERSION/NAME:VERSION/`. Default: the prefix alone.
    #[doc(alias = "UserAgentName")]
    #[doc(alias = "UserAgentVersion")]
    pub fn user_agent(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.agent.name = Some((name.into(), version.into()));
        self
    }

    /// Comments in parentheses after name and version, which [`user_agent`](Self::user_agent) must set. Default: none.
    #[doc(alias = "UserAgentComments")]
    pub fn user_agent_comments<T: Into<String>>(mut self, comments: impl IntoIterator<Item = T>) -> Self {
        self.agent.comments = comments.into_iter().map(Into::into).collect();
        self
    }

    /// What the user agent begins with instead of `/peer-core:VERSION/`.
    pub fn user_agent_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.agent.prefix = prefix.into();
        self
    }

    /// The highest protocol version to use. Default: [`ProtocolVersion::LATEST`].
    pub const fn protocol_version(mut self, version: ProtocolVersion) -> Self {
        self.config.protocol_version = version;
        self
    }

    /// The lowest protocol version accepted from a remote. Default: 9, what today's network accepts. Set 1
    /// to accept remotes of the old era.
    #[doc(alias = "MinAcceptableProtocolVersion")]
    pub const fn min_protocol_version(mut self, version: ProtocolVersion) -> Self {
        self.config.min_protocol_version = version;
        self
    }

    /// Asks remotes not to announce transactions. Default: `false`.
    #[doc(alias = "DisableRelayTx")]
    pub const fn disable_relay_tx(mut self, disable: bool) -> Self {
        self.config.disable_relay_tx = disable;
        self
    }

    /// The proxy through which connections are made. A remote that seems to have this address is not told
    /// its own in our `version`. Default: none.
    pub const fn proxy(mut self, proxy: Option<IpAddr>) -> Self {
        self.config.proxy = proxy;
        self
    }

    /// How long `version` and `verack` may take in both directions together. Default: 30 s. Worst case: a remote holds
    /// a peer of 1 KiB for that long, and below version 12 also 131 kB of early messages.
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.config.handshake_timeout = timeout;
        self
    }

    /// How long an established remote may be silent. Default: 120 s. Worst case: a remote that is gone holds its peer
    /// for that long. [`min_receive_rate`](Self::min_receive_rate) adds to it while a frame arrives.
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.idle_timeout = timeout;
        self
    }

    /// Time between pings. Must be shorter than the idle timeout. Default: 107/120 of it, so 107 s.
    /// A ping costs 32 bytes on the wire, and so does its pong; no more than one waits to be sent.
    pub const fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = Some(interval);
        self
    }

    /// How long the first announcement of a batch waits for more, drawn uniformly. Default: 100 to 500 ms. With zero,
    /// it leaves at the next `handle_timeout`. A batch has at most 1000 items, which take 55 kB.
    pub const fn trickle_delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.config.trickle_delay = delay;
        self
    }

    /// Most bytes of the owner's frames that wait to be sent, for each peer. Above it a command is refused with
    /// [`SendError::Full`](crate::SendError::Full), and a frame that is larger by itself with
    /// [`SendError::NeverFits`](crate::SendError::NeverFits). Default: 40 MiB, the reference's cap. A ping, the replies
    /// that [`send_pause`](Self::send_pause) allows, and below version 9 the last `reject` come on top. A frame counts
    /// in full until its last byte was taken.
    ///
    /// The frames take at most 4 times as much memory, if all have 24 bytes: 168 MB at the default. Usually they take
    /// hardly more than their bytes. The payload of a block is shared between peers and with its other owners, and
    /// keeps the memory alive that it is a slice of. For a received block that is at most four times its size. Every
    /// other payload is copied into the queue, so that a transaction never keeps a whole block alive.
    pub const fn send_limit(mut self, bytes: usize) -> Self {
        self.config.send_limit = bytes;
        self
    }

    /// Above this many bytes of replies that the machine owes (pongs), the remote is not read until it takes some.
    /// Default: 64 KiB. Worst case: this and one more reply, which hold 150 kB.
    pub const fn send_pause(mut self, bytes: usize) -> Self {
        self.config.send_pause = bytes;
        self
    }

    /// How many of the items that a remote knows are remembered. Default: 1000, which take 67 kB for each peer, from
    /// the first item on. Worst case for other numbers: 92 bytes each. The set is rebuilt from time to time, which
    /// briefly takes half as much again.
    pub const fn known_inventory(mut self, items: usize) -> Self {
        self.config.known_inventory = items;
        self
    }

    /// How long an item counts as known. Default: 15 minutes. [`known_inventory`](Self::known_inventory) limits their
    /// number.
    pub const fn known_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.known_lifetime = lifetime;
        self
    }

    /// How many outbound handshakes of the node may be open at once. Default: 1024. Each costs 16 bytes
    /// in the node from the beginning, so 16 KiB.
    pub const fn open_handshakes(mut self, handshakes: usize) -> Self {
        self.config.open_handshakes = handshakes;
        self
    }

    /// Most bytes of a payload that has no small limit of its own: `alert`, `reject` and raw messages, the
    /// latter in both directions. Default: 2 MiB. Worst case: twice that, 4.2 MB at the default, in the
    /// input of each peer.
    pub const fn max_unrequested(mut self, bytes: usize) -> Self {
        self.config.max_unrequested = bytes;
        self
    }

    /// Most bytes that a driver gathers before it pulls, while several items of `getdata` are requested, or while
    /// unrequested responses are delivered. Frames that wait whole are hashed together, in less time. Default: 4 MiB, so
    /// about twelve blocks. Worst case, for each such peer: twice that in its input, and up to 4 MiB of payloads that have
    /// not surfaced. 0 turns gathering off.
    pub const fn read_ahead(mut self, bytes: usize) -> Self {
        self.config.read_ahead = bytes;
        self
    }

    /// Most items that may be requested and unanswered, for each peer. Default: 75,000, the reference's cap. They take
    /// 11 MB, only if the owner requests that many. While its request waits to be written, an item takes 180 bytes
    /// beside the frame. Answered items that may be answered once more (requested twice, or transactions) are
    /// remembered for a while: at most 100,000 items, which take 8 MB.
    pub const fn max_requests(mut self, items: usize) -> Self {
        self.config.max_requests = items;
        self
    }

    /// What happens to unrequested answers. Default: they are refused. If they are delivered, the worst case is a
    /// payload of 26 MB, which takes 53 MB in the input of each peer.
    pub const fn unrequested_answers(mut self, policy: UnrequestedAnswers) -> Self {
        self.config.unrequested_answers = policy;
        self
    }

    /// What happens to commands that are not part of the protocol version in force. Default: they are refused. If they
    /// are read, [`max_unrequested`](Self::max_unrequested) is their limit.
    pub const fn unknown_commands(mut self, policy: UnknownCommands) -> Self {
        self.config.unknown_commands = policy;
        self
    }

    /// Who answers the remote's `getinitstate`. Default: the machine, with an empty `initstate`, once. The request is
    /// reported in either case. An owner who answers has 30 s; after that, nodes disconnect.
    pub const fn init_state_requests(mut self, policy: InitStateRequests) -> Self {
        self.config.init_state_requests = policy;
        self
    }

    /// What happens to messages that today's nodes would ban us for. Default: they are refused with
    /// [`SendError::Bannable`](crate::SendError::Bannable). If they are sent, the worst case is that a node accepts no
    /// connection from our host for 24 hours.
    pub const fn bannable_messages(mut self, policy: BannableMessages) -> Self {
        self.config.bannable_messages = policy;
        self
    }

    /// The average rate, in bytes a second, at which a frame must arrive after the idle timeout, and an answer after
    /// its 30 s. Default: 4096. Worst case: the largest message that can be requested, a `cfiltersv2` of 26 MB, takes 1
    /// h 49 min including the idle timeout. Without a request, an `inv` of 1.8 MB takes 9 min 20 s.
    pub const fn min_receive_rate(mut self, bytes_per_second: u64) -> Self {
        self.config.min_receive_rate = bytes_per_second;
        self
    }

    /// Whether messages and bytes are counted by command, in both directions, for [`Stats`](crate::Stats). Default: no.
    ///
    /// Costs a look-up for each frame and at most 4 KiB for each peer. Without it there is no cost.
    pub const fn count_commands(mut self, wanted: bool) -> Self {
        self.config.count_commands = wanted;
        self
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// Which settings contradict each other.
    pub fn build(self) -> Result<Config, ConfigError> {
        let Self { mut config, agent, ping_interval } = self;
        let default = config.idle_timeout.saturating_mul(107).checked_div(120).unwrap_or_default();
        config.ping_interval = ping_interval.unwrap_or(default);
        config.user_agent = agent.build()?;
        config.check()?;
        Ok(config)
    }

    /// The configuration with nothing set, which is valid.
    pub(crate) fn defaults(self) -> Config {
        let user_agent = self.agent.build().unwrap_or_default();
        Config { user_agent, ..self.config }
    }
}

impl Config {
    /// Fails if settings contradict each other.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let config = self;
        if let Some(setting) = zero(config) {
            return Err(ConfigError::Zero(setting));
        }
        let (ping, idle) = (config.ping_interval, config.idle_timeout);
        if ping >= idle {
            return Err(ConfigError::PingInterval { ping, idle });
        }
        let (start, end) = (*config.trickle_delay.start(), *config.trickle_delay.end());
        if start > end {
            return Err(ConfigError::TrickleDelay { start, end });
        }
        if config.open_handshakes > MAX_OPEN_HANDSHAKES {
            let got = config.open_handshakes;
            return Err(ConfigError::OpenHandshakes { got, max: MAX_OPEN_HANDSHAKES });
        }
        let (pause, limit) = (config.send_pause, config.send_limit);
        if pause >= limit {
            return Err(ConfigError::SendPause { pause, limit });
        }
        let (min, max) = (config.min_protocol_version, config.protocol_version);
        if min < ProtocolVersion::INITIAL || min > max || max > ProtocolVersion::LATEST {
            return Err(ConfigError::ProtocolVersions { min, max });
        }
        Ok(())
    }
}

/// The setting that is zero and must not be.
fn zero(config: &Config) -> Option<&'static str> {
    let settings = [
        ("handshake_timeout", config.handshake_timeout.is_zero()),
        ("idle_timeout", config.idle_timeout.is_zero()),
        ("ping_interval", config.ping_interval.is_zero()),
        ("send_limit", config.send_limit == 0),
        ("send_pause", config.send_pause == 0),
        ("known_inventory", config.known_inventory == 0),
        ("open_handshakes", config.open_handshakes == 0),
        ("max_unrequested", config.max_unrequested == 0),
        ("max_requests", config.max_requests == 0),
        ("min_receive_rate", config.min_receive_rate == 0),
    ];
    settings.into_iter().find_map(|(setting, is_zero)| is_zero.then_some(setting))
}
