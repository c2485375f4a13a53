//! Turns: who comes when, and that no one is forgotten.

use core::time::Duration;
use std::io::ErrorKind;

use peer_core::{Config, Direction, Error, Event, Network, UnknownCommands};
use peer_mio::{PeerEvent, PeerId};
use peer_tests::remote::{frame, introduction};

use crate::mio::scripted::{Answer, BLOCK, Scripted, Set, bytes_of, ended, inv_of, ping, pings};

/// Who something was told of, one after the other.
fn order(events: &[(PeerId, Event)]) -> Vec<PeerId> {
    let mut ids: Vec<_> = events.iter().map(|(id, _)| *id).collect();
    ids.dedup();
    ids
}

/// Two that have something to say, who come in this order: a loud one, and a quiet one that says a ping.
fn loud_and_quiet(set: &mut Set, said: Vec<u8>) -> ((PeerId, Scripted), PeerId) {
    let (loud, flood) = set.established();
    let (quiet, stream) = set.established();
    flood.script().say(said);
    stream.script().say(bytes_of(&ping(1)));
    set.peers.wake(loud);
    set.peers.wake(quiet);
    ((loud, flood), quiet)
}

#[test]
fn ready_connections_are_served_in_order_of_readiness() {
    let mut set = Set::new();
    let peers: Vec<_> = (0..5).map(|_| set.established()).collect();
    let come = [3, 0, 4, 1, 2].map(|index: usize| &peers[index]);
    for (id, stream) in come {
        stream.script().say(pings(0..2));
        set.peers.wake(*id);
    }
    assert_eq!(order(&set.events()), come.map(|(id, _)| *id));
}

#[test]
fn a_flood_of_small_messages_delays_another_by_sixteen_of_them() {
    let mut set = Set::new();
    let (_, quiet) = loud_and_quiet(&mut set, pings(0..10_000));
    let events = set.events();
    assert_eq!(events.iter().position(|(id, _)| *id == quiet), Some(16));
    assert_eq!(events.len(), 10_001);
}

#[test]
fn every_ready_connection_has_one_turn_before_the_next_poll() {
    let mut set = Set::new();
    let ((_, flood), quiet) = loud_and_quiet(&mut set, bytes_of(&inv_of(30_000)));
    assert_eq!(set.peers.next_event().map(|(id, _)| id), Some(quiet));
    assert_eq!(set.peers.next_event(), None);
    assert_eq!(flood.script().read, 64 * 1024);
    assert_eq!(set.peers.timeout(), Some(Duration::ZERO), "there is more to do");
}

#[test]
fn replacing_ended_connections_does_not_prevent_the_next_poll() {
    let mut set = Set::new();
    for _ in 0..10 {
        let (_, stream) = set.add(Direction::Outbound);
        stream.script().connects = [Err(ErrorKind::ConnectionRefused.into())].into();
        assert!(matches!(set.peers.next_event(), Some((_, PeerEvent::Closed(_)))));
        let (_, next) = set.add(Direction::Outbound);
        next.script().connects = [Err(ErrorKind::ConnectionRefused.into())].into();
        assert_eq!(set.peers.next_event(), None);
        assert_eq!(set.peers.timeout(), Some(Duration::ZERO));
        assert!(matches!(set.peers.next_event(), Some((_, PeerEvent::Closed(_)))));
        assert_eq!(set.peers.next_event(), None);
    }
}

#[test]
fn reading_state_makes_no_connection_ready() {
    let mut set = Set::new();
    let (id, _) = set.established();
    assert!(set.peers.get(id).unwrap().is_established());
    assert!(set.peers.timeout() > Some(Duration::ZERO));
    set.peers.close(id);
    assert!(set.next().is_some());
    assert_eq!(set.peers.get(id).unwrap().failure(), Some(&Error::ClosedByOwner));
    assert_eq!(set.next(), None);
    assert!(set.peers.get(id).is_none());
}

#[test]
fn a_long_message_delays_another_by_64_kib_of_it() {
    let mut set = Set::new();
    let ((loud, flood), quiet) = loud_and_quiet(&mut set, bytes_of(&inv_of(30_000)));
    assert_eq!(set.next().map(|(id, _)| id), Some(quiet));
    assert_eq!(flood.script().read, 64 * 1024);
    assert_eq!(set.events(), [(loud, Event::Message(inv_of(30_000)))]);
}

/// They make no event, so the limit of events bounds nothing.
#[test]
fn frames_that_are_ignored_hold_up_a_message_by_64_kib_of_them() {
    let ignores = Config::builder(Network::SIMNET).unknown_commands(UnknownCommands::Ignore);
    let mut set = Set::of(ignores, 10);
    let (loud, flood) = set.established();
    flood.script().say(frame("unknown", &[0; 100]).repeat(10_000));
    set.peers.wake(loud);
    set.send(loud, &ping(1)).unwrap();
    assert_eq!(set.peers.next_event(), None);
    assert_eq!(flood.script().read, 64 * 1024);
    assert_eq!(flood.script().sent, bytes_of(&ping(1)));
    assert_eq!(set.events(), [], "all are ignored");
}

#[test]
fn much_to_write_delays_another_by_64_kib_of_it() {
    let mut set = Set::new();
    let (loud, much) = set.established();
    let (quiet, stream) = set.established();
    set.send(loud, &inv_of(30_000)).unwrap();
    stream.script().say(bytes_of(&ping(1)));
    set.peers.wake(quiet);
    assert_eq!(set.next().map(|(id, _)| id), Some(quiet));
    assert_eq!(much.script().sent.len(), 64 * 1024);
    assert!(set.events().is_empty());
    assert_eq!(much.script().sent, bytes_of(&inv_of(30_000)));
}

#[test]
fn a_connection_that_is_ready_again_waits_behind_the_others() {
    let mut set = Set::new();
    let peers: Vec<_> = (0..3).map(|_| set.established()).collect();
    for (id, stream) in &peers {
        stream.script().say(pings(0..40));
        set.peers.wake(*id);
    }
    let ids: Vec<_> = peers.iter().map(|(id, _)| *id).collect();
    assert_eq!(order(&set.events()), ids.repeat(3));
}

#[test]
fn an_owner_that_stops_polling_events_continues_without_new_readiness() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(pings(0..1000));
    set.peers.wake(id);
    for nonce in 0..1000 {
        assert_eq!(set.peers.timeout(), Some(Duration::ZERO));
        let told = set.next().unwrap();
        assert_eq!(told, (id, PeerEvent::Event(Event::Message(ping(nonce)))));
    }
    assert!(set.events().is_empty());
    assert!(set.peers.timeout() > Some(Duration::ZERO));
}

#[test]
fn a_paused_remote_is_read_again_when_it_took_what_it_is_owed() {
    let pause = Config::builder(Network::SIMNET).send_pause(64);
    let mut set = Set::of(pause, 1);
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK].into();
    stream.script().say(pings(0..10_000));
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3, "the pongs to two are 64 bytes");
    assert!(set.peers.timeout() > Some(Duration::ZERO), "nothing can be done");
    let read = stream.script().read;
    assert_eq!(read, 64 * 1024);

    // From here on no readiness to read is told, for there will be no new one.
    set.peers.wake(id);
    assert_eq!(set.events().len(), 9_997);
}

#[test]
fn a_pause_also_ends_byte_by_byte() {
    let pause = Config::builder(Network::SIMNET).send_pause(64);
    let mut set = Set::of(pause, 1);
    let (id, stream) = set.established();
    stream.script().writes = vec![Answer::Take(1); 500].into();
    stream.script().writes.push_front(BLOCK);
    stream.script().say(pings(0..1000));
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3);
    set.peers.wake(id);
    assert_eq!(set.events().len(), 997);
    assert_eq!(stream.script().commands(), vec!["pong"; 1000]);
}

#[test]
fn a_command_runs_without_new_readiness() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    assert!(set.peers.timeout() > Some(Duration::ZERO));
    set.send(id, &ping(1)).unwrap();
    assert_eq!(set.peers.timeout(), Some(Duration::ZERO));
    set.events();
    assert_eq!(stream.script().commands(), ["ping"]);
}

#[test]
fn a_command_after_would_block_waits_for_readiness() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK].into();
    for nonce in 0..3 {
        set.send(id, &ping(nonce)).unwrap();
        assert!(set.events().is_empty());
    }
    assert!(stream.script().taken.is_empty(), "it would block, and no one said otherwise");
    set.peers.wake(id);
    set.events();
    assert_eq!(stream.script().commands(), ["ping"; 3]);
}

#[test]
fn answers_to_many_messages_leave_together() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(pings(0..64));
    set.peers.wake(id);
    set.events();
    assert_eq!(stream.script().commands(), ["pong"; 64]);
    assert_eq!(stream.script().taken.len(), 4, "one write for each turn of 16 events");
}

#[test]
fn after_a_short_read_a_stream_that_drains_is_not_asked_again() {
    let mut set = Set::new();
    for (drains, asked) in [(false, 2), (true, 1)] {
        let (id, stream) = set.established();
        stream.script().drains = drains;
        stream.script().asked = 0;
        stream.script().say(bytes_of(&ping(1)));
        set.peers.wake(id);
        assert_eq!(set.events().len(), 1);
        assert_eq!(stream.script().asked, asked);
    }
}

#[test]
fn a_stream_that_drains_is_asked_until_it_blocks_before_it_was_ever_seen_to() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Inbound);
    stream.script().drains = true;
    stream.script().say(bytes_of(&introduction(12).into()));
    stream.script().reads.push_back(Answer::Eof);
    assert_eq!(set.end(), (vec!["version".into()], ended(Error::ClosedBeforeVerack)));
}

#[test]
fn what_a_short_read_brought_is_told_over_as_many_turns_as_it_takes() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().drains = true;
    stream.script().say(pings(0..100));
    set.peers.wake(id);
    assert_eq!(set.events().len(), 100);
}
