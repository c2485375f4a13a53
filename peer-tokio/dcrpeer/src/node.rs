//! The tool's node: its configuration and its generator.

use core::time::Duration;

use peer_core::{Config, ConfigBuilder, ConfigError, Node, ProtocolVersion};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::{Failure, chain};
use crate::options::PeerArgs;

/// A node with the options of the command line.
pub(crate) fn from_args(args: &PeerArgs) -> Result<Node, Failure> {
    build(configure(args).build())
}

/// The configuration with the options of the command line.
pub(crate) fn configure(args: &PeerArgs) -> ConfigBuilder {
    let version = ProtocolVersion::new(args.protocol);
    Config::builder(args.network)
        .user_agent("dcrpeer", env!("CARGO_PKG_VERSION"))
        .handshake_timeout(HANDSHAKE)
        .protocol_version(version)
        .min_protocol_version(lowest_accepted(version))
}

/// A user is waiting: a third of the default, because the remote may be no peer at all.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);

/// A node of this configuration.
pub(crate) fn build(config: Result<Config, ConfigError>) -> Result<Node, Failure> {
    config.map(Node::new).map_err(|error| Failure::new(chain(&error)))
}

/// A `--protocol` of the old era accepts all versions of that era.
fn lowest_accepted(version: ProtocolVersion) -> ProtocolVersion {
    if version < ProtocolVersion::OLDEST_ACCEPTED {
        ProtocolVersion::INITIAL
    } else {
        ProtocolVersion::OLDEST_ACCEPTED
    }
}

/// A generator for one connection, seeded by the system.
pub(crate) fn generator() -> Result<ChaCha12Rng, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::new(format!("the system gives no random numbers: {error}")))?;
    Ok(ChaCha12Rng::from_seed(seed))
}
