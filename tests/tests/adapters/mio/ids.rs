//! Ids are never used twice; tokens are.

use core::time::Duration;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use mio::Poll;
use peer_core::{Config, Direction, Error, Network, Node};
use peer_mio::{InsertError, Outcome, PeerEvent, Peers};

use crate::mio::scripted::{Answer, Scripted, Set, ended, greeting, ping, rng};

fn set_of(tokens: usize) -> Set {
    Set::of(Config::builder(Network::SIMNET), tokens)
}

#[test]
fn ids_are_never_used_again() {
    let mut set = set_of(2);
    let mut ids = Vec::new();
    for _ in 0..10 {
        let (id, stream) = set.add(Direction::Inbound);
        stream.script().reads.push_back(Answer::Eof);
        ids.push(id);
        assert!(!set.peers.is_empty());
        set.end();
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert_eq!(ids.iter().map(|id| id.get()).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!(format!("{} {:?}", ids[3], ids[3]), "3 PeerId(3)");
    assert!(format!("{:?}", set.peers).starts_with("Peers {"));
}

#[test]
fn an_old_id_finds_no_peer() {
    let mut set = set_of(1);
    let (old, _) = set.established();
    set.peers.close(old);
    set.end();
    let (new, _) = set.established();
    assert!(set.peers.peer(old).is_none());
    set.peers.close(old);
    set.peers.finish(old);
    set.peers.wake(old);
    assert!(set.events().is_empty());
    assert!(set.peers.peer(new).is_some());
}

#[test]
fn a_set_accepts_as_many_connections_as_it_has_tokens() {
    let mut set = set_of(3);
    let (first, _) = set.add(Direction::Inbound);
    set.add(Direction::Inbound);
    set.add(Direction::Inbound);
    let mut refused = || set.peers.insert(Scripted::default(), Direction::Inbound, greeting());
    assert!(matches!(refused(), Err(InsertError::Full(3))));
    set.peers.close(first);
    assert_eq!(set.peers.len(), 3);
    let mut refused = || set.peers.insert(Scripted::default(), Direction::Inbound, greeting());
    assert!(matches!(refused(), Err(InsertError::Full(3))), "its end was not told");
    set.end();
    assert_eq!(set.peers.len(), 2);
    set.add(Direction::Inbound);
}

#[test]
fn a_token_is_free_as_soon_as_the_end_is_told() {
    let mut set = set_of(1);
    for _ in 0..5 {
        let (id, _) = set.add(Direction::Inbound);
        set.peers.close(id);
        assert!(matches!(set.next(), Some((_, PeerEvent::Closed(_)))));
        assert!(set.peers.is_empty());
    }
    set.add(Direction::Inbound);
}

#[test]
fn a_set_without_tokens_accepts_no_connection() {
    let mut set = set_of(0);
    let refused = set.peers.insert(Scripted::default(), Direction::Inbound, greeting());
    assert!(matches!(refused, Err(InsertError::Full(0))));
}

#[test]
fn a_full_set_dials_nothing() {
    let poll = Poll::new().unwrap();
    let registry = poll.registry().try_clone().unwrap();
    let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
    let mut peers: Peers<_> = Peers::new(registry, 1..2, node, rng(1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    peers.connect(address, greeting()).unwrap();
    assert!(matches!(peers.connect(address, greeting()), Err(InsertError::Full(1))));

    let later = TcpStream::connect(address).unwrap();
    let callers = [listener.accept().unwrap().1, listener.accept().unwrap().1];
    assert_eq!(callers[1], later.local_addr().unwrap(), "no one came in between");
}

#[test]
fn a_machine_can_be_looked_at_until_something_is_asked_for_after_its_end() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert_eq!(set.next(), Some((id, PeerEvent::Closed(ended(Error::ClosedByRemote)))));
    let now = set.peers.now();
    let peer = set.peers.peer(id).unwrap();
    assert_eq!(peer.failure(), Some(&Error::ClosedByRemote));
    assert!(peer.stats().bytes_received > 0);
    assert_eq!(peer.send(&ping(1), now), Err(Error::ClosedByRemote.into()));
    assert_eq!(set.next(), None);
    assert!(set.peers.peer(id).is_none());
}

#[test]
fn a_connection_that_ended_is_not_woken_again() {
    let mut set = Set::new();
    let (id, _) = set.established();
    set.peers.close(id);
    set.next();
    set.peers.wake(id);
    assert!(set.peers.peer(id).is_some());
    let (next, stream) = set.add(Direction::Inbound);
    stream.script().reads.push_back(Answer::Eof);
    assert_eq!(set.drain(), [(next, PeerEvent::Closed(ended(Error::ClosedBeforeVersion)))]);
    assert_eq!(set.peers.timeout(), None);
}

#[test]
fn those_that_are_connected_can_be_looked_at_without_waking_them() {
    let mut set = Set::new();
    let (first, _) = set.established();
    let (second, _) = set.established();
    let (_, half_open) = set.add(Direction::Outbound);
    half_open.script().connects = [Ok(false)].into();
    set.events();
    let all: Vec<_> = set.peers.iter().map(|(id, peer)| (id, peer.is_established())).collect();
    assert_eq!(all, [(first, true), (second, true)]);
    assert_eq!(set.peers.len(), 3);
    assert!(set.peers.timeout() > Some(Duration::ZERO));
}

#[test]
fn a_connection_that_is_not_connected_can_be_closed() {
    for finish in [false, true] {
        let mut set = Set::new();
        let (id, stream) = set.add(Direction::Outbound);
        stream.script().connects = [Ok(false), Err(ErrorKind::ConnectionRefused.into())].into();
        set.events();
        assert!(set.peers.peer(id).is_none());
        if finish {
            set.peers.finish(id)
        } else {
            set.peers.close(id)
        }
        assert_eq!(set.end().1, Outcome::from(Error::ClosedByOwner));
    }
}
