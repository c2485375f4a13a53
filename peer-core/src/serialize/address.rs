//! Addresses and the `version` message.

use core::net::Ipv6Addr;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Hex, Text};
use crate::message::{Address, NetAddress, NetAddressV2, TimedNetAddress, Version};

/// The fields that both kinds of entry share, in alphabetical order.
fn serialize_ip<S: SerializeStruct>(fields: &mut S, ip: &Ipv6Addr) -> Result<(), S::Error> {
    fields.serialize_field("ip", &Text(ip.to_canonical()))?;
    fields.serialize_field("ip_hex", &Hex(&ip.octets()))
}

impl Serialize for NetAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NetAddress", 4)?;
        serialize_ip(&mut fields, &self.ip)?;
        fields.serialize_field("port", &self.port)?;
        fields.serialize_field("services", &self.services)?;
        fields.end()
    }
}

impl Serialize for TimedNetAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("TimedNetAddress", 5)?;
        serialize_ip(&mut fields, &self.address.ip)?;
        fields.serialize_field("port", &self.address.port)?;
        fields.serialize_field("services", &self.address.services)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.end()
    }
}

impl Serialize for NetAddressV2 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NetAddressV2", 6)?;
        match &self.address {
            Address::Ipv4(ip) => fields.serialize_field("addr_hex", &Hex(&ip.octets()))?,
            Address::Ipv6(ip) => fields.serialize_field("addr_hex", &Hex(&ip.octets()))?,
            Address::TorV3(key) => fields.serialize_field("addr_hex", &Hex(key))?,
        }
        fields.serialize_field("addr_text", &Text(self.address))?;
        fields.serialize_field("port", &self.port)?;
        fields.serialize_field("services", &self.services)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.serialize_field("type", &self.address.kind())?;
        fields.end()
    }
}

/// An address that was not sent, as the vectors show it.
struct Absent;

impl Serialize for Absent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NetAddress", 4)?;
        fields.serialize_field("ip", "<nil>")?;
        fields.serialize_field("ip_hex", "")?;
        fields.serialize_field("port", &0)?;
        fields.serialize_field("services", &0)?;
        fields.end()
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Version", 9)?;
        match &self.addr_me {
            Some(address) => fields.serialize_field("addr_me", address)?,
            None => fields.serialize_field("addr_me", &Absent)?,
        }
        fields.serialize_field("addr_you", &self.addr_you)?;
        fields.serialize_field("disable_relay_tx", &self.disable_relay_tx)?;
        fields.serialize_field("last_block", &self.last_block)?;
        fields.serialize_field("nonce", &self.nonce)?;
        fields.serialize_field("protocol_version", &self.protocol_version)?;
        fields.serialize_field("services", &self.services)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.serialize_field("user_agent", &self.user_agent)?;
        fields.end()
    }
}
