//! The handshake: who says what first, what is negotiated, and what ends it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{GetCFilterV2, Ping};
use peer_core::{
    Command, Config, Direction, Error, Event, FrameError, Hash, Message, Network, Node, ProtocolVersion,
    Timer,
};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, frame, header, introduction};

fn node() -> Node {
    node_speaking(9, 12)
}

fn node_speaking(min: u32, max: u32) -> Node {
    Node::new(config(min, max))
}

fn config(min: u32, max: u32) -> Config {
    let builder = Config::builder(NETWORK).min_protocol_version(min.into()).protocol_version(max.into());
    builder.build().unwrap()
}

fn inbound() -> Remote {
    Remote::new(&node(), Direction::Inbound)
}

fn outbound() -> Remote {
    Remote::new(&node(), Direction::Outbound)
}

fn command(name: &str) -> Command {
    Command::new(name).unwrap()
}

fn commands(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.command().to_string()).collect()
}

/// An inbound peer that has sent its `version` and `verack` and waits for ours.
fn awaiting_verack(min: u32, version: u32) -> Remote {
    let mut remote = Remote::new(&node_speaking(min, 12), Direction::Inbound);
    remote.introduce(version.into());
    remote
}

#[test]
fn two_peers_complete_the_handshake_and_both_are_established() {
    let pair = Pair::new(1).established();
    for side in [Side::Outbound, Side::Inbound] {
        assert!(matches!(pair.events(side)[..], [Event::Version(_), Event::Established]), "{side}");
        assert_eq!(pair.peer(side).protocol_version(), ProtocolVersion::LATEST);
        assert_eq!(pair.peer(side).direction(), side);
    }
}

#[test]
fn an_inbound_peer_speaks_second_and_does_not_wait_for_a_verack_before_sending_its_own() {
    let mut remote = inbound();
    assert_eq!(remote.hears(), []);
    remote.say(&introduction(12).into());
    remote.events();
    assert_eq!(commands(&remote.hears()), ["version", "verack"]);
    assert!(!remote.machine.is_established());
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
    assert_eq!(remote.hears(), []);
}

#[test]
fn an_outbound_peer_speaks_first_and_withholds_its_verack_until_it_has_the_remotes() {
    let mut remote = outbound();
    assert_eq!(commands(&remote.hears()), ["version"]);
    remote.say(&introduction(12).into());
    remote.events();
    assert_eq!(remote.hears(), []);
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
    assert_eq!(commands(&remote.hears()), ["verack"]);
}

#[test]
fn nothing_leaves_before_the_owner_pulls_again() {
    let mut remote = inbound();
    remote.say(&introduction(12).into());
    assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
    assert!(!remote.machine.wants_write());
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(commands(&remote.hears()), ["version", "verack"]);
}

#[test]
fn the_lower_of_the_two_highest_versions_is_spoken() {
    for (dialer, listener, expected) in [(12, 12, 12), (12, 9, 9), (10, 12, 10), (11, 11, 11), (9, 10, 9)] {
        let pair = Pair::with_configs(1, config(9, dialer), config(9, listener)).established();
        for side in [Side::Outbound, Side::Inbound] {
            assert_eq!(pair.peer(side).protocol_version().get(), expected);
        }
    }
}

#[test]
fn the_old_era_is_spoken_down_to_version_1_where_the_minimum_allows() {
    for version in 1..9 {
        let pair = Pair::with_configs(1, config(1, version), config(1, 12)).established();
        assert_eq!(pair.peer(Side::Inbound).protocol_version().get(), version);
    }
}

#[test]
fn a_number_above_ours_is_no_obstacle() {
    for advertised in [13, 70_000, i32::MAX] {
        let mut remote = inbound();
        remote.say(&introduction(advertised).into());
        remote.events();
        assert_eq!(remote.machine.protocol_version(), ProtocolVersion::LATEST);
        assert_eq!(commands(&remote.hears()), ["version", "verack"]);
        assert_eq!(remote.machine.stats().advertised_version, advertised.cast_unsigned());
    }
}

#[test]
fn the_version_surfaces_before_it_is_found_too_old() {
    for advertised in [8, 1, 0, -1, i32::MIN] {
        let mut remote = inbound();
        let version = introduction(advertised);
        remote.say(&version.clone().into());
        assert_eq!(remote.pull(), Ok(Some(Event::Version(version.into()))));
        let min = ProtocolVersion::REMOVE_REJECT;
        assert_eq!(remote.pull(), Err(Error::ProtocolVerTooOld { got: advertised, min }));
        assert_eq!(remote.hears(), []);
    }
}

#[test]
fn the_minimum_is_compared_with_what_was_advertised() {
    let mut remote = Remote::new(&node_speaking(12, 12), Direction::Inbound);
    remote.say(&introduction(11).into());
    let min = ProtocolVersion::ADDR_V2;
    assert_eq!(remote.error(), Error::ProtocolVerTooOld { got: 11, min });
}

#[test]
fn a_first_message_other_than_version_ends_the_connection() {
    let others: [&[u8]; 4] = [&frame("verack", &[]), &frame("ping", &[1; 8]), &frame("getaddr", &[]), {
        &frame("notfound", &[0])
    }];
    for (bytes, got) in others.into_iter().zip(["verack", "ping", "getaddr", "notfound"]) {
        for mut remote in [inbound(), outbound()] {
            remote.say_bytes(bytes);
            assert_eq!(remote.error(), Error::NotVersionMessage { got: command(got) });
        }
    }
}

#[test]
fn before_a_version_nothing_larger_than_one_is_admitted() {
    let mut remote = inbound();
    remote.say_bytes(&header("inv", 359, [0; 4]));
    assert_eq!(remote.error(), Error::NotVersionMessage { got: command("inv") });

    let mut remote = inbound();
    remote.say_bytes(&header("version", 359, [0; 4]));
    let error = remote.error();
    let Error::Frame(error) = error else { panic!("{error:?}") };
    assert!(matches!(*error, FrameError::PayloadTooLarge { .. }), "{error:?}");

    let mut remote = inbound();
    remote.say_bytes(&header("version", 358, [0; 4]));
    remote.say_bytes(&[0; 357]);
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.machine.input().len(), 357);
}

#[test]
fn from_version_12_on_verack_must_follow_at_once() {
    for (message, got) in [
        (Message::SendHeaders, "sendheaders"),
        (Message::Ping(Ping { nonce: 1 }), "ping"),
        (introduction(12).into(), "version"),
    ] {
        let mut remote = awaiting_verack(9, 12);
        remote.say(&message);
        assert_eq!(remote.error(), Error::NotVerAckMessage { got: command(got) });
    }
}

#[test]
fn an_answer_where_verack_is_due_is_refused_like_anything_else() {
    let mut remote = awaiting_verack(9, 12);
    remote.say_bytes(&frame("notfound", &[0]));
    assert_eq!(remote.error(), Error::NotVerAckMessage { got: command("notfound") });
}

#[test]
fn a_malformed_message_in_place_of_verack_is_refused_for_what_is_wrong_with_it() {
    let mut remote = awaiting_verack(9, 12);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert!(matches!(remote.error(), Error::Frame(_)));
}

#[test]
fn a_large_message_in_place_of_verack_is_refused_from_its_header() {
    let mut remote = awaiting_verack(9, 12);
    remote.say_bytes(&header("inv", 100_000, [0; 4]));
    assert_eq!(remote.error(), Error::NotVerAckMessage { got: command("inv") });
}

#[test]
fn two_early_messages_are_kept_from_9_to_11_and_delivered_in_order() {
    for version in 9..12 {
        let mut remote = awaiting_verack(9, version);
        let early = [Message::SendHeaders, Message::GetAddr];
        early.iter().for_each(|message| remote.say(message));
        assert_eq!(remote.events(), []);
        remote.say(&Message::Verack);
        let [first, second] = early.map(Event::Message);
        assert_eq!(remote.events(), [Event::Established, first, second]);
        assert!(remote.machine.wants_headers());
    }
}

#[test]
fn a_third_early_message_ends_the_connection_from_9_to_11() {
    for version in 9..12 {
        let mut remote = awaiting_verack(9, version);
        for _ in 0..3 {
            remote.say(&Message::GetAddr);
        }
        assert_eq!(remote.error(), Error::NotVerAckMessage { got: command("getaddr") });
    }
}

#[test]
fn any_number_of_early_messages_is_kept_below_9() {
    let mut remote = awaiting_verack(1, 8);
    let early: Vec<_> = (0..100).map(|nonce| Message::Ping(Ping { nonce })).collect();
    early.iter().for_each(|message| remote.say(message));
    remote.say(&Message::Verack);
    let events = remote.events();
    assert_eq!(events[0], Event::Established);
    assert_eq!(events[1..], early.iter().cloned().map(Event::Message).collect::<Vec<_>>());
    let pongs = remote.hears();
    assert_eq!(pongs.len(), 100);
}

#[test]
fn early_messages_are_at_most_64_kib_together_however_small_they_are() {
    for (name, payload) in [("getaddr", 0), ("ping", 8), ("getheaders", 37)] {
        let mut remote = awaiting_verack(1, 8);
        let frame = frame(name, &vec![0; payload]);
        let fit = 64 * 1024 / frame.len();
        for _ in 0..fit {
            remote.say_bytes(&frame);
        }
        assert_eq!(remote.events(), [], "{name}");
        remote.say_bytes(&frame);
        assert_eq!(remote.error(), Error::NotVerAckMessage { got: command(name) });
    }
}

#[test]
fn an_early_message_beyond_64_kib_is_refused_from_its_header() {
    let mut remote = awaiting_verack(1, 8);
    remote.say_bytes(&header("inv", 64 * 1024 - 23, [0; 4]));
    assert_eq!(remote.error(), Error::NotVerAckMessage { got: command("inv") });
}

#[test]
fn an_early_answer_to_nothing_is_refused_from_its_header() {
    for (min, version) in [(1, 8), (9, 11)] {
        let mut remote = awaiting_verack(min, version);
        remote.say_bytes(&header("block", 1000, [0; 4]));
        assert_eq!(remote.error(), Error::Unrequested(command("block")), "version {version}");
    }
}

#[test]
fn a_malformed_early_message_ends_the_connection_when_it_comes() {
    let mut remote = awaiting_verack(9, 9);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert!(matches!(remote.error(), Error::Frame(_)));
}

#[test]
fn a_second_version_ends_the_connection() {
    let mut remote = Remote::established(config(9, 12));
    remote.say(&introduction(12).into());
    assert_eq!(remote.error(), Error::Repeated(command("version")));
}

#[test]
fn a_second_verack_ends_the_connection() {
    let mut remote = Remote::established(config(9, 12));
    remote.say(&Message::Verack);
    assert_eq!(remote.error(), Error::Repeated(command("verack")));
}

#[test]
fn a_second_version_that_came_early_ends_the_connection_once_it_is_its_turn() {
    let mut remote = awaiting_verack(9, 11);
    remote.say(&introduction(11).into());
    remote.say(&Message::Verack);
    assert_eq!(remote.pull(), Ok(Some(Event::Established)));
    assert_eq!(remote.pull(), Err(Error::Repeated(command("version"))));
}

#[test]
fn another_network_is_refused_from_the_header() {
    let mut remote = inbound();
    let mut bytes = frame("version", &[]).to_vec();
    bytes[..4].copy_from_slice(&Network::MAINNET.magic().to_le_bytes());
    remote.say_bytes(&bytes);
    assert_eq!(remote.error(), FrameError::WrongNetwork(Network::MAINNET).into());
}

#[test]
fn silence_fails_the_handshake_after_30_seconds() {
    for mut remote in [inbound(), outbound()] {
        remote.hears();
        assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Handshake)));
        assert_eq!(remote.wait_for_deadline().1, Err(Error::Timeout(Timer::Handshake)));
    }
}

#[test]
fn the_time_covers_the_verack() {
    let mut remote = inbound();
    remote.wait(Duration::from_secs(20)).unwrap();
    remote.introduce(12.into());
    assert_eq!(remote.deadline(), Some((Duration::from_secs(10), Timer::Handshake)));
    assert_eq!(remote.wait(Duration::from_secs(10)), Err(Error::Timeout(Timer::Handshake)));
}

#[test]
fn early_messages_and_half_a_verack_do_not_extend_the_handshake_timeout() {
    let mut remote = awaiting_verack(9, 11);
    remote.wait(Duration::from_secs(29)).unwrap();
    remote.say(&Message::GetAddr);
    remote.say_bytes(&frame("verack", &[])[..23]);
    assert_eq!(remote.events(), []);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(1), Timer::Handshake)));
}

#[test]
fn the_handshake_timer_stops_while_the_owner_decides_on_the_version() {
    let mut remote = inbound();
    remote.wait(Duration::from_secs(10)).unwrap();
    remote.say(&introduction(12).into());
    assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
    assert_eq!(remote.deadline(), None);
    remote.wait(Duration::from_secs(3600)).unwrap();
    assert_eq!(remote.pull(), Ok(None));
    remote.hears();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::Handshake)));
}

#[test]
fn the_timeout_is_configurable() {
    let config = Config::builder(NETWORK).handshake_timeout(Duration::from_secs(5)).build().unwrap();
    let remote = Remote::new(&Node::new(config), Direction::Inbound);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(5), Timer::Handshake)));
}

#[test]
fn a_version_that_ends_after_the_receivers_address_is_a_version() {
    let mut remote = inbound();
    let mut payload = Vec::new();
    Message::from(introduction(12)).encode(&mut payload, ProtocolVersion::LATEST).unwrap();
    remote.say_bytes(&frame("version", &payload[..46]));
    assert!(matches!(remote.events()[..], [Event::Version(_)]));
    assert_eq!(commands(&remote.hears()), ["version", "verack"]);
}

#[test]
fn what_the_negotiated_version_lacks_is_neither_read_nor_written() {
    let mut remote = Remote::established_at(config(1, 12), 6.into());
    let request = Message::GetCFilterV2(GetCFilterV2 { block_hash: Hash::ZERO });
    assert!(remote.machine.send(&request, remote.now).is_err());
    remote.say_bytes(&frame("getcfilterv2", &[0; 32]));
    assert!(matches!(remote.error(), Error::Frame(_)));
}
