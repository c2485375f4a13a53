//! What is counted of a connection, and when.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{FeeFilter, Ping, Timestamp, UserAgent, Version};
use peer_core::{
    Config, ConnectionInfo, Direction, Event, Message, Node, ProtocolVersion, Services, Stats, Time,
};
use peer_tests::pair::{Pair, Side, WALL_CLOCK};
use peer_tests::remote::{NETWORK, Remote, connection_info, frame, introduction};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config::builder(NETWORK).build().unwrap()
}

fn node() -> Node {
    Node::new(config())
}

/// The statistics of an inbound peer after this version.
fn after(version: Version) -> Stats {
    let mut remote = Remote::new(&node(), Direction::Inbound);
    remote.say(&version.into());
    assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
    remote.machine.stats()
}

#[test]
fn a_new_connection_knows_itself_and_nothing_of_the_remote() {
    let info: ConnectionInfo = connection_info().with_id(77);
    let stats = Remote::with_info(&node(), Direction::Inbound, info).machine.stats();
    assert_eq!(stats.id, 77);
    assert_eq!(stats.address, info.remote_address);
    assert_eq!(stats.direction, Direction::Inbound);
    assert_eq!((stats.connected, stats.connected_unix), (Time::ZERO, WALL_CLOCK));
    assert_eq!(stats.protocol_version, ProtocolVersion::LATEST);
    assert_eq!(stats.advertised_version, 0);
    assert_eq!(stats.services, Services::NONE);
    assert_eq!(stats.user_agent, UserAgent::default());
    assert_eq!((stats.starting_height, stats.last_block, stats.time_offset), (0, 0, 0));
    assert_eq!((stats.bytes_sent, stats.bytes_received), (0, 0));
    assert_eq!((stats.last_send, stats.last_recv), (None, None));
    assert_eq!((stats.last_ping_nonce, stats.last_ping_time, stats.last_ping_round_trip), (0, None, None));
}

#[test]
fn the_version_tells_who_the_remote_is_as_soon_as_it_surfaces() {
    let stats = after(introduction(10));
    assert_eq!(stats.services, Services::NODE_NETWORK);
    assert_eq!(stats.user_agent.as_str(), "/remote:1.0.0/");
    assert_eq!((stats.starting_height, stats.last_block), (432_100, 432_100));
    assert_eq!((stats.advertised_version, stats.protocol_version.get()), (10, 10));
}

#[test]
fn what_the_remote_said_of_itself_can_be_looked_at_to_the_end() {
    let mut remote = Remote::new(&node(), Direction::Inbound);
    assert_eq!(remote.machine.remote(), None);
    remote.introduce(ProtocolVersion::LATEST);
    let said = introduction(ProtocolVersion::LATEST.get().cast_signed());
    assert_eq!(remote.machine.remote(), Some(&said));
    remote.machine.close(remote.now);
    assert_eq!(remote.machine.remote(), Some(&said));
}

#[test]
fn the_advertised_version_is_kept_beside_the_negotiated_one() {
    for (advertised, seen) in [(13, 13), (i32::MAX, 0x7fff_ffff), (-1, 0xffff_ffff)] {
        let stats = after(introduction(advertised));
        assert_eq!(stats.advertised_version, seen);
        assert_eq!(stats.protocol_version, ProtocolVersion::LATEST);
    }
}

#[test]
fn the_time_until_the_remote_introduces_itself_is_no_offset() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Inbound);
    remote.wait(Duration::from_secs(25)).unwrap();
    let timestamp = Timestamp::new(WALL_CLOCK.seconds() + 25).unwrap();
    remote.say(&Version { timestamp, ..introduction(12) }.into());
    remote.events();
    assert_eq!(remote.machine.stats().time_offset, 0);
    remote.wait(Duration::from_secs(1)).unwrap();
    assert_eq!(remote.machine.stats().time_offset, 0);
}

#[test]
fn the_time_offset_is_positive_where_the_remote_is_ahead() {
    let here = i64::try_from(WALL_CLOCK.seconds()).unwrap();
    let there = Timestamp::MAX.seconds();
    for (seconds, offset) in [
        (WALL_CLOCK.seconds() + 60, 60),
        (WALL_CLOCK.seconds() - 60, -60),
        (0, -here),
        (there, i64::try_from(there).unwrap() - here),
    ] {
        let timestamp = Timestamp::new(seconds).unwrap();
        assert_eq!(after(Version { timestamp, ..introduction(12) }).time_offset, offset);
    }
}

#[test]
fn the_last_block_only_rises_and_the_starting_height_stays() {
    let mut remote = Remote::established(config());
    for (height, expected) in [(432_099, 432_100), (432_101, 432_101), (i32::MIN, 432_101)] {
        remote.machine.set_last_block(height, remote.now);
        assert_eq!(remote.machine.stats().last_block, expected);
    }
    assert_eq!(remote.machine.stats().starting_height, 432_100);
}

#[test]
fn heights_at_the_ends_of_their_range_are_kept() {
    for last_block in [i32::MIN, -1, i32::MAX] {
        let stats = after(Version { last_block, ..introduction(12) });
        assert_eq!((stats.starting_height, stats.last_block), (last_block, last_block));
    }
}

#[test]
fn a_handshake_is_the_same_number_of_bytes_both_ways() {
    let pair = Pair::new(1).established();
    // Headers of 24 bytes; a version is 86 bytes and the user agent.
    let agent = u64::try_from(config().user_agent().as_str().len()).unwrap();
    let expected = 24 + 86 + agent + 24;
    for side in [Side::Outbound, Side::Inbound] {
        let stats = pair.peer(side).stats();
        assert_eq!((stats.bytes_sent, stats.bytes_received), (expected, expected), "{side}");
    }
}

#[test]
fn bytes_sent_are_those_the_transport_took() {
    let mut remote = Remote::established(config());
    let before = remote.machine.stats().bytes_sent;
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    assert_eq!(remote.machine.stats().bytes_sent, before);
    remote.machine.take(10, remote.now);
    assert_eq!(remote.machine.stats().bytes_sent, before + 10);
}

#[test]
fn bytes_received_are_those_of_frames_also_of_the_last_and_bad_one() {
    let mut remote = Remote::established(config());
    let before = remote.machine.stats().bytes_received;
    remote.say_bytes(&frame("ping", &[1; 8]));
    remote.events();
    assert_eq!(remote.machine.stats().bytes_received, before + 32);
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.error();
    assert_eq!(remote.machine.stats().bytes_received, before + 32 + 31);
}

#[test]
fn bytes_received_are_also_those_of_a_frame_that_is_cut_off() {
    let mut remote = Remote::established(config());
    let before = remote.machine.stats().bytes_received;
    remote.say_bytes(&frame("ping", &[1; 8])[..30]);
    remote.events();
    remote.machine.handle_eof(remote.now);
    assert_eq!(remote.machine.stats().bytes_received, before + 30);
}

#[test]
fn the_handshake_sets_neither_last_send_nor_last_receive() {
    let pair = Pair::new(1).established();
    for side in [Side::Outbound, Side::Inbound] {
        let stats = pair.peer(side).stats();
        assert_eq!((stats.last_send, stats.last_recv), (None, None), "{side}");
    }
}

#[test]
fn the_last_send_is_when_the_last_message_was_written_completely() {
    let mut remote = Remote::established(config());
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.wait(SECOND).unwrap();
    remote.machine.take(23, remote.now);
    assert_eq!(remote.machine.stats().last_send, None);
    remote.wait(SECOND).unwrap();
    remote.machine.take(1, remote.now);
    assert_eq!(remote.machine.stats().last_send, Some(remote.now));
}

#[test]
fn a_pong_counts_as_sent() {
    let mut remote = Remote::established(config());
    remote.wait(SECOND).unwrap();
    remote.say(&Message::Ping(Ping { nonce: 1 }));
    remote.events();
    remote.hears();
    assert_eq!(remote.machine.stats().last_send, Some(remote.now));
}

#[test]
fn the_last_receive_is_when_the_last_message_surfaced() {
    let mut remote = Remote::established(config());
    remote.wait(SECOND).unwrap();
    remote.say_bytes(&frame("ping", &[1; 8])[..31]);
    remote.events();
    assert_eq!(remote.machine.stats().last_recv, None);
    remote.wait(SECOND).unwrap();
    remote.say_bytes(&[1]);
    remote.events();
    assert_eq!(remote.machine.stats().last_recv, Some(remote.now));
}

#[test]
fn a_message_that_came_early_counts_as_received() {
    let mut remote = Remote::new(&node(), Direction::Inbound);
    remote.introduce(11.into());
    remote.say(&Message::FeeFilter(FeeFilter { min_fee: 1 }));
    remote.say(&Message::Verack);
    assert_eq!(remote.events().len(), 2);
    assert_eq!(remote.machine.stats().last_recv, Some(remote.now));
}

#[test]
fn sendheaders_is_remembered() {
    let mut remote = Remote::established(config());
    remote.machine.send(&Message::SendHeaders, remote.now).unwrap();
    assert!(!remote.machine.wants_headers(), "our own wish counts as the remote's");
    for _ in 0..2 {
        remote.say(&Message::SendHeaders);
        remote.events();
        assert!(remote.machine.wants_headers());
    }
}

#[test]
fn times_convert_to_the_wall_clock() {
    let mut remote = Remote::established(config());
    remote.wait(SECOND * 90).unwrap();
    remote.say(&Message::Ping(Ping { nonce: 1 }));
    remote.events();
    let stats = remote.machine.stats();
    assert_eq!(stats.unix_seconds(stats.last_recv.unwrap()), WALL_CLOCK.seconds() + 90);
}

#[test]
fn after_the_end_the_last_values_remain() {
    let mut remote = Remote::established(config());
    let before = remote.machine.stats();
    remote.machine.close(remote.now);
    assert_eq!(remote.machine.stats(), before);
}

#[test]
fn the_text_form_is_address_and_direction() {
    let pair = Pair::new(1);
    assert_eq!(pair.peer(Side::Outbound).stats().to_string(), "10.0.0.2:18555 (outbound)");
    assert_eq!(pair.peer(Side::Inbound).stats().to_string(), "10.0.0.1:50000 (inbound)");
}
