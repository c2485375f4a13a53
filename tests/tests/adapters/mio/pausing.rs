//! A remote that is paused: it has no events, others do, and it is not blamed.

use core::time::Duration;
use std::io::ErrorKind;

use peer_core::{Config, Direction, Error, Event, Network, Timer};
use peer_mio::PeerEvent;
use peer_tests::samples::{getdata, tx_item};

use crate::mio::scripted::{Answer, BLOCK, Set, bytes_of, ended, failed, hands, ping, pings};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_paused_remote_is_not_heard_until_it_is_resumed() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let (other, lively) = set.established();
    set.peers.pause(id);
    stream.script().say(pings(0..100));
    lively.script().say(bytes_of(&ping(7)));
    set.peers.wake(id);
    set.peers.wake(other);
    assert_eq!(set.events(), [(other, Event::Message(ping(7)))]);
    assert_eq!(stream.script().read, 0, "what it says waits in the system");
    assert!(set.peers.timeout() > Some(Duration::ZERO));
    set.peers.resume(id);
    assert_eq!(set.events().len(), 100);
}

#[test]
fn a_remote_is_paused_in_the_middle_of_what_it_says() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(pings(0..100));
    set.peers.wake(id);
    assert_eq!(set.next(), Some((id, PeerEvent::Event(Event::Message(ping(0))))));
    set.peers.pause(id);
    assert!(set.events().is_empty());
    set.peers.resume(id);
    assert_eq!(set.events().len(), 99);
}

#[test]
fn commands_and_announcements_of_a_paused_remote_go_on() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    set.peers.pause(id);
    set.send(id, &ping(1)).unwrap();
    let now = set.peers.now();
    set.peers.peer(id).unwrap().announce(tx_item(1), now).unwrap();
    set.wait(SECOND);
    set.events();
    assert_eq!(stream.script().commands(), ["ping", "inv"]);
}

#[test]
fn a_remote_that_is_paused_for_an_hour_is_not_blamed() {
    for begins_at_event in [false, true] {
        let mut set = Set::new();
        let (id, stream) = set.established();
        set.send(id, &getdata([tx_item(1)])).unwrap();
        if begins_at_event {
            stream.script().say(bytes_of(&ping(0)));
            set.peers.wake(id);
            set.next();
        }
        set.peers.pause(id);
        set.wait(3600 * SECOND);
        assert!(set.events().is_empty());
        stream.script().say(pings(1..2));
        set.peers.resume(id);
        assert_eq!(set.events(), [(id, Event::Message(ping(1)))]);
    }
}

#[test]
fn a_pause_costs_one_turn_a_second_at_most() {
    let mut set = Set::new();
    let (id, _) = set.established();
    set.peers.pause(id);
    let end = set.peers.now() + 3600 * SECOND;
    let mut turns = 0;
    while set.peers.now() < end {
        set.peers.advance(set.peers.timeout().unwrap().max(Duration::from_nanos(1)));
        assert!(set.events().is_empty());
        turns += 1;
    }
    assert!(turns <= 3700, "{turns} turns");
}

#[test]
fn the_time_of_a_remote_begins_anew_when_it_is_resumed() {
    let mut set = Set::new();
    let (id, _) = set.established();
    set.peers.pause(id);
    set.wait(3600 * SECOND);
    set.peers.resume(id);
    assert!(set.events().is_empty());
    set.wait(119 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Idle)));
}

#[test]
fn a_version_is_held_while_others_shake_hands() {
    let mut set = Set::new();
    let (held, waiting) = set.add(Direction::Inbound);
    waiting.script().say(hands());
    assert!(matches!(set.next(), Some((_, PeerEvent::Event(Event::Version(_))))));
    set.peers.pause(held);
    let (other, _) = set.established();
    assert_ne!(held, other);
    set.wait(100 * SECOND);
    assert!(set.events().is_empty());
    assert_eq!(waiting.script().sent, [0; 0], "it is not answered");
    set.peers.resume(held);
    assert_eq!(set.events(), [(held, Event::Established)]);
    assert_eq!(waiting.script().commands(), ["version", "verack"]);
}

#[test]
fn a_version_that_was_held_can_be_refused() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().say(hands());
    set.next();
    set.peers.pause(id);
    assert!(set.events().is_empty());
    set.peers.close(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().sent, [0; 0]);
}

#[test]
fn a_paused_remote_that_takes_nothing_ends_by_the_write_stall() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    set.peers.pause(id);
    stream.script().writes = vec![BLOCK; 100].into();
    set.send(id, &ping(1)).unwrap();
    assert!(set.events().is_empty());
    set.peers.advance(20 * SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn the_end_of_a_paused_remote_is_reported_after_what_it_said() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    set.peers.pause(id);
    stream.script().say(pings(0..20));
    stream.script().reads.push_back(Answer::Fail(ErrorKind::ConnectionReset));
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.resume(id);
    assert_eq!(set.end(), (vec!["ping".into(); 20], failed(ErrorKind::ConnectionReset)));
}

#[test]
fn leaving_a_paused_remote_discards_what_it_says() {
    let mut set = Set::of(Config::builder(Network::SIMNET), 1);
    let (id, stream) = set.established();
    set.peers.pause(id);
    stream.script().say(pings(0..20));
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.leave(id, 10 * SECOND);
    assert_eq!(set.end(), (vec![], ended(Error::ClosedByOwner)));
    assert!(stream.script().is_shut_down);
}
