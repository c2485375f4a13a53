//! A machine after its handshake.

use bytes::BytesMut;
use peer_core::frame::encode;
use peer_core::message::{NetAddress, Timestamp, UserAgent, Version};
use peer_core::{
    Config, Connection, ConnectionInfo, Event, Message, Network, Node, ProtocolVersion, Services, Time,
    UnrequestedAnswers,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// An inbound peer that takes everything, asked for or not.
pub fn established() -> Connection {
    let config = Config::builder(Network::MAINNET).unrequested_answers(UnrequestedAnswers::Deliver);
    let node = Node::new(config.build().expect("it is valid"));
    let address = NetAddress::new(([192, 0, 2, 7], 9108).into(), Services::NODE_NETWORK);
    let info = ConnectionInfo::new(address, 500_000, Timestamp::new(1_700_000_000).expect("it is in range"));
    let mut peer = Connection::inbound(&node, info, Time::ZERO, &mut ChaCha8Rng::seed_from_u64(1));
    let version = Version {
        protocol_version: 12,
        services: Services::NODE_NETWORK,
        timestamp: Timestamp::new(1_700_000_000).expect("it is in range"),
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: Some(NetAddress::UNSPECIFIED),
        nonce: 7,
        user_agent: UserAgent::new("/remote:1.0.0/").expect("it is short"),
        last_block: 1,
        disable_relay_tx: false,
    };
    let mut input = BytesMut::new();
    for message in [version.into(), Message::Verack] {
        let frame = encode(&message, Network::MAINNET, ProtocolVersion::LATEST).expect("it is valid");
        input.extend_from_slice(&frame);
    }
    let mut events = Vec::new();
    while let Some(event) = peer.receive(&mut input, Time::ZERO).expect("the remote is honest") {
        events.push(event);
    }
    assert!(matches!(events[..], [Event::Version(_), Event::Established]));
    while peer.wants_write() {
        let count = peer.poll_transmit(Time::ZERO).len();
        peer.handle_transmitted(count, Time::ZERO);
    }
    peer
}
