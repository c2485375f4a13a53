//! Ends: the transport's, the remote's, the owner's.

use core::time::Duration;
use std::io::ErrorKind;

use peer_core::{Config, Direction, Error, Event, Message, Network, ProtocolVersion, Timer};
use peer_mio::{Closed, Outcome, PeerEvent};
use peer_tests::remote::introduction;

use crate::mio::scripted::{Answer, BLOCK, Set, bytes_of, ended, failed, hands, inv_of, item, ping, pings};

/// What surfaces of the handshake when so many of the remote's bytes came.
fn heard(count: usize) -> Vec<String> {
    let version = bytes_of(&introduction(12).into()).len();
    let names = [("version", version), ("established", hands().len())];
    names.iter().filter(|(_, end)| *end <= count).map(|(name, _)| (*name).into()).collect()
}

/// Why a connection ends that the remote cuts after so many bytes of a handshake, or closes between two frames.
fn end_after(count: usize) -> Error {
    let all = hands().len();
    let version = all - 24;
    match count {
        _ if count < version => Error::ClosedBeforeVersion,
        _ if count < all => Error::ClosedBeforeVerack,
        _ => Error::ClosedByRemote,
    }
}

#[test]
fn an_eof_at_every_byte_of_a_handshake_is_reported_after_received_events() {
    let hands = hands();
    for direction in [Direction::Inbound, Direction::Outbound] {
        for count in 0..=hands.len() {
            let mut set = Set::new();
            let (_, stream) = set.add(direction);
            stream.script().reads = [Answer::Bytes(hands[..count].into()), Answer::Eof].into();
            if count == 0 {
                stream.script().reads.pop_front();
            }
            let (names, closed) = set.end();
            assert_eq!(names, heard(count));
            let Some(reason) = closed.reason() else { panic!("{closed:?}") };
            if [0, hands.len() - 24, hands.len()].contains(&count) {
                assert_eq!(*reason, end_after(count), "after {count} bytes");
            } else {
                assert!(matches!(reason, Error::Frame(_)), "{reason} after {count} bytes");
            }
        }
    }
}

#[test]
fn a_read_error_at_every_byte_of_a_handshake_is_reported_after_received_events() {
    let hands = hands();
    for count in 1..=hands.len() {
        let mut set = Set::new();
        let (_, stream) = set.add(Direction::Outbound);
        let reset = Answer::Fail(ErrorKind::ConnectionReset);
        stream.script().reads = [Answer::Bytes(hands[..count].into()), reset].into();
        let reason = if count == hands.len() { Error::TransportFailed } else { end_after(count) };
        let closed = Outcome::from(Closed::new(reason, Some(ErrorKind::ConnectionReset)));
        assert_eq!(set.end(), (heard(count), closed));
    }
}

#[test]
fn a_write_error_at_every_byte_of_a_handshake_is_reported_after_received_events() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Outbound);
    stream.script().say(hands());
    set.events();
    let whole = stream.script().sent.len();
    for count in 0..whole {
        let mut set = Set::new();
        let (_, stream) = set.add(Direction::Outbound);
        stream.script().writes = vec![Answer::Take(1); count].into();
        stream.script().writes.push_back(Answer::Fail(ErrorKind::BrokenPipe));
        stream.script().say(hands());
        stream.script().reads.extend([BLOCK, Answer::Eof]);
        assert_eq!(set.end(), (heard(hands().len()), failed(ErrorKind::BrokenPipe)), "after {count} bytes");
    }
}

#[test]
fn a_write_of_zero_bytes_is_a_transport_failure() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Outbound);
    stream.script().writes = [Answer::Take(0)].into();
    stream.script().reads = [BLOCK, Answer::Eof].into();
    assert_eq!(set.end().1, failed(ErrorKind::WriteZero));
}

#[test]
fn received_messages_are_reported_before_a_failed_write() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Fail(ErrorKind::BrokenPipe)].into();
    stream.script().say(pings(0..1000));
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    let (names, closed) = set.end();
    assert_eq!(names.len(), 1000);
    assert_eq!(closed, failed(ErrorKind::BrokenPipe));
}

#[test]
fn a_slow_owner_gets_all_events_before_a_failed_write() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Fail(ErrorKind::BrokenPipe)].into();
    stream.script().say(pings(0..1000));
    set.peers.wake(id);
    for nonce in 0..1000 {
        if nonce % 100 == 99 {
            set.peers.advance(Duration::from_secs(3600));
        }
        assert_eq!(set.next(), Some((id, PeerEvent::Event(Event::Message(ping(nonce))))));
    }
    assert!(set.events().is_empty());
    set.peers.advance(Duration::from_secs(1));
    assert_eq!(set.end().1, failed(ErrorKind::BrokenPipe));
}

#[test]
fn a_stream_with_nothing_yet_is_asked_again_after_a_failed_write() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Fail(ErrorKind::BrokenPipe)].into();
    stream.script().reads = [Answer::Bytes(pings(0..1)), BLOCK, Answer::Bytes(pings(1..5)), BLOCK].into();
    stream.script().reads.extend([Answer::Bytes(pings(5..6)), Answer::Eof]);
    set.peers.wake(id);
    let mut count = set.events().len();
    while count < 6 {
        set.peers.advance(Duration::from_millis(900));
        set.peers.wake(id);
        let told = set.drain();
        count += told.iter().filter(|(_, happened)| matches!(happened, PeerEvent::Event(_))).count();
        let Some((_, PeerEvent::Closed(closed))) = told.last() else { continue };
        assert_eq!((count, closed), (6, &failed(ErrorKind::BrokenPipe)));
    }
}

#[test]
fn half_a_frame_behind_a_failed_write_is_the_transports_failure() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Fail(ErrorKind::BrokenPipe)].into();
    stream.script().say(pings(0..1));
    stream.script().reads.push_back(BLOCK);
    stream.script().say(&bytes_of(&ping(1))[..10]);
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert_eq!(set.end().1, failed(ErrorKind::BrokenPipe));
}

#[test]
fn a_connection_lost_before_the_first_poll_counts_as_connected() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Inbound);
    stream.script().connects = [Err(ErrorKind::ConnectionReset.into())].into();
    assert_eq!(set.end().1, failed(ErrorKind::ConnectionReset));
}

#[test]
fn a_write_that_fails_while_the_remote_is_not_read_lets_it_be_heard_to_the_end() {
    let pause = Config::builder(Network::SIMNET).send_pause(64);
    let mut set = Set::of(pause, 1);
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK, Answer::Fail(ErrorKind::BrokenPipe)].into();
    stream.script().say(pings(0..10));
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3);
    set.peers.wake(id);
    assert_eq!(set.end(), (vec!["ping".into(); 7], failed(ErrorKind::BrokenPipe)));
}

#[test]
fn a_reject_is_written_before_the_end_below_version_9() {
    let old = Config::builder(Network::SIMNET).min_protocol_version(ProtocolVersion::INITIAL);
    let mut set = Set::of(old.protocol_version(ProtocolVersion::new(8)), 1);
    let (_, stream) = set.add(Direction::Inbound);
    stream.script().writes = [Answer::Take(10), BLOCK].into();
    stream.script().say(bytes_of(&ping(1)));
    assert!(set.events().is_empty());
    let id = set.peers.iter().map(|(id, _)| id).next().unwrap();
    set.peers.wake(id);
    let (names, closed) = set.end();
    assert!(names.is_empty());
    assert!(matches!(closed.reason(), Some(Error::NotVersionMessage { .. })), "{closed}");
    assert_eq!(stream.script().commands(), ["reject"]);
}

#[test]
fn an_unread_reject_is_not_waited_for_forever() {
    let old = Config::builder(Network::SIMNET).min_protocol_version(ProtocolVersion::INITIAL);
    let mut set = Set::of(old.protocol_version(ProtocolVersion::new(8)), 1);
    let (_, stream) = set.add(Direction::Inbound);
    stream.script().writes = [BLOCK].into();
    stream.script().say(bytes_of(&ping(1)));
    assert!(set.events().is_empty());
    set.peers.advance(Duration::from_secs(20));
    assert!(matches!(set.end().1.reason(), Some(Error::NotVersionMessage { .. })));
}

#[test]
fn closing_drops_the_queue_and_is_reported_once() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().say(pings(0..3));
    set.peers.wake(id);
    assert_eq!(set.next(), Some((id, PeerEvent::Event(Event::Message(ping(0))))));
    set.send(id, &inv_of(1)).unwrap();
    set.peers.close(id);
    set.peers.close(id);
    set.peers.finish(id);
    assert_eq!(set.drain(), [(id, PeerEvent::Closed(ended(Error::ClosedByOwner)))]);
    assert_eq!(stream.script().sent, [0; 0]);
}

#[test]
fn closing_through_the_machine_is_closing() {
    let mut set = Set::new();
    let (id, _) = set.established();
    set.peers.peer(id).unwrap().close();
    assert_eq!(set.drain(), [(id, PeerEvent::Closed(ended(Error::ClosedByOwner)))]);
}

#[test]
fn a_stream_is_dropped_when_its_connection_is_closed() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let count = stream.owners();
    set.peers.close(id);
    assert_eq!(stream.owners(), count - 1);
}

#[test]
fn finishing_writes_everything_first_announcements_included() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let now = set.peers.now();
    let peer = set.peers.peer(id).unwrap();
    peer.send(&inv_of(10), now).unwrap();
    peer.announce(item(77), now).unwrap();
    stream.script().writes = [Answer::Take(100), BLOCK].into();
    set.peers.finish(id);
    assert!(set.events().is_empty());
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.advance(Duration::from_millis(500));
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().commands(), ["inv", "inv"]);
}

#[test]
fn finishing_with_nothing_to_write_is_closing() {
    let mut set = Set::new();
    let (id, _) = set.established();
    set.peers.finish(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
}

#[test]
fn finishing_waits_until_the_stream_holds_nothing_back() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().buffers = true;
    set.send(id, &ping(1)).unwrap();
    set.peers.finish(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().commands(), ["ping"]);
}

#[test]
fn finishing_does_not_wait_for_a_remote_that_takes_nothing() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK, BLOCK].into();
    set.send(id, &inv_of(10)).unwrap();
    set.peers.finish(id);
    assert!(set.events().is_empty());
    set.peers.advance(Duration::from_secs(20));
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn finishing_does_not_wait_for_answers_to_what_comes_later() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK, Answer::Take(24), BLOCK].into();
    set.send(id, &Message::GetAddr).unwrap();
    set.peers.finish(id);
    assert!(set.events().is_empty());
    stream.script().say(pings(0..3));
    set.peers.wake(id);
    let (names, closed) = set.end();
    assert_eq!((names, closed), (vec!["ping".into(); 3], ended(Error::ClosedByOwner)));
    assert_eq!(stream.script().commands(), ["getaddr"]);
}

#[test]
fn a_remote_that_is_refused_at_its_version_is_told_nothing() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().say(hands());
    assert!(matches!(set.next(), Some((_, PeerEvent::Event(Event::Version(_))))));
    set.peers.close(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().sent, [0; 0]);
}

#[test]
fn a_refused_connection_is_reported_as_such() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Outbound);
    stream.script().connects = [Err(ErrorKind::ConnectionRefused.into())].into();
    assert_eq!(set.end(), (vec![], Outcome::Unreachable(ErrorKind::ConnectionRefused)));
}

#[test]
fn too_many_handshakes_are_reported_as_such() {
    let one = Config::builder(Network::SIMNET).open_handshakes(1);
    let mut set = Set::of(one, 2);
    set.add(Direction::Outbound);
    let (second, _) = set.add(Direction::Outbound);
    let [(id, PeerEvent::Closed(closed))] = &set.drain()[..] else { panic!() };
    assert_eq!((*id, closed.to_string()), (second, "1 outbound handshakes are open already".into()));
    assert!(matches!(closed, Outcome::TooManyHandshakes(_)));
}

#[test]
fn outcomes_have_readable_texts() {
    let refused = Outcome::Unreachable(ErrorKind::ConnectionRefused);
    assert_eq!(refused.to_string(), "not connected (connection refused)");
    assert_eq!(failed(ErrorKind::BrokenPipe).to_string(), "transport failed (broken pipe)");
    assert_eq!(ended(Error::ClosedByRemote).to_string(), "closed by the remote");
}
