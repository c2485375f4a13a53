//! Nodes and messages to talk about.

use core::net::SocketAddr;

use peer_core::frame::Tap;
use peer_core::message::{Inv, Inventory, NetAddress, Ping, Timestamp, Version};
use peer_core::{
    Command, Config, Event, Hash, Hello, Message, Network, Node, ProtocolVersion, Services, frame,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

pub(crate) fn node() -> Node {
    Node::new(Config::builder(Network::SIMNET).build().unwrap())
}

pub(crate) fn hello() -> Hello {
    peer_tokio::hello(SocketAddr::from(([127, 0, 0, 1], 18555)), 0)
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn ping(nonce: u64) -> Message {
    Message::Ping(Ping { nonce })
}

pub(crate) fn nonce_of(event: Option<Event>) -> u64 {
    match event {
        Some(Event::Message(Message::Ping(ping))) => ping.nonce,
        other => panic!("{other:?} instead of a ping"),
    }
}

pub(crate) fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::digest(&number.to_le_bytes()))
}

/// A message of the bulk lane, of about 36 bytes for each item.
pub(crate) fn inv_of(items: u32) -> Message {
    let items: Vec<_> = (0..items).map(item).collect();
    Message::Inv(Inv { inventory: items.try_into().unwrap() })
}

pub(crate) fn bytes_of(message: &Message) -> Vec<u8> {
    frame::encode(message, Network::SIMNET, ProtocolVersion::LATEST).unwrap()
}

/// All that a remote must say to shake hands.
pub(crate) fn introduction() -> Vec<u8> {
    let version = Version {
        protocol_version: 12,
        services: Services::NONE,
        timestamp: Timestamp::new(1_700_000_000).unwrap(),
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: None,
        nonce: 1,
        user_agent: Default::default(),
        last_block: 0,
        disable_relay_tx: false,
    };
    [bytes_of(&version.into()), bytes_of(&Message::Verack)].concat()
}

/// The commands of the frames that end in `bytes`.
pub(crate) fn commands_in(bytes: &[u8]) -> Vec<String> {
    let mut commands = Vec::new();
    Tap::new().feed(bytes, |header| commands.push(Command::from_wire(header.command).unwrap().to_string()));
    commands
}
