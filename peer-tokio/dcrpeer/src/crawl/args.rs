//! The command line of `crawl`.

use core::time::Duration;
use std::path::PathBuf;

use clap::Args;

use crate::error::Failure;
use crate::options::{PeerArgs, RecordArgs, Target, parse_duration};
use crate::output::invocation;
use crate::socks::Proxy;

#[derive(Args, Debug)]
pub(crate) struct CrawlArgs {
    /// Where to begin: peers, with or without a port
    #[arg(value_name = "SEED")]
    pub(crate) seeds: Vec<Target>,
    /// Crawl a made-up network of N peers on this machine [N: 300]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "300",
          conflicts_with_all = ["seeds", "proxy", "network", "protocol"],
          value_parser = parse_peers)]
    pub(crate) demo: Option<u16>,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
    /// Most visits at the same time, up to 1024
    #[arg(long, default_value_t = 100, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) at_once: u16,
    /// Visit at most N addresses
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max: Option<u64>,
    /// Visit at most N ports of one host, besides the network's own [default: 4; no limit on this machine]
    #[arg(long, value_name = "N")]
    pub(crate) ports_per_host: Option<u16>,
    /// How long connecting may take; through a proxy, six times as long
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = parse_timeout)]
    pub(crate) connect_timeout: Duration,
    /// How long the handshake may take [default: 10s; 2s with --demo]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    pub(crate) handshake_timeout: Option<Duration>,
    /// How long a peer may take to send the addresses that it knows, 90 s at most
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) addresses_timeout: Duration,
    /// Go through this SOCKS5 proxy, and visit Tor addresses too; Tor is at 127.0.0.1:9050
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) proxy: Option<Proxy>,
    /// How many user agents to list; --json has all
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) top: u16,
    /// Draw a chart of the summary into this file; an existing file is kept until the new one is complete
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

impl CrawlArgs {
    /// Checks that clap cannot express.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.seeds.is_empty() && self.demo.is_none() {
            let dcrpeer = invocation();
            return Err(Failure::Usage(format!(
                "a crawl begins at a peer: {dcrpeer} crawl node.example; to see one on this machine alone: \
                 {dcrpeer} crawl --demo"
            )));
        }
        Ok(())
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        let default = if self.demo.is_some() { 2 } else { 10 };
        self.handshake_timeout.unwrap_or(Duration::from_secs(default))
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        let factor = if self.proxy.is_some() { 6 } else { 1 };
        self.connect_timeout.saturating_mul(factor)
    }
}

/// A timeout, which must not be zero.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        Err("a timeout must be longer than zero, like 500ms or 5s".to_owned())
    } else {
        Ok(duration)
    }
}

fn parse_peers(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=5000).contains(number));
    number.ok_or_else(|| "this is how many peers to make up, a number from 1 to 5000".to_owned())
}
