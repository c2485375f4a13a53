//! Endpoints of peers, as a crawl learns them.

use core::fmt;
use core::net::{IpAddr, SocketAddr, SocketAddrV6};

use peer_core::message::{NetAddressV2, TimedNetAddress};
use serde::{Serialize, Serializer};

use crate::options::is_onion;
use crate::scope::{self, Scope};

/// An address and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Endpoint {
    Socket(SocketAddr),
    /// A name that only a proxy resolves: an onion service's, or that of a seed.
    Name {
        host: String,
        port: u16,
    },
}

/// A host, which may have several ports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    Ip(IpAddr),
    Name(String),
}

impl Endpoint {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Socket(address) if address.port() == 0 => Scope::Unusable,
            Self::Name { port: 0, .. } => Scope::Unusable,
            Self::Socket(address) => Scope::of_ip(address.ip()),
            Self::Name { host, .. } if is_onion(host) => Scope::Tor,
            Self::Name { .. } => Scope::Public,
        }
    }

    pub(crate) fn host(&self) -> Host {
        match self {
            Self::Socket(address) => Host::Ip(scope::host(address.ip())),
            Self::Name { host, .. } => Host::Name(host.clone()),
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Socket(address) => address.port(),
            Self::Name { port, .. } => *port,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    /// IPv4 is unmapped. The scope id is dropped, except for link-local addresses, which need it.
    fn from(address: SocketAddr) -> Self {
        if let SocketAddr::V6(v6) = address
            && v6.ip().is_unicast_link_local()
        {
            return Self::Socket(SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into());
        }
        Self::Socket(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}

impl From<&TimedNetAddress> for Endpoint {
    fn from(entry: &TimedNetAddress) -> Self {
        Self::Socket(entry.address.socket_addr())
    }
}

impl From<&NetAddressV2> for Endpoint {
    fn from(entry: &NetAddressV2) -> Self {
        match entry.socket_addr() {
            Some(socket) => Self::from(socket),
            None => Self::Name { host: entry.address.to_string(), port: entry.port },
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
