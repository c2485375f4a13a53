//! Hosts and ports as the command line takes them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use peer_core::Network;

/// A host, and a port unless it is the network's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name or an address, without brackets. An IPv6 address may have its zone behind `%`.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Target {
    /// The port, by default that of the network.
    pub(crate) fn port(&self, network: Network) -> u16 {
        self.port.or(network.default_port()).unwrap_or_default()
    }
}

/// The zone of an IPv6 address, its interface on this machine: what follows the `%`.
pub(crate) fn zone(host: &str) -> Option<&str> {
    host.split_once('%').map(|(_, zone)| zone)
}

/// Whether a host is an onion service, which only Tor can find.
pub(crate) fn is_onion(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("onion")
}

/// A host and its port, an IPv6 address in brackets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostPort<'a>(pub(crate) &'a str, pub(crate) u16);

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return Err("write host and port, like node.example:9108, and no URL".into());
        }
        if let Some(rest) = text.strip_prefix('[') {
            return bracketed(rest);
        }
        if is_v6(text) {
            return Ok(Self { host: check_zone(text)?, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if host.is_empty() || host.contains([':', '[', ']', '/', ' ']) {
            return Err(HINT.into());
        }
        if host.contains('%') {
            return Err(format!("only an IPv6 address has a zone, like {ZONED}, and {host:?} is none"));
        }
        if ends_in_number(host) && host.parse::<Ipv4Addr>().is_err() {
            return Err(format!("{host:?} is no IP address, write all four numbers, like 127.0.0.1"));
        }
        Ok(Self { host: host.to_owned(), port: port.map(parse_port).transpose()? })
    }
}

/// Parses what follows an opening bracket.
fn bracketed(text: &str) -> Result<Target, String> {
    let (host, rest) = text.split_once(']').ok_or(HINT)?;
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port),
        None if rest.is_empty() => None,
        None => return Err(HINT.into()),
    };
    let is_address = is_v6(host) || port.is_none() && host.parse::<IpAddr>().is_ok();
    if !is_address {
        return Err(HINT.into());
    }
    Ok(Target { host: check_zone(host)?, port: port.map(parse_port).transpose()? })
}

/// Whether this is an IPv6 address, whatever its zone.
fn is_v6(host: &str) -> bool {
    let address = host.split_once('%').map_or(host, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

/// The host, if its zone may be the name or the number of an interface.
fn check_zone(host: &str) -> Result<String, String> {
    match zone(host) {
        Some("") => {
            Err(format!("an interface is missing behind the %, write its name or number, like {ZONED}"))
        }
        Some(zone) if zone.contains(['%', ':', '/', '[']) || zone.contains(char::is_whitespace) => {
            Err(format!("{zone:?} is no name of an interface; write brackets before a port, like {ZONED}"))
        }
        _ => Ok(host.to_owned()),
    }
}

/// Whether the last label is a number. No name ends in one, but the system takes `1.2.3` for 1.2.0.3, `0x7f.1`
/// for 127.0.0.1, which the user did not write.
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    port.ok_or_else(|| match text {
        "" => "a port is missing behind the colon, a number from 1 to 65535".to_owned(),
        text => format!("a port is a number from 1 to 65535, not {text:?}"),
    })
}

const HINT: &str = "write a name or an address, like node.example, 127.0.0.1:9108 or [::1]:9108";

/// An address that needs its zone.
const ZONED: &str = "[fe80::1%eth0]:9108";
