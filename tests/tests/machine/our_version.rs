//! What our own `version` says.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{NetAddress, UserAgent, Version};
use peer_core::{Config, Direction, Event, Message, Node, Services};
use peer_tests::pair::WALL_CLOCK;
use peer_tests::remote::{NETWORK, Remote, connection_info, introduction};

fn node() -> Node {
    Node::new(Config::builder(NETWORK).build().unwrap())
}

fn inbound() -> Remote {
    Remote::new(&node(), Direction::Inbound)
}

fn outbound() -> Remote {
    Remote::new(&node(), Direction::Outbound)
}

/// The version message among what a machine says.
fn version_of(messages: Vec<Message>) -> Version {
    let versions = messages.into_iter().filter_map(|message| match message {
        Message::Version(version) => Some(*version),
        _ => None,
    });
    let [version] = versions.collect::<Vec<_>>().try_into().unwrap();
    version
}

#[test]
fn an_inbound_peer_advertises_what_was_negotiated_and_an_outbound_one_its_highest() {
    let mut dialling = inbound();
    dialling.say(&introduction(10).into());
    dialling.events();
    assert_eq!(version_of(dialling.hears()).protocol_version, 10);
    assert_eq!(version_of(outbound().hears()).protocol_version, 12);
}

#[test]
fn our_version_says_who_we_are() {
    let builder = Config::builder(NETWORK).services(Services::NODE_NETWORK | Services::NODE_CF);
    let config = builder.user_agent("test", "1.2").disable_relay_tx(true).build().unwrap();
    let version = version_of(Remote::new(&Node::new(config), Direction::Outbound).hears());

    let prefix = concat!("/peer-core:", env!("CARGO_PKG_VERSION"), "/test:1.2/");
    assert_eq!(version.user_agent, UserAgent::new(prefix).unwrap());
    assert_eq!(version.services, Services::NODE_NETWORK | Services::NODE_CF);
    assert_eq!(version.addr_me, Some(NetAddress { services: version.services, ..NetAddress::UNSPECIFIED }));
    assert_eq!(version.timestamp, WALL_CLOCK);
    assert_eq!(version.last_block, 500_000);
    assert!(version.disable_relay_tx);
    assert_ne!(version.nonce, 0);
}

#[test]
fn our_version_tells_the_time_at_which_it_is_made() {
    let mut remote = inbound();
    remote.say(&introduction(12).into());
    assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
    remote.now += Duration::from_secs(3600);
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(version_of(remote.hears()).timestamp.seconds(), WALL_CLOCK.seconds() + 3600);
}

#[test]
fn by_default_transactions_are_wanted() {
    assert!(!version_of(outbound().hears()).disable_relay_tx);
}

#[test]
fn an_outbound_peer_tells_the_remote_its_address_with_the_services_known_of_it() {
    let you = version_of(outbound().hears()).addr_you;
    assert_eq!(you, connection_info().remote_address);
}

#[test]
fn an_inbound_peer_tells_the_remote_its_address_with_the_services_it_advertised() {
    let mut remote = inbound();
    let advertised = Services::from_bits(0b1100_0001);
    remote.say(&Version { services: advertised, ..introduction(12) }.into());
    remote.events();
    let expected = NetAddress { services: advertised, ..connection_info().remote_address };
    assert_eq!(version_of(remote.hears()).addr_you, expected);
}

#[test]
fn a_remote_that_seems_to_be_our_proxy_is_not_told_its_address() {
    for (proxy, hidden) in [("192.0.2.7", true), ("::ffff:192.0.2.7", true), ("192.0.2.8", false)] {
        let config = Config::builder(NETWORK).proxy(Some(proxy.parse().unwrap())).build().unwrap();
        let you = version_of(Remote::new(&Node::new(config), Direction::Outbound).hears()).addr_you;
        let expected = if hidden { "0.0.0.0:0" } else { "192.0.2.7:18555" };
        assert_eq!(you.to_string(), expected, "{proxy}");
        assert_eq!(you.services, Services::NODE_NETWORK, "{proxy}");
    }
}

#[test]
fn the_height_can_be_set_until_the_version_is_answered() {
    let mut remote = inbound();
    remote.say(&introduction(12).into());
    assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
    remote.machine.set_best_height(600_000, remote.now);
    remote.events();
    assert_eq!(version_of(remote.hears()).last_block, 600_000);
}
