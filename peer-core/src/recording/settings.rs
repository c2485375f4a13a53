//! The configuration in the first line: what differs from the default, by the names of the setters.

use alloc::string::ToString;
use core::fmt::{self, Write};
use core::time::Duration;

use super::json::Object;
use super::read::{Problem, read_milliseconds};
use super::write::{Milliseconds, Quoted};
use crate::config::Config;
use crate::message::UserAgent;
use crate::network::Network;
use crate::policy::{BannableMessages, InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;
use crate::time::Time;

/// A configuration as an object with the settings that differ from the default of its network.
pub(super) struct Settings<'a>(pub(super) &'a Config);

impl fmt::Display for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, default) = (self.0, default(self.0.network));
        let mut list = List { f, is_empty: true };
        list.f.write_char('{')?;
        for (name, get) in NUMBERS {
            list.add_if(get(ours) != get(&default), name, get(ours))?;
        }
        for (name, get) in DURATIONS {
            let [ours, default] = [ours, &default].map(|config| Time::from_elapsed(get(config)));
            list.add_if(ours != default, name, Milliseconds(ours))?;
        }
        for (name, get, _) in CHOICES {
            list.add_if(get(ours) != get(&default), name, Quoted(get(ours)))?;
        }
        // The default has the version of this crate in it, which is another one where the recording is read.
        list.add_if(true, "user_agent", Quoted(ours.user_agent.as_str()))?;
        if let Some(proxy) = ours.proxy {
            list.add_if(true, "proxy", Quoted(&proxy.to_string()))?;
        }
        list.f.write_char('}')
    }
}

/// The members of an object, as they are written.
struct List<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    is_empty: bool,
}

impl List<'_, '_> {
    fn add_if(&mut self, differs: bool, name: &str, value: impl fmt::Display) -> fmt::Result {
        if !differs {
            return Ok(());
        }
        let comma = if core::mem::take(&mut self.is_empty) { "" } else { "," };
        write!(self.f, r#"{comma}"{name}":{value}"#)
    }
}

fn default(network: Network) -> Config {
    Config::builder(network).defaults()
}

/// Reads the settings of a configuration.
pub(super) fn read(network: Network, text: &str) -> Result<Config, Problem> {
    let object = Object::parse(text).ok_or(Problem::Member("config"))?;
    let mut config = default(network);
    for name in object.names() {
        set(&mut config, &object, name).ok_or_else(|| Problem::Setting(name.to_string()))?;
    }
    config.check().map_err(Problem::Config)?;
    Ok(config)
}

fn set(config: &mut Config, object: &Object<'_>, name: &str) -> Option<()> {
    if let Some(text) = object.other(name) {
        return match name.strip_suffix("_ms") {
            Some(_) => set_duration(config, name, read_milliseconds(text)?),
            None => set_number(config, name, text.parse().ok()?),
        };
    }
    let text = object.text(name)?;
    match name {
        "user_agent" => config.user_agent = UserAgent::new(text).ok()?,
        "proxy" => config.proxy = Some(text.parse().ok()?),
        _ => {
            let (.., set) = CHOICES.iter().find(|(known, ..)| *known == name)?;
            set(config, text)?;
        }
    }
    Some(())
}

fn set_number(config: &mut Config, name: &str, number: u64) -> Option<()> {
    let size = usize::try_from(number);
    match name {
        "services" => config.services = Services::from_bits(number),
        "protocol_version" => config.protocol_version = ProtocolVersion::new(u32::try_from(number).ok()?),
        "min_protocol_version" => {
            config.min_protocol_version = ProtocolVersion::new(u32::try_from(number).ok()?);
        }
        "send_limit" => config.send_limit = size.ok()?,
        "send_pause" => config.send_pause = size.ok()?,
        "known_inventory" => config.known_inventory = size.ok()?,
        "open_handshakes" => config.open_handshakes = size.ok()?,
        "max_unrequested" => config.max_unrequested = size.ok()?,
        "max_requests" => config.max_requests = size.ok()?,
        "min_receive_rate" => config.min_receive_rate = number,
        _ => return None,
    }
    Some(())
}

fn set_duration(config: &mut Config, name: &str, time: Duration) -> Option<()> {
    let (start, end) = (*config.trickle_delay.start(), *config.trickle_delay.end());
    match name {
        "handshake_timeout_ms" => config.handshake_timeout = time,
        "idle_timeout_ms" => config.idle_timeout = time,
        "ping_interval_ms" => config.ping_interval = time,
        "known_lifetime_ms" => config.known_lifetime = time,
        "trickle_delay_from_ms" => config.trickle_delay = time..=end,
        "trickle_delay_to_ms" => config.trickle_delay = start..=time,
        _ => return None,
    }
    Some(())
}

type Number = (&'static str, fn(&Config) -> u64);

const NUMBERS: [Number; 10] = [
    ("services", |config| config.services.bits()),
    ("protocol_version", |config| u64::from(config.protocol_version.get())),
    ("min_protocol_version", |config| u64::from(config.min_protocol_version.get())),
    ("send_limit", |config| config.send_limit as u64),
    ("send_pause", |config| config.send_pause as u64),
    ("known_inventory", |config| config.known_inventory as u64),
    ("open_handshakes", |config| config.open_handshakes as u64),
    ("max_unrequested", |config| config.max_unrequested as u64),
    ("max_requests", |config| config.max_requests as u64),
    ("min_receive_rate", |config| config.min_receive_rate),
];

type Span = (&'static str, fn(&Config) -> Duration);

const DURATIONS: [Span; 6] = [
    ("handshake_timeout_ms", |config| config.handshake_timeout),
    ("idle_timeout_ms", |config| config.idle_timeout),
    ("ping_interval_ms", |config| config.ping_interval),
    ("known_lifetime_ms", |config| config.known_lifetime),
    ("trickle_delay_from_ms", |config| *config.trickle_delay.start()),
    ("trickle_delay_to_ms", |config| *config.trickle_delay.end()),
];

/// A setting with a few values, each of which has a name.
type Choice = (&'static str, fn(&Config) -> &'static str, fn(&mut Config, &str) -> Option<()>);

const CHOICES: [Choice; 5] = [
    (
        "disable_relay_tx",
        |config| name_of(&RELAY, &config.disable_relay_tx),
        |config, name| value_of(&RELAY, name, &mut config.disable_relay_tx),
    ),
    (
        "unrequested_answers",
        |config| name_of(&ANSWERS, &config.unrequested_answers),
        |config, name| value_of(&ANSWERS, name, &mut config.unrequested_answers),
    ),
    (
        "unknown_commands",
        |config| name_of(&COMMANDS, &config.unknown_commands),
        |config, name| value_of(&COMMANDS, name, &mut config.unknown_commands),
    ),
    (
        "init_state_requests",
        |config| name_of(&INIT_STATE, &config.init_state_requests),
        |config, name| value_of(&INIT_STATE, name, &mut config.init_state_requests),
    ),
    (
        "bannable_messages",
        |config| name_of(&BANNABLE, &config.bannable_messages),
        |config, name| value_of(&BANNABLE, name, &mut config.bannable_messages),
    ),
];

const RELAY: [(&str, bool); 2] = [("no", false), ("yes", true)];
const ANSWERS: [(&str, UnrequestedAnswers); 2] =
    [("refuse", UnrequestedAnswers::Refuse), ("deliver", UnrequestedAnswers::Deliver)];
const COMMANDS: [(&str, UnknownCommands); 3] = [
    ("refuse", UnknownCommands::Refuse),
    ("ignore", UnknownCommands::Ignore),
    ("deliver", UnknownCommands::Deliver),
];
const INIT_STATE: [(&str, InitStateRequests); 2] =
    [("answer_empty", InitStateRequests::AnswerEmpty), ("leave_to_owner", InitStateRequests::LeaveToOwner)];
const BANNABLE: [(&str, BannableMessages); 2] =
    [("refuse", BannableMessages::Refuse), ("send", BannableMessages::Send)];

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find_map(|(name, known)| (known == value).then_some(*name)).unwrap_or_default()
}

fn value_of<T: Copy>(names: &[(&str, T)], name: &str, value: &mut T) -> Option<()> {
    *value = names.iter().find_map(|(known, value)| (*known == name).then_some(*value))?;
    Some(())
}
