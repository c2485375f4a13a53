//! The node that the tool is, and its randomness.

use core::time::Duration;

use peer_core::{Config, ConfigBuilder, ConfigError, Node, ProtocolVersion};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::args::PeerArgs;
use crate::error::{Failure, chain};

/// The node that the command line asks for.
pub(crate) fn from_args(args: &PeerArgs) -> Result<Node, Failure> {
    build(configure(args).build())
}

/// What of a configuration the command line decides.
pub(crate) fn configure(args: &PeerArgs) -> ConfigBuilder {
    let version = ProtocolVersion::new(args.protocol);
    Config::builder(args.network)
        .user_agent("dcrpeer", env!("CARGO_PKG_VERSION"))
        .handshake_timeout(HANDSHAKE)
        .protocol_version(version)
        .min_protocol_version(lowest_accepted(version))
}

/// Somebody is looking on: a third of the usual patience with what may be no peer at all.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);

/// A node of this configuration.
pub(crate) fn build(config: Result<Config, ConfigError>) -> Result<Node, Failure> {
    config.map(Node::new).map_err(|error| Failure::new(chain(&error)))
}

/// Who asks for a version of the old era means all of it.
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
