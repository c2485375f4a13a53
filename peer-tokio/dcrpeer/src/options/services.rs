//! The services that we offer, and whether we may send what nodes ban for.

use clap::Args;
use peer_core::{BannableMessages, ConfigBuilder, Services};

/// Options of the commands that act as a node.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ServiceArgs {
    /// Services to offer: network, bloom and cf, joined by commas, or none, or a number
    #[arg(long, default_value = "none", value_name = "FLAGS", value_parser = parse)]
    pub(crate) services: Services,
    /// Answer every item with notfound, even where nodes ban a host for it; only for tests of your own node
    #[arg(long)]
    pub(crate) rude: bool,
}

impl ServiceArgs {
    /// The configuration with these.
    pub(crate) const fn configure(self, config: ConfigBuilder) -> ConfigBuilder {
        let policy = if self.rude { BannableMessages::Send } else { BannableMessages::Refuse };
        config.services(self.services).bannable_messages(policy)
    }
}

fn parse(text: &str) -> Result<Services, String> {
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
