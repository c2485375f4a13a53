//! From where an address can be reached.
//!
//! The ranges are those that dcrd's address manager calls not routable, and the rest of the special-purpose
//! registries (RFC 6890). They alone decide what `crawl` visits and what `serve` sends.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use peer_core::message::Address;
use serde::Serialize;

/// From where an address can be reached.
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

impl Scope {
    pub(crate) fn of(address: &Address) -> Self {
        match address {
            Address::Ipv4(ip) => Self::of_v4(*ip),
            Address::Ipv6(ip) => Self::of_ip((*ip).into()),
            Address::TorV3(_) => Self::Tor,
            _ => Self::Unusable,
        }
    }

    pub(crate) fn of_ip(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        match ip.octets() {
            [127, ..] => Self::Loopback,
            // Private use (RFC 1918) and link-local (RFC 3927).
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] => Self::Private,
            // Behind a provider's address translation (RFC 6598), and benchmarks (RFC 2544).
            [100, 64..=127, ..] | [198, 18 | 19, ..] => Self::Private,
            // Documentation (RFC 5737), and protocol assignments (RFC 6890).
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 0, 0, _] => Self::Unusable,
            // "This network", multicast, reserved, broadcast.
            [0 | 224..=255, ..] => Self::Unusable,
            _ => Self::Public,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        if let Some(inside) = embedded_v4(ip) {
            // A gateway forwards to public addresses only, so no other is reachable, not even from this machine.
            return if Self::of_v4(inside) == Self::Public { Self::Public } else { Self::Unusable };
        }
        match ip.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Unique local (RFC 4193), link-local (RFC 4862) and site-local (RFC 3879).
            [0xfc00..=0xfdff | 0xfe80..=0xfeff, ..] => Self::Private,
            // Protocol assignments (RFC 2928), none of which is a host: Teredo (RFC 4380), benchmarks (RFC 5180),
            // ORCHID (RFC 4843 and 7343).
            [0x2001, 0..=0x1ff, ..] => Self::Unusable,
            // Documentation (RFC 3849 and 9637).
            [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Unusable,
            // The only range that is assigned to hosts (RFC 4291).
            [0x2000..=0x3fff, ..] => Self::Public,
            // No address, the IPv4-compatible (RFC 4291) and translated (RFC 6145) forms, discard-only (RFC 6666),
            // multicast, and what is not given out.
            _ => Self::Unusable,
        }
    }
}

/// The host that an address belongs to: with IPv4 embedded in IPv6, the IPv4 address.
pub(crate) fn host(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The IPv4 address to which gateways pass on what is sent to this one: NAT64 (RFC 6052) and 6to4 (RFC 3964).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let ([0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..]) = ip.segments() else {
        return None;
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}
