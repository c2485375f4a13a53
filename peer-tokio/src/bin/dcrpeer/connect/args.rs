//! The command line of `connect`.

use core::str::FromStr;

use clap::Args;
use peer_core::{Config, Network, Services};

use crate::args::PeerArgs;
use crate::error::chain;
use crate::socks::Proxy;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct ConnectArgs {
    /// The peer, with or without a port
    pub(crate) addr: Target,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
    /// Go through this SOCKS5 proxy, which also looks up the name; Tor is at 127.0.0.1:9050
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) proxy: Option<Proxy>,
    /// Services to offer: names like network,cf (also bloom, none), or a number
    #[arg(long, default_value = "none", value_name = "FLAGS", value_parser = parse_services)]
    pub(crate) services: Services,
    /// Name and version to introduce ourselves with, instead of dcrpeer's
    #[arg(long, value_name = "NAME:VERSION")]
    pub(crate) user_agent: Option<Agent>,
    /// Announce so many made-up transactions, and tell how many are asked for
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

fn parse_services(text: &str) -> Result<Services, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = digits.map_or_else(|| text.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok());
    if let Some(bits) = number {
        return Ok(Services::from_bits(bits));
    }
    text.split(',').try_fold(Services::NONE, |services, name| {
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, flag) = known.ok_or_else(|| {
            format!("{name:?} is no service: write network, bloom, cf or none, joined by commas, or a number")
        })?;
        Ok(services | *flag)
    })
}

const NAMES: [(&str, Services); 4] = [
    ("network", Services::NODE_NETWORK),
    ("bloom", Services::NODE_BLOOM),
    ("cf", Services::NODE_CF),
    ("none", Services::NONE),
];
