//! Network addresses, and the messages that tell them: `addr` up to protocol version 11, `addrv2` from 12 on.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::onion;
use crate::error::{CodecError, Excess};
use crate::message::codec::{Bound, Cursor, List, Payload, Timestamp, bounds, put_var_int, var_int_len};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;

/// The most addresses in one message of either kind.
const MAX_ADDRESSES: usize = <bounds::Addresses as Bound>::MAX;

/// An address of the first form: IPv6, with IPv4 mapped into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "wire.NetAddress")]
pub struct NetAddress {
    /// What the node offers.
    pub services: Services,
    /// The address; `::ffff:a.b.c.d` for IPv4, all zero for none.
    pub ip: Ipv6Addr,
    /// The TCP port.
    pub port: u16,
}

impl NetAddress {
    /// Size on the wire in bytes, without a time.
    pub(crate) const LEN: usize = 26;

    /// No address: all zero.
    pub const UNSPECIFIED: Self = Self { services: Services::NONE, ip: Ipv6Addr::UNSPECIFIED, port: 0 };

    /// `0.0.0.0`, what a remote behind a proxy is told of itself.
    pub(crate) const ANY_V4: Self =
        Self { services: Services::NONE, ip: Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), port: 0 };

    /// The address of a socket.
    #[must_use]
    pub const fn new(socket: SocketAddr, services: Services) -> Self {
        let ip = match socket.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self { services, ip, port: socket.port() }
    }

    /// The address to dial, IPv4 unmapped.
    #[must_use]
    pub const fn socket_addr(&self) -> SocketAddr {
        SocketAddr::new(self.ip.to_canonical(), self.port)
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let services = Services::from_bits(cursor.u64()?);
        let ip = Ipv6Addr::from(*cursor.array::<16>()?);
        let port = u16::from_be_bytes(*cursor.array()?);
        Ok(Self { services, ip, port })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.services.bits().to_le_bytes());
        out.extend_from_slice(&self.ip.octets());
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

impl From<SocketAddr> for NetAddress {
    /// Without services.
    fn from(address: SocketAddr) -> Self {
        Self::new(address, Services::NONE)
    }
}

impl fmt::Display for NetAddress {
    /// The address and port, without the services.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket_addr().fmt(f)
    }
}

/// An entry of [`Addr`]: an address and when it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedNetAddress {
    /// When the node was last seen, in seconds since 1970.
    pub timestamp: u32,
    /// Where.
    pub address: NetAddress,
}

impl TimedNetAddress {
    /// As [`NetAddressV2::host`].
    #[must_use]
    pub fn host(&self) -> Address {
        self.address.socket_addr().ip().into()
    }

    /// As [`NetAddressV2::socket_addr`]. Never `None`: this form has only IP addresses.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        Some(self.address.socket_addr())
    }
}

impl fmt::Display for TimedNetAddress {
    /// Host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl From<TimedNetAddress> for NetAddressV2 {
    /// A mapped IPv4 address becomes a plain one.
    fn from(entry: TimedNetAddress) -> Self {
        let NetAddress { services, ip, port } = entry.address;
        let address = ip.to_ipv4_mapped().map_or(Address::Ipv6(ip), Address::Ipv4);
        let timestamp = Timestamp::new(entry.timestamp.into()).unwrap_or_default();
        Self { timestamp, services, address, port }
    }
}

impl TryFrom<NetAddressV2> for TimedNetAddress {
    type Error = CodecError;

    /// Fails with [`CodecError::UnknownNetAddrType`] for an address that is not IP. The time keeps its lower 32
    /// bits, as in the reference.
    fn try_from(entry: NetAddressV2) -> Result<Self, CodecError> {
        let ip = match entry.address {
            Address::Ipv4(ip) => ip.to_ipv6_mapped(),
            Address::Ipv6(ip) => ip,
            other @ Address::TorV3(_) => return Err(CodecError::UnknownNetAddrType(other.kind())),
        };
        let [a, b, c, d, ..] = entry.timestamp.seconds().to_le_bytes();
        let address = NetAddress { services: entry.services, ip, port: entry.port };
        Ok(Self { timestamp: u32::from_le_bytes([a, b, c, d]), address })
    }
}

/// Addresses in `addr`: at most 1000.
pub type AddressList = List<TimedNetAddress, bounds::Addresses>;

/// Known addresses. Up to protocol version 11.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgAddr")]
pub struct Addr {
    /// Up to 1000 addresses.
    pub addresses: AddressList,
}

/// Size of an entry of `addr` in bytes.
const TIMED_LEN: usize = 4 + NetAddress::LEN;

impl Payload for Addr {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let addresses = List::decode(cursor, TIMED_LEN, |cursor| {
            Ok(TimedNetAddress { timestamp: cursor.u32()?, address: NetAddress::read(cursor)? })
        })?;
        Ok(Self { addresses })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.addresses.encode(out, |out, entry| {
            out.extend_from_slice(&entry.timestamp.to_le_bytes());
            entry.address.write(out);
        });
    }

    fn encoded_len(&self) -> usize {
        self.addresses.fixed_len(TIMED_LEN)
    }
}

/// An address of the second form, which has room for more than IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// Type 1.
    Ipv4(Ipv4Addr),
    /// Type 2.
    Ipv6(Ipv6Addr),
    /// Type 3: the public key of a Tor onion service of version 3.
    TorV3([u8; 32]),
}

impl Address {
    /// The address with this type number and these bytes.
    ///
    /// # Errors
    ///
    /// [`CodecError::UnknownNetAddrType`] for a type that is not 1, 2 or 3, [`CodecError::InvalidMsg`] where
    /// the bytes are not as many as the type has.
    pub fn new(kind: u8, bytes: &[u8]) -> Result<Self, CodecError> {
        const WRONG_LENGTH: CodecError =
            CodecError::InvalidMsg("address does not have the length of its type");
        match kind {
            1 => bytes.try_into().map(|ip: [u8; 4]| Self::Ipv4(ip.into())).map_err(|_| WRONG_LENGTH),
            2 => bytes.try_into().map(|ip: [u8; 16]| Self::Ipv6(ip.into())).map_err(|_| WRONG_LENGTH),
            3 => bytes.try_into().map(Self::TorV3).map_err(|_| WRONG_LENGTH),
            unknown => Err(CodecError::UnknownNetAddrType(unknown)),
        }
    }

    /// The type's number.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Ipv4(_) => 1,
            Self::Ipv6(_) => 2,
            Self::TorV3(_) => 3,
        }
    }

    /// The IP address, one mapped into IPv6 as IPv4; `None` for an onion service.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(ip) => Some(IpAddr::V4(*ip)),
            Self::Ipv6(ip) => Some(ip.to_canonical()),
            Self::TorV3(_) => None,
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Ipv4(_) => 4,
            Self::Ipv6(_) => 16,
            Self::TorV3(_) => 32,
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        match cursor.u8()? {
            1 => cursor.array::<4>().map(|ip| Self::Ipv4((*ip).into())),
            2 => cursor.array::<16>().map(|ip| Self::Ipv6((*ip).into())),
            3 => cursor.array().copied().map(Self::TorV3),
            unknown => Err(CodecError::UnknownNetAddrType(unknown)),
        }
    }
}

impl fmt::Display for Address {
    /// The IP address, one mapped into IPv6 as IPv4, or the onion service's host name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(ip) => ip.fmt(f),
            Self::Ipv6(ip) => ip.to_canonical().fmt(f),
            Self::TorV3(key) => onion::write_name(key, f),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::Ipv4(ip),
            IpAddr::V6(ip) => Self::Ipv6(ip),
        }
    }
}

/// An entry of [`AddrV2`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "wire.NetAddressV2")]
pub struct NetAddressV2 {
    /// When the node was last seen.
    pub timestamp: Timestamp,
    /// What it offers.
    pub services: Services,
    /// Where it is.
    pub address: Address,
    /// The TCP port.
    pub port: u16,
}

impl NetAddressV2 {
    /// The host, an IPv4 address that is mapped into IPv6 unmapped.
    #[must_use]
    pub fn host(&self) -> Address {
        self.address.ip().map_or(self.address, Address::from)
    }

    /// The address to dial, IPv4 unmapped; `None` where it is not IP. The text of the entry is what a proxy
    /// dials, an onion service included.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        self.address.ip().map(|ip| SocketAddr::new(ip, self.port))
    }

    /// Size in bytes of the entry with the shortest address, and of every entry without its address.
    const MIN_LEN: usize = Self::FIXED_LEN + 4;
    const FIXED_LEN: usize = 8 + 8 + 1 + 2;

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            timestamp: Timestamp::new(cursor.u64()?)?,
            services: Services::from_bits(cursor.u64()?),
            address: Address::read(cursor)?,
            port: cursor.u16()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.seconds().to_le_bytes());
        out.extend_from_slice(&self.services.bits().to_le_bytes());
        out.push(self.address.kind());
        match &self.address {
            Address::Ipv4(ip) => out.extend_from_slice(&ip.octets()),
            Address::Ipv6(ip) => out.extend_from_slice(&ip.octets()),
            Address::TorV3(key) => out.extend_from_slice(key),
        }
        out.extend_from_slice(&self.port.to_le_bytes());
    }
}

impl fmt::Display for NetAddressV2 {
    /// Host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket_addr() {
            Some(socket) => socket.fmt(f),
            None => write!(f, "{}:{}", self.address, self.port),
        }
    }
}

/// Known addresses, at least one. From protocol version 12 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgAddrV2")]
pub struct AddrV2 {
    addresses: Vec<NetAddressV2>,
}

impl AddrV2 {
    /// A message with these addresses.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooFewAddrs`] for none, [`CodecError::TooManyAddrs`] above 1000.
    pub fn new(addresses: Vec<NetAddressV2>) -> Result<Self, CodecError> {
        match addresses.len() {
            0 => Err(CodecError::TooFewAddrs),
            1..=MAX_ADDRESSES => Ok(Self { addresses }),
            more => Err(CodecError::TooManyAddrs(Excess::new(more, MAX_ADDRESSES))),
        }
    }

    /// The addresses, 1 to 1000.
    #[must_use]
    pub fn addresses(&self) -> &[NetAddressV2] {
        &self.addresses
    }
}

impl Payload for AddrV2 {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let count = cursor.count(MAX_ADDRESSES, CodecError::TooManyAddrs)?;
        if count == 0 {
            return Err(CodecError::TooFewAddrs);
        }
        let mut addresses = cursor.reserve(count, NetAddressV2::MIN_LEN);
        for _ in 0..count {
            addresses.push(NetAddressV2::read(cursor)?);
        }
        Ok(Self { addresses })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_var_int(out, self.addresses.len());
        for address in &self.addresses {
            address.write(out);
        }
    }

    fn encoded_len(&self) -> usize {
        let entries =
            self.addresses.iter().map(|entry| entry.address.len().saturating_add(NetAddressV2::FIXED_LEN));
        entries.fold(var_int_len(self.addresses.len()), usize::saturating_add)
    }
}
