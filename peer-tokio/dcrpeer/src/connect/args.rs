//! The command line of `connect`.

use core::str::FromStr;

use clap::Args;
use peer_core::{Config, Network};

use crate::error::chain;
use crate::options::{PeerArgs, RecordArgs, ServiceArgs, Target};
use crate::socks::Proxy;

#[derive(Args, Debug)]
pub(crate) struct ConnectArgs {
    /// The peer, with or without a port
    pub(crate) addr: Target,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
    /// Go through this SOCKS5 proxy, which also looks up the name; Tor is at 127.0.0.1:9050
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) proxy: Option<Proxy>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
    /// Name and version to introduce ourselves with, instead of dcrpeer's
    #[arg(long, value_name = "NAME:VERSION")]
    pub(crate) user_agent: Option<Agent>,
    /// Announce N made-up transactions, and count how many are asked for; a node tolerates 10 that do not exist
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=50_000))]
    pub(crate) inv: u32,
    /// Ask for the headers of the chain from its first block on
    #[arg(long)]
    pub(crate) getheaders: bool,
}

/// Name and version of a software, fit for a user agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl FromStr for Agent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_part = |part: &&str| !part.is_empty() && !part.contains(['/', ':', '(', ')']);
        let parts = text.split_once(':').filter(|(name, version)| is_part(name) && is_part(version));
        let Some((name, version)) = parts else {
            return Err("write a name and a version, like wallet:1.0, without any of /:()".to_owned());
        };
        let config = Config::builder(Network::MAINNET).user_agent(name, version);
        config.build().map_err(|error| chain(&error))?;
        Ok(Self { name: name.to_owned(), version: version.to_owned() })
    }
}
