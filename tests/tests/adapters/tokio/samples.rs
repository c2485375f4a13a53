//! Nodes and messages to talk about.

use core::net::SocketAddr;

use peer_core::frame::Tap;
use peer_core::{Command, Config, ConnectionInfo, Event, Message, Network, Node};
pub(crate) use peer_tests::remote::{bytes_of, hands};
pub(crate) use peer_tests::samples::{inv_of, item, ping};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::limit;

pub(crate) fn node() -> Node {
    Node::new(Config::builder(Network::SIMNET).build().unwrap())
}

pub(crate) fn connection_info() -> ConnectionInfo {
    peer_tokio::connection_info(SocketAddr::from(([127, 0, 0, 1], 18555)), 0)
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    limit::begin();
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn nonce_of(event: Option<Event>) -> u64 {
    match event {
        Some(Event::Message(Message::Ping(ping))) => ping.nonce,
        other => panic!("{other:?} instead of a ping"),
    }
}

/// The commands of the frames that end in `bytes`.
pub(crate) fn commands_in(bytes: &[u8]) -> Vec<String> {
    let mut commands = Vec::new();
    Tap::new().feed(bytes, |header| commands.push(Command::from_wire(header.command).unwrap().to_string()));
    commands
}
