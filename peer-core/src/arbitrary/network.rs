//! Addresses and introductions.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{any_fields, text, valid};
use crate::message::{
    Addr, AddrV2, Address, FeeFilter, NetAddress, NetAddressV2, Ping, Pong, TimedNetAddress, UserAgent,
    Version,
};

any_fields! {
    NetAddress { services, ip, port }
    TimedNetAddress { timestamp, address }
    NetAddressV2 { timestamp, services, address, port }
    Addr { addresses }
    Ping { nonce }
    Pong { nonce }
    FeeFilter { min_fee }
}

impl<'a> Arbitrary<'a> for Address {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(1..=3)? {
            1 => Self::Ipv4(u.arbitrary()?),
            2 => Self::Ipv6(u.arbitrary()?),
            _ => Self::TorV3(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for AddrV2 {
    /// With at least one address.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let first: Result<NetAddressV2> = u.arbitrary();
        let others = u.arbitrary_iter()?.take(999);
        valid(Self::new(core::iter::once(first).chain(others).collect::<Result<_>>()?))
    }
}

impl<'a> Arbitrary<'a> for UserAgent {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(text(u, Self::MAX_LEN)?))
    }
}

impl<'a> Arbitrary<'a> for Version {
    /// With the sender's address, without which a version does not read as it was written.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            protocol_version: u.arbitrary()?,
            services: u.arbitrary()?,
            timestamp: u.arbitrary()?,
            addr_you: u.arbitrary()?,
            addr_me: Some(u.arbitrary()?),
            nonce: u.arbitrary()?,
            user_agent: u.arbitrary()?,
            last_block: u.arbitrary()?,
            disable_relay_tx: u.arbitrary()?,
        })
    }
}
