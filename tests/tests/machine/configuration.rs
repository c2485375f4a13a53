//! What a configuration tells of itself. What each setting does is shown where its subject is.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use peer_core::message::GetData;
use peer_core::{
    Config, ConfigBuilder, ConfigError, Message, Network, ProtocolVersion, Services, UnknownCommands,
    UnrequestedAnswers,
};
use peer_tests::remote::{NETWORK, Remote};
use peer_tests::samples::block_item;

#[test]
fn a_configuration_tells_each_of_its_settings() {
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
        .send_limit(8)
        .send_pause(7)
        .known_inventory(9)
        .known_lifetime(seconds(10))
        .open_handshakes(11)
        .max_unrequested(12)
        .read_ahead(3000)
        .max_requests(13)
        .unrequested_answers(UnrequestedAnswers::Deliver)
        .unknown_commands(UnknownCommands::Ignore)
        .min_receive_rate(14)
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
    assert_eq!((config.known_inventory(), config.known_lifetime()), (9, seconds(10)));
    assert_eq!((config.open_handshakes(), config.max_unrequested()), (11, 12));
    assert_eq!((config.max_requests(), config.min_receive_rate()), (13, 14));
    assert_eq!(config.read_ahead(), 3000);
    assert_eq!(config.unrequested_answers(), UnrequestedAnswers::Deliver);
    assert_eq!(config.unknown_commands(), UnknownCommands::Ignore);
}

#[test]
fn a_setting_that_may_not_be_zero_is_refused_by_name() {
    let refused = |set: fn(ConfigBuilder) -> ConfigBuilder| {
        set(Config::builder(Network::SIMNET)).build().err().map(|error| error.to_string())
    };
    let zero = |setting: &str| Some(format!("{setting} must be more than zero"));
    assert_eq!(refused(|builder| builder.handshake_timeout(Duration::ZERO)), zero("handshake_timeout"));
    assert_eq!(refused(|builder| builder.idle_timeout(Duration::ZERO)), zero("idle_timeout"));
    assert_eq!(refused(|builder| builder.ping_interval(Duration::ZERO)), zero("ping_interval"));
    assert_eq!(refused(|builder| builder.send_limit(0)), zero("send_limit"));
    assert_eq!(refused(|builder| builder.send_pause(0)), zero("send_pause"));
    assert_eq!(refused(|builder| builder.known_inventory(0)), zero("known_inventory"));
    assert_eq!(refused(|builder| builder.open_handshakes(0)), zero("open_handshakes"));
    assert_eq!(refused(|builder| builder.max_unrequested(0)), zero("max_unrequested"));
    assert_eq!(refused(|builder| builder.max_requests(0)), zero("max_requests"));
    assert_eq!(refused(|builder| builder.min_receive_rate(0)), zero("min_receive_rate"));
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

const CHOOSE_A_NAME: &str =
    "user_agent_comments is set (1), but user_agent is not: comments follow its name and version";

#[test]
fn a_driver_gathers_only_while_as_many_blocks_are_requested_as_may_be_hashed_together() {
    let mut remote = Remote::established(Config::builder(NETWORK).read_ahead(1_000_000).build().unwrap());
    assert_eq!(remote.machine.fork().read_ahead(), 0);
    let inventory = (0..16).map(block_item).collect::<Vec<_>>().try_into().unwrap();
    remote.machine.send(&Message::GetData(GetData { inventory }), remote.now).unwrap();
    remote.machine.take_all(remote.now);
    assert_eq!(remote.machine.fork().read_ahead(), 1_000_000);
}
