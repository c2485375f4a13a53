//! Replaces addresses and user agents.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter;
use core::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use crate::frame::Header;
use crate::message::{AddrV2, Address, Command, Message, NetAddress, NetAddressV2, UserAgent};
use crate::protocol_version::ProtocolVersion;

/// Reserved for documentation (RFC 5737 and 3849).
const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const PORT: u16 = 9108;

/// Whether a message has addresses or a user agent.
pub(super) fn is_redacted(header: &Header) -> bool {
    let command = Command::from_wire(header.command);
    command.is_some_and(|command| matches!(command.as_str(), "version" | "addr" | "addrv2"))
}

/// The payload with other addresses and agents, in the same length; `None` where it cannot be read.
pub(super) fn redact(header: &Header, payload: Bytes) -> Option<Bytes> {
    let (command, len) = (Command::from_wire(header.command)?, payload.len());
    // The last version with `addr`; the layout is the same in all.
    let version = if command.as_str() == "addr" { ProtocolVersion::new(11) } else { ProtocolVersion::LATEST };
    let message = match Message::decode(command, payload, version).ok()? {
        Message::Version(mut version) => {
            version.user_agent = agent(&version.user_agent);
            version.addr_you = address(&version.addr_you);
            version.addr_me = version.addr_me.as_ref().map(address);
            Message::Version(version)
        }
        Message::Addr(mut addr) => {
            let mut addresses = addr.addresses.into_vec();
            addresses.iter_mut().for_each(|entry| entry.address = address(&entry.address));
            addr.addresses = addresses.try_into().ok()?;
            Message::Addr(addr)
        }
        Message::AddrV2(addr) => {
            let addresses: Vec<_> = addr.addresses().iter().map(entry).collect();
            AddrV2::new(addresses).ok()?.into()
        }
        _ => return None,
    };
    let mut payload = Vec::new();
    message.encode(&mut payload, version).ok()?;
    (payload.len() == len).then(|| payload.into())
}

/// As many letters.
pub(super) fn agent(agent: &UserAgent) -> UserAgent {
    let letters: String = iter::repeat_n('x', agent.as_str().len()).collect();
    UserAgent::new(&letters).unwrap_or_else(|_| agent.clone())
}

fn address(address: &NetAddress) -> NetAddress {
    if address.ip.is_unspecified() {
        return *address;
    }
    let ip = if address.ip.to_ipv4_mapped().is_some() { V4.to_ipv6_mapped() } else { V6 };
    NetAddress { ip, port: PORT, ..*address }
}

fn entry(entry: &NetAddressV2) -> NetAddressV2 {
    let address = match entry.address {
        Address::Ipv4(_) => Address::Ipv4(V4),
        Address::Ipv6(_) => Address::Ipv6(V6),
        Address::TorV3(_) => Address::TorV3([0; 32]),
    };
    NetAddressV2 { address, port: PORT, ..*entry }
}
