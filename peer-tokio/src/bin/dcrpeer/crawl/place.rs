//! Where peers are: addresses as a crawl learns them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use peer_core::message::{Address, NetAddressV2, TimedNetAddress};
use serde::{Serialize, Serializer};

use crate::dial::is_onion;

/// An address and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Socket(SocketAddr),
    /// A name that only a proxy resolves: an onion service's, or that of a seed.
    Name {
        host: String,
        port: u16,
    },
}

/// From where a place can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// From anywhere.
    Public,
    /// Through Tor.
    Tor,
    /// From its own network.
    Private,
    /// From its own machine.
    Loopback,
    /// From nowhere: no address of a host, or no port.
    Unusable,
}

impl Place {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Socket(address) if address.port() == 0 => Scope::Unusable,
            Self::Name { port: 0, .. } => Scope::Unusable,
            Self::Socket(address) => match address.ip() {
                IpAddr::V4(ip) => scope_v4(ip),
                IpAddr::V6(ip) => scope_v6(ip),
            },
            Self::Name { host, .. } if is_onion(host) => Scope::Tor,
            Self::Name { .. } => Scope::Public,
        }
    }
}

/// As the reference's address manager tells addresses apart.
fn scope_v4(ip: Ipv4Addr) -> Scope {
    match ip.octets() {
        [0 | 224..=255, ..] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::Unusable,
        [127, ..] => Scope::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] => Scope::Private,
        [100, 64..=127, ..] | [198, 18 | 19, ..] => Scope::Private,
        _ => Scope::Public,
    }
}

fn scope_v6(ip: Ipv6Addr) -> Scope {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Scope::Loopback,
        [0, 0, 0, 0, 0, 0, ..] | [0x2001, 0xdb8, ..] | [0xff00..=0xffff, ..] => Scope::Unusable,
        [0xfc00..=0xfdff | 0xfe80..=0xfebf, ..] => Scope::Private,
        _ => Scope::Public,
    }
}

impl From<SocketAddr> for Place {
    /// Without what only this machine knows of the address; IPv4 unmapped.
    fn from(address: SocketAddr) -> Self {
        Self::Socket(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}

impl From<&TimedNetAddress> for Place {
    fn from(entry: &TimedNetAddress) -> Self {
        Self::Socket(entry.address.socket())
    }
}

impl From<&NetAddressV2> for Place {
    fn from(entry: &NetAddressV2) -> Self {
        let ip = match entry.address {
            Address::Ipv4(ip) => IpAddr::V4(ip),
            Address::Ipv6(ip) => IpAddr::V6(ip),
            other => return Self::Name { host: other.to_string(), port: entry.port },
        };
        Self::from(SocketAddr::new(ip, entry.port))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
