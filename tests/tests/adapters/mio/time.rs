//! Time: who is blamed for what, and when.

use core::time::Duration;
use std::io::ErrorKind;

use peer_core::message::Inventory;
use peer_core::{Config, Direction, Error, Event, Message, Network, Timer};
use peer_mio::{Outcome, PeerEvent};
use peer_tests::samples::{block, getdata, large_block};

use crate::mio::scripted::{
    Answer, BLOCK, Scripted, Set, bytes_of, ended, greeting, hands, inv_of, item, ping, pings,
};

const SECOND: Duration = Duration::from_secs(1);

fn soon(timeout: Option<Duration>, seconds: u64) -> bool {
    let most = Duration::from_secs(seconds);
    timeout.is_some_and(|timeout| timeout <= most && timeout > most - SECOND)
}

#[test]
fn a_remote_that_says_nothing_is_given_thirty_seconds() {
    let mut set = Set::new();
    set.add(Direction::Inbound);
    assert_eq!(set.peers.timeout(), Some(Duration::ZERO));
    assert!(set.events().is_empty());
    assert!(soon(set.peers.timeout(), 30), "{:?}", set.peers.timeout());
    set.peers.advance(29 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.peers.timeout(), Some(Duration::ZERO));
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Handshake)));
    assert_eq!(set.peers.timeout(), None);
}

#[test]
fn a_remote_that_falls_silent_is_given_two_minutes() {
    let mut set = Set::new();
    set.established();
    set.wait(119 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Idle)));
}

#[test]
fn what_came_in_time_counts_however_late_the_owner_looks() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(bytes_of(&ping(1)));
    set.peers.advance(3600 * SECOND);
    assert_eq!(set.events(), [(id, Event::Message(ping(1)))], "without the poll's telling");
}

#[test]
fn a_long_message_that_came_in_time_counts_however_many_turns_it_takes() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(bytes_of(&inv_of(20_000)));
    set.peers.advance(3600 * SECOND);
    assert_eq!(set.events(), [(id, Event::Message(inv_of(20_000)))]);
}

#[test]
fn a_remote_is_not_blamed_while_its_owner_is_busy_with_what_it_said() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(pings(0..40));
    set.peers.wake(id);
    for nonce in 0..40 {
        let (_, happened) = set.next().unwrap();
        assert_eq!(happened, PeerEvent::Event(Event::Message(ping(nonce))));
        set.peers.advance(3600 * SECOND);
    }
    assert!(set.events().is_empty());
    set.wait(119 * SECOND);
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Idle)));
}

#[test]
fn an_owner_may_take_its_time_over_a_version() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().say(hands());
    assert!(set.next().is_some());
    set.peers.advance(3600 * SECOND);
    assert_eq!(set.events(), [(id, Event::Established)]);
}

#[test]
fn a_frame_that_no_one_takes_ends_the_connection_after_twenty_seconds() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = vec![BLOCK; 100].into();
    set.send(id, &ping(1)).unwrap();
    assert!(set.events().is_empty());
    assert!(soon(set.peers.timeout(), 20), "{:?}", set.peers.timeout());
    set.peers.advance(20 * SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn a_stream_that_has_room_again_counts_however_late_the_owner_looks() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Take(10), BLOCK].into();
    set.send(id, &ping(1)).unwrap();
    assert!(set.events().is_empty());
    set.peers.advance(3600 * SECOND);
    stream.script().say(bytes_of(&ping(2)));
    assert_eq!(set.events(), [(id, Event::Message(ping(2)))], "without the poll's telling");
    assert_eq!(stream.script().commands(), ["ping", "pong", "ping"]);
}

#[test]
fn a_remote_that_is_not_read_because_it_takes_nothing_ends_too() {
    let pause = Config::builder(Network::SIMNET).send_pause(64);
    let mut set = Set::of(pause, 1);
    let (id, stream) = set.established();
    stream.script().writes = vec![BLOCK; 100].into();
    stream.script().say(pings(0..1000));
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3);
    set.peers.advance(20 * SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn a_transport_is_given_thirty_seconds_to_connect() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Outbound);
    stream.script().connects = vec![Ok(false), Ok(false), Ok(false)].into();
    assert!(set.events().is_empty());
    assert!(soon(set.peers.timeout(), 30), "{:?}", set.peers.timeout());
    set.peers.advance(29 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, Outcome::Unreachable(ErrorKind::TimedOut));
}

#[test]
fn the_time_to_connect_can_be_set() {
    let mut set = Set::new();
    set.peers.set_connect_timeout(5 * SECOND);
    let (_, stream) = set.add(Direction::Outbound);
    stream.script().connects = vec![Ok(false), Ok(false)].into();
    assert!(set.events().is_empty());
    set.peers.advance(5 * SECOND);
    assert_eq!(set.end().1, Outcome::Unreachable(ErrorKind::TimedOut));
}

#[test]
fn the_clock_of_the_handshake_starts_when_the_transport_is_connected() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Outbound);
    stream.script().connects = vec![Ok(false)].into();
    assert!(set.events().is_empty());
    set.peers.advance(29 * SECOND);
    assert!(set.peers.peer(id).is_none());
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.advance(29 * SECOND);
    assert!(set.events().is_empty());
    assert!(set.peers.peer(id).is_some());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Handshake)));
}

#[test]
fn a_slow_dial_does_not_make_the_wall_clock_late() {
    let mut set = Set::new();
    let (stream, info) = (Scripted::default(), greeting());
    let id = set.peers.insert(stream.clone(), Direction::Outbound, info).unwrap();
    stream.script().connects = [Ok(false)].into();
    set.events();
    set.peers.advance(25 * SECOND);
    set.peers.wake(id);
    set.events();
    let late = set.peers.get(id).unwrap().stats().connected_unix.seconds() - info.unix_time.seconds();
    assert!((25..30).contains(&late), "{late} s after the dial began");
}

#[test]
fn announcements_leave_within_half_a_second() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let now = set.peers.now();
    set.peers.peer(id).unwrap().announce(item(1), now).unwrap();
    assert!(set.events().is_empty());
    assert!(set.peers.timeout() <= Some(Duration::from_millis(500)));
    set.peers.advance(Duration::from_millis(500));
    assert!(set.events().is_empty());
    assert_eq!(stream.script().commands(), ["inv"]);
}

#[test]
fn a_silent_remote_is_pinged() {
    let mut set = Set::new();
    let (_, stream) = set.established();
    set.peers.advance(107 * SECOND);
    assert!(set.events().is_empty());
    assert_eq!(stream.script().commands(), ["ping"]);
}

#[test]
fn a_slow_peer_does_not_use_up_the_time_of_another() {
    let mut set = Set::new();
    let (_, silent) = set.established();
    let (busy, stream) = set.established();
    stream.script().say(pings(0..100));
    silent.script().say(bytes_of(&ping(7)));
    set.peers.wake(busy);
    assert!(set.next().is_some());
    set.peers.advance(3600 * SECOND);
    assert_eq!(set.events().len(), 100, "99 of the one, and one of the other that no one told of");
}

#[test]
fn time_in_statistics_has_its_instant() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().reads.push_back(Answer::Bytes(bytes_of(&ping(1))));
    set.peers.wake(id);
    set.events();
    let received = set.peers.peer(id).unwrap().stats().last_recv.unwrap();
    let (received, now) = (set.peers.instant(received), set.peers.instant(set.peers.now()));
    assert!(received.is_some() && received <= now);
}

#[test]
fn a_stream_that_has_room_again_in_the_middle_of_a_turn_counts() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK, BLOCK].into();
    set.send(id, &ping(99)).unwrap();
    assert!(set.events().is_empty());
    stream.script().say(pings(0..20));
    set.peers.wake(id);
    for _ in 0..17 {
        assert!(set.next().is_some());
    }
    set.peers.advance(20 * SECOND);
    assert_eq!(set.events().len(), 3);
    set.wait(20 * SECOND);
    assert!(set.events().is_empty());
    assert!(stream.script().commands().contains(&"ping".into()));
}

#[test]
fn an_answer_is_waited_for_though_its_owner_was_busy_after_the_last_byte_of_a_turn() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let (first, second) = (large_block(65_200), block(2));
    let items = [Inventory::block(first.hash()), Inventory::block(second.hash())];
    set.send(id, &getdata(items)).unwrap();
    set.events();
    // A turn reads 64 KiB: the first block, and the beginning of the second.
    let first = Message::Block(first);
    let answers = [bytes_of(&first), bytes_of(&Message::Block(second))].concat();
    stream.script().say(answers);
    set.peers.wake(id);
    assert_eq!(set.next(), Some((id, PeerEvent::Event(Event::Message(first)))));
    set.peers.advance(3600 * SECOND);
    assert_eq!(set.events().len(), 1);
}
