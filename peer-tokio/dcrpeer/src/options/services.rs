//! The names of services, the services that we offer, and whether we may send what nodes ban for.

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

/// Reads what [`services_text`] writes.
fn parse(text: &str) -> Result<Services, String> {
    text.split(',').try_fold(Services::NONE, |services, name| {
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let flag = known.map(|(_, flag)| *flag).or_else(|| parse_bits(name)).ok_or_else(|| {
            format!("{name:?} is not a service; write network, bloom, cf, none or numbers, joined by commas")
        })?;
        Ok(services | flag)
    })
}

fn parse_bits(text: &str) -> Option<Services> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = digits.map_or_else(|| text.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok());
    number.map(Services::from_bits)
}

/// Services as the command line takes them: names joined by commas, and bits without a name in hexadecimal.
pub(crate) fn services_text(services: Services) -> String {
    let mut rest = services.bits();
    let mut names = Vec::new();
    for (name, flag) in NAMES {
        if flag != Services::NONE && services.contains(flag) {
            names.push(name.to_owned());
            rest &= !flag.bits();
        }
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    if names.is_empty() { "none".to_owned() } else { names.join(",") }
}

const NAMES: [(&str, Services); 4] = [
    ("network", Services::NODE_NETWORK),
    ("bloom", Services::NODE_BLOOM),
    ("cf", Services::NODE_CF),
    ("none", Services::NONE),
];
