//! The configuration of a node: network, services, versions, timers and limits.

mod builder;

use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

pub use self::builder::ConfigBuilder;
use crate::message::UserAgent;
use crate::network::Network;
use crate::policy::{BannableMessages, InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;

/// A valid configuration. [`Config::builder`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "peer.Config")]
pub struct Config {
    pub(crate) network: Network,
    pub(crate) services: Services,
    pub(crate) user_agent: UserAgent,
    pub(crate) protocol_version: ProtocolVersion,
    pub(crate) min_protocol_version: ProtocolVersion,
    pub(crate) disable_relay_tx: bool,
    pub(crate) proxy: Option<IpAddr>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) trickle_delay: RangeInclusive<Duration>,
    pub(crate) send_limit: usize,
    pub(crate) send_pause: usize,
    pub(crate) known_inventory: usize,
    pub(crate) known_lifetime: Duration,
    pub(crate) open_handshakes: usize,
    pub(crate) max_unrequested: usize,
    pub(crate) max_requests: usize,
    pub(crate) read_ahead: usize,
    pub(crate) unrequested_answers: UnrequestedAnswers,
    pub(crate) unknown_commands: UnknownCommands,
    pub(crate) init_state_requests: InitStateRequests,
    pub(crate) bannable_messages: BannableMessages,
    pub(crate) min_receive_rate: u64,
    pub(crate) count_commands: bool,
}

impl Config {
    /// A configuration for `network` with the defaults of today's network.
    pub fn builder(network: Network) -> ConfigBuilder {
        ConfigBuilder::new(network)
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The services this node offers.
    #[must_use]
    pub const fn services(&self) -> Services {
        self.services
    }

    /// The user agent, as it is sent.
    #[must_use]
    pub const fn user_agent(&self) -> &UserAgent {
        &self.user_agent
    }

    /// The highest protocol version this node uses.
    #[must_use]
    pub const fn protocol_version(&self) -> ProtocolVersion {
        self.protocol_version
    }

    /// The lowest protocol version accepted from a remote.
    #[must_use]
    pub const fn min_protocol_version(&self) -> ProtocolVersion {
        self.min_protocol_version
    }

    /// Whether remotes are asked not to announce transactions.
    #[must_use]
    pub const fn disable_relay_tx(&self) -> bool {
        self.disable_relay_tx
    }

    /// The proxy through which connections are made.
    #[must_use]
    pub const fn proxy(&self) -> Option<IpAddr> {
        self.proxy
    }

    /// How long `version` and `verack` may take in both directions together.
    #[must_use]
    pub const fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    /// How long an established remote may be silent.
    #[must_use]
    pub const fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Time between pings.
    #[must_use]
    pub const fn ping_interval(&self) -> Duration {
        self.ping_interval
    }

    /// How long the first of a batch of announcements waits for more.
    #[must_use]
    pub const fn trickle_delay(&self) -> &RangeInclusive<Duration> {
        &self.trickle_delay
    }

    /// Most bytes of the owner's frames that wait to be sent, for each peer.
    #[must_use]
    pub const fn send_limit(&self) -> usize {
        self.send_limit
    }

    /// Above this many bytes of answers that the machine owes, the remote is not read.
    #[must_use]
    pub const fn send_pause(&self) -> usize {
        self.send_pause
    }

    /// How many of the items that a remote knows are remembered.
    #[must_use]
    pub const fn known_inventory(&self) -> usize {
        self.known_inventory
    }

    /// How long an item counts as known.
    #[must_use]
    pub const fn known_lifetime(&self) -> Duration {
        self.known_lifetime
    }

    /// How many outbound handshakes of the node may be open at once.
    #[must_use]
    pub const fn open_handshakes(&self) -> usize {
        self.open_handshakes
    }

    /// Most bytes of a payload that has no small limit of its own.
    #[must_use]
    pub const fn max_unrequested(&self) -> usize {
        self.max_unrequested
    }

    /// Most bytes that a driver gathers before it pulls, while several items are requested.
    #[must_use]
    pub const fn read_ahead(&self) -> usize {
        self.read_ahead
    }

    /// Most items that may be requested and unanswered, for each peer.
    #[must_use]
    pub const fn max_requests(&self) -> usize {
        self.max_requests
    }

    /// What happens to unrequested answers.
    #[must_use]
    pub const fn unrequested_answers(&self) -> UnrequestedAnswers {
        self.unrequested_answers
    }

    /// What happens to commands that do not exist at the protocol version in force.
    #[must_use]
    pub const fn unknown_commands(&self) -> UnknownCommands {
        self.unknown_commands
    }

    /// Who answers the remote's `getinitstate`.
    #[must_use]
    pub const fn init_state_requests(&self) -> InitStateRequests {
        self.init_state_requests
    }

    /// What happens to messages that nodes would ban us for.
    #[must_use]
    pub const fn bannable_messages(&self) -> BannableMessages {
        self.bannable_messages
    }

    /// The average rate, in bytes a second, at which a frame must arrive once its time is over.
    #[must_use]
    pub const fn min_receive_rate(&self) -> u64 {
        self.min_receive_rate
    }
}
