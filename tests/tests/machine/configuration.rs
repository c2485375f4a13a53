//! What a configuration tells of itself. What each setting does is shown where its subject is.

use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroUsize;
use core::time::Duration;

use peer_core::{
    Config, ConfigError, Network, ProtocolVersion, Services, UnknownCommands, UnrequestedAnswers,
};

#[test]
fn a_configuration_tells_each_of_its_settings() {
    let number = |number| NonZeroUsize::new(number).unwrap();
    let seconds = Duration::from_secs;
    let (versions, proxy) =
        ((ProtocolVersion::new(3), ProtocolVersion::new(11)), IpAddr::from(Ipv4Addr::LOCALHOST));
    let config = Config::builder(Network::TESTNET3)
        .services(Services::NODE_CF)
        .user_agent_prefix("/a:1/")
        .user_agent("b", "2")
        .protocol_version(versions.1)
        .min_protocol_version(versions.0)
        .disable_relay_tx(true)
        .proxy(Some(proxy))
        .handshake_timeout(seconds(1))
        .idle_timeout(seconds(4))
        .ping_interval(seconds(3))
        .trickle_delay(seconds(5)..=seconds(6))
        .send_limit(number(8))
        .send_pause(number(7))
        .known_inventory(number(9))
        .known_lifetime(seconds(10))
        .open_handshakes(number(11))
        .max_unrequested(number(12))
        .max_requests(number(13))
        .unrequested_answers(UnrequestedAnswers::Deliver)
        .unknown_commands(UnknownCommands::Ignore)
        .min_receive_rate(number(14))
        .build()
        .unwrap();
    assert_eq!((config.network(), config.services()), (Network::TESTNET3, Services::NODE_CF));
    assert_eq!(config.user_agent().as_str(), "/a:1/b:2/");
    assert_eq!((config.min_protocol_version(), config.protocol_version()), versions);
    assert_eq!((config.disable_relay_tx(), config.proxy()), (true, Some(proxy)));
    assert_eq!(config.handshake_timeout(), seconds(1));
    assert_eq!((config.ping_interval(), config.idle_timeout()), (seconds(3), seconds(4)));
    assert_eq!(*config.trickle_delay(), seconds(5)..=seconds(6));
    assert_eq!((config.send_pause(), config.send_limit()), (7, 8));
    assert_eq!((config.known_inventory(), config.known_lifetime()), (number(9), seconds(10)));
    assert_eq!((config.open_handshakes(), config.max_unrequested()), (11, 12));
    assert_eq!((config.max_requests(), config.min_receive_rate()), (13, 14));
    assert_eq!(config.unrequested_answers(), UnrequestedAnswers::Deliver);
    assert_eq!(config.unknown_commands(), UnknownCommands::Ignore);
}

#[test]
fn equal_settings_make_equal_configurations() {
    let build = |seconds| {
        Config::builder(Network::MAINNET).handshake_timeout(Duration::from_secs(seconds)).build().unwrap()
    };
    assert_eq!(build(30), Config::builder(Network::MAINNET).build().unwrap());
    assert_ne!(build(29), build(30));
}

#[test]
fn comments_without_a_name_to_stand_behind_are_refused() {
    let with = |comments: &[&str]| Config::builder(Network::MAINNET).user_agent_comments(comments.to_vec());
    assert_eq!(with(&["a", "b"]).build(), Err(ConfigError::CommentsWithoutName { comments: 2 }));
    assert_eq!(with(&["a"]).user_agent_prefix("/x:1/").build().unwrap_err().to_string(), CHOOSE_A_NAME);
    let agent = |config: Config| config.user_agent().as_str().to_owned();
    assert_eq!(agent(with(&[]).user_agent_prefix("/x:1/").build().unwrap()), "/x:1/");
    let named = with(&["a", "b"]).user_agent_prefix("/x:1/").user_agent("y", "2");
    assert_eq!(agent(named.build().unwrap()), "/x:1/y:2(a; b)/");
}

const CHOOSE_A_NAME: &str = "user agent comments (1) without a name and version: set those with `user_agent`";
