//! Options that several commands share. No command owns them.

mod duration;
mod record;
mod services;
mod target;

use core::time::Duration;

use clap::Args;
use peer_core::{Network, ProtocolVersion};

pub(crate) use self::duration::parse_duration;
pub(crate) use self::record::RecordArgs;
pub(crate) use self::services::{ServiceArgs, services_text};
pub(crate) use self::target::{HostPort, Target, is_onion, zone};

/// What commands that talk to peers have in common.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PeerArgs {
    /// mainnet, testnet3, testnet2, simnet or regnet; sets the default port, too
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    pub(crate) network: Network,
    /// Highest protocol version to speak, from 1 on; below 9 peers of the old era are accepted, too
    #[arg(long, default_value_t = ProtocolVersion::LATEST.get(), value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(ProtocolVersion::LATEST.get())))]
    pub(crate) protocol: u32,
    /// End after this time, like 500ms, 10s, 2m or 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// The name by which the command line knows a network.
pub(crate) fn network_name(network: Network) -> &'static str {
    let known = Network::KNOWN.iter().find(|(known, _)| *known == network);
    known.map_or("another network", |(_, name)| name)
}
