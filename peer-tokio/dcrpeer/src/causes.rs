//! The possible causes of a disconnect without a reason.
//!
//! Nodes give no reason, and the same behaviour has causes that call for different reactions: another address, a pause
//! of seconds, or of a day.

use core::fmt;
use core::time::Duration;

use peer_core::{Config, Direction, Services, Stats};
use serde::Serialize;

use crate::options::{network_name, services_text};

/// One of several possible causes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cause {
    /// For programs.
    cause: &'static str,
    /// For people: what may be true of the remote.
    text: String,
    /// How long to wait, in seconds, where that helps.
    #[serde(rename = "wait_s", skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
}

impl Cause {
    fn new(cause: &'static str, text: impl Into<String>) -> Self {
        Self { cause, text: text.into(), wait: None }
    }

    const fn wait(mut self, seconds: u64) -> Self {
        self.wait = Some(seconds);
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.wait {
            None => Ok(()),
            Some(DAY) => f.write_str(" (wait a day)"),
            Some(MINUTE) => f.write_str(" (wait a minute)"),
            Some(seconds) if seconds >= MINUTE => write!(f, " (wait {} minutes)", seconds / MINUTE),
            Some(seconds) => write!(f, " (wait {seconds} s)"),
        }
    }
}

/// The causes in one line.
pub(crate) fn list(causes: &[Cause]) -> String {
    let texts: Vec<_> = causes.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Why it may have ended before the handshake did.
pub(crate) fn before_handshake(stats: &Stats, config: &Config) -> Vec<Cause> {
    let introduced = stats.advertised_version > 0;
    match (stats.direction, introduced) {
        (Direction::Outbound, false) => before_version(config),
        (Direction::Outbound, true) => vec![services(config), version(config), full(), ourselves()],
        (Direction::Inbound, false) => vec![
            Cause::new("probe", "it only checked that something listens here, as port scans and monitors do"),
            banned("it bans this host, for a day at most, and noticed that when it had dialled it"),
        ],
        (Direction::Inbound, true) => vec![services(config), version(config), full(), ourselves()],
    }
}

fn before_version(config: &Config) -> Vec<Cause> {
    let network = network_name(config.network());
    vec![
        Cause::new(
            "other_network",
            format!("it is not of {network} (see --network), and nodes ban who comes for another one"),
        ),
        Cause::new(
            "rate_limit",
            "too many connections came from this host in a short time, 3 and then one each 5 s",
        )
        .wait(15),
        full(),
        Cause::new("host_limit", "it has 5 connections from this host, as many as nodes take"),
        banned("it bans this host, all addresses of a proxy or a router together, for a day at most"),
        services(config),
        version(config),
        ourselves(),
    ]
}

/// Why it may have ended soon after the handshake, if it did.
pub(crate) fn after_handshake(stats: &Stats) -> Vec<Cause> {
    let received_for = stats.last_recv.map_or(Duration::ZERO, |last| last.saturating_since(stats.connected));
    if received_for > SOON {
        return Vec::new();
    }
    vec![
        banned(
            "we sent something that nodes ban for; it then closes every connection from this host at once for a day",
        ),
        Cause::new(
            "unanswered",
            "it asked for something and had no answer in time: 10 s for headers, 30 to 45 s for the rest",
        ),
        Cause::new("unwanted", "we sent something that it did not want; it takes us again at once"),
        Cause::new("stopped", "it was stopped, or the network between us broke").wait(MINUTE),
    ]
}

fn full() -> Cause {
    Cause::new("full", "it has as many peers as it takes").wait(5 * MINUTE)
}

fn banned(text: &str) -> Cause {
    Cause::new("banned", text).wait(DAY)
}

fn services(config: &Config) -> Cause {
    let ours = config.services();
    let text = if ours.contains(Services::NODE_NETWORK) {
        format!("it wants other services than ours ({})", services_text(ours))
    } else {
        format!("it wants the full service (network), and we offer {}", services_text(ours))
    };
    Cause::new("services", text)
}

fn version(config: &Config) -> Cause {
    let ours = config.protocol_version();
    Cause::new("protocol_version", format!("it does not accept protocol {ours} (see --protocol)"))
}

fn ourselves() -> Cause {
    Cause::new("self_connection", "it takes us for itself, or is us")
}

/// A later end has other causes: nodes check the deadlines of the handshake for up to 45 s.
const SOON: Duration = Duration::from_secs(60);

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
