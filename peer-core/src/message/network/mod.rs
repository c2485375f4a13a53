//! Messages between neighbours: who a node is, whether it is there, and which others it knows.

mod address;
mod onion;
mod ping;
mod version;

pub use self::address::{Addr, AddrV2, Address, AddressList, NetAddress, NetAddressV2, TimedNetAddress};
pub use self::ping::{FeeFilter, Ping, Pong};
pub use self::version::{UserAgent, Version};
