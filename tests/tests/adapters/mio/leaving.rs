//! Last words: those of an owner that leaves, and those to a remote that closed only its writing half.

use core::time::Duration;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use mio::{Events, Poll};
use peer_core::{Config, Direction, Error, Network, Node, Peer, SendError, Timer, frame};
use peer_mio::{Outcome, PeerEvent, PeerId, Peers, connection_info};
use rand_chacha::ChaCha8Rng;

use crate::mio::scripted::{Answer, BLOCK, Set, ended, hands, inv_of, item, pings, rng, send};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn leaving_writes_everything_shuts_down_and_waits_for_the_remote() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let now = set.peers.now();
    let peer = set.peers.peer(id).unwrap();
    peer.send(&inv_of(10), now).unwrap();
    peer.announce(item(77), now).unwrap();
    stream.script().writes = [Answer::Take(100), BLOCK].into();
    set.peers.leave(id, 10 * SECOND);
    set.peers.leave(id, 20 * SECOND);
    assert!(matches!(set.peers.try_send(id, &inv_of(1)), Err(SendError::Closed(Error::ClosedByOwner))));
    set.events();
    set.peers.wake(id);
    set.events();
    assert!(!stream.script().is_shut_down, "an announcement waits for its batch");
    set.peers.advance(Duration::from_millis(500));
    assert!(set.events().is_empty());
    assert!(stream.script().is_shut_down);
    assert_eq!(stream.script().commands(), ["inv", "inv"]);
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert_eq!(set.end(), (vec![], ended(Error::ClosedByOwner)));
}

#[test]
fn what_a_remote_says_is_heard_until_our_last_word_and_discarded_after_it() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [BLOCK].into();
    stream.script().say(pings(0..3));
    set.send(id, &inv_of(10)).unwrap();
    set.peers.leave(id, 10 * SECOND);
    set.peers.wake(id);
    assert_eq!(set.events().len(), 3);
    set.peers.wake(id);
    assert!(set.events().is_empty());
    stream.script().say(pings(3..10_000));
    stream.script().say(vec![7; 100_000]);
    stream.script().reads.push_back(Answer::Eof);
    set.peers.wake(id);
    assert_eq!(set.end(), (vec![], ended(Error::ClosedByOwner)));
}

#[test]
fn leaving_waits_five_seconds_for_a_silent_remote_and_no_longer_than_its_owner_wants() {
    for (within, waits) in [(60 * SECOND, 5 * SECOND), (3 * SECOND, 3 * SECOND)] {
        let mut set = Set::new();
        let (id, _) = set.established();
        set.peers.leave(id, within);
        set.wait(waits - Duration::from_millis(100));
        assert!(set.events().is_empty());
        set.peers.advance(Duration::from_millis(100));
        assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    }
}

#[test]
fn leaving_waits_for_a_transport_that_takes_nothing_until_its_deadline() {
    for (within, reason) in [(3, Error::ClosedByOwner), (60, Error::Timeout(Timer::WriteStall))] {
        let mut set = Set::new();
        let (id, stream) = set.established();
        stream.script().writes = vec![BLOCK; 100].into();
        set.send(id, &inv_of(10)).unwrap();
        set.peers.leave(id, within * SECOND);
        assert!(set.events().is_empty());
        set.peers.advance(within.min(20) * SECOND);
        assert_eq!(set.end().1, ended(reason));
    }
}

#[test]
fn leaving_discards_sixteen_mebibytes_and_no_more() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    set.peers.leave(id, 60 * SECOND);
    set.events();
    stream.script().say(vec![7; 16 << 20]);
    set.peers.wake(id);
    assert!(set.events().is_empty());
    stream.script().say(vec![7; 1]);
    set.peers.wake(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
}

#[test]
fn a_stream_that_cannot_be_shut_down_is_closed_when_everything_is_written() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().shutdowns = [ErrorKind::Unsupported].into();
    set.send(id, &inv_of(10)).unwrap();
    set.peers.leave(id, 60 * SECOND);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().commands(), ["inv"]);
}

#[test]
fn a_shutdown_that_would_block_is_made_again() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().shutdowns = [ErrorKind::Interrupted, ErrorKind::WouldBlock].into();
    set.peers.leave(id, 60 * SECOND);
    assert!(set.events().is_empty());
    assert!(!stream.script().is_shut_down);
    set.peers.wake(id);
    assert!(set.events().is_empty());
    assert!(stream.script().is_shut_down);
}

#[test]
fn leaving_before_the_transport_is_connected_is_closing() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Outbound);
    stream.script().connects = [Ok(false), Ok(false)].into();
    set.events();
    set.peers.leave(id, 60 * SECOND);
    assert_eq!(set.end().1, Outcome::from(Error::ClosedByOwner));
}

#[test]
fn a_remote_that_closed_only_its_writing_half_gets_what_is_queued() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = [Answer::Take(100), BLOCK].into();
    stream.script().say(pings(0..2));
    stream.script().reads.push_back(Answer::Eof);
    set.send(id, &inv_of(1000)).unwrap();
    set.peers.wake(id);
    assert_eq!(set.events().len(), 2);
    set.peers.wake(id);
    assert_eq!(set.end().1, ended(Error::ClosedByRemote));
    assert_eq!(stream.script().commands(), ["pong", "pong", "inv"]);
}

#[test]
fn a_remote_that_closed_only_its_writing_half_and_takes_nothing_ends_by_the_write_stall() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = vec![BLOCK; 100].into();
    stream.script().reads.push_back(Answer::Eof);
    set.send(id, &inv_of(1000)).unwrap();
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.advance(20 * SECOND);
    assert_eq!(set.end().1, ended(Error::ClosedByRemote));
}

/// Frames of this command that a remote read to the end.
fn count(command: &str, mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(header) = bytes.first_chunk().map(frame::Header::from_bytes) {
        count += usize::from(peer_core::Command::from_wire(header.command).unwrap().as_str() == command);
        let Some(rest) = bytes.get(header.wire_len()..) else { return count - 1 };
        bytes = rest;
    }
    count
}

/// One connection over TCP to a remote that reads only when it is told to.
struct Visit {
    poll: Poll,
    events: Events,
    peers: Peers<ChaCha8Rng>,
    remote: TcpStream,
}

impl Visit {
    fn new() -> (Self, PeerId) {
        let poll = Poll::new().unwrap();
        let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
        let mut peers = Peers::new(poll.registry().try_clone().unwrap(), 0..1, node, rng(1));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut remote = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        remote.write_all(&hands()).unwrap();
        let (stream, from) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let stream = mio::net::TcpStream::from_std(stream);
        let id = peers.insert(stream, Direction::Inbound, connection_info(from, 0)).unwrap();
        (Self { poll, events: Events::with_capacity(8), peers, remote }, id)
    }

    /// Runs until the machine is in such a state, or gone.
    fn run_until(&mut self, id: PeerId, is_done: impl Fn(&Peer) -> bool) {
        while self.peers.get(id).is_none_or(|peer| !is_done(peer)) {
            let timeout = self.peers.timeout().into_iter().chain([SECOND]).min();
            self.poll.poll(&mut self.events, timeout).unwrap();
            for event in &self.events {
                self.peers.ready(event);
            }
            while let Some((_, happened)) = self.peers.next_event() {
                if matches!(happened, PeerEvent::Closed(_)) {
                    return;
                }
            }
        }
    }
}

/// How many of five long messages the remote reads that are the last words to it.
fn heard_at_the_end(
    talk: impl FnOnce(&mut TcpStream),
    end: impl FnOnce(&mut Peers<ChaCha8Rng>, PeerId),
) -> usize {
    let (mut visit, id) = Visit::new();
    visit.run_until(id, Peer::is_established);
    for _ in 0..5 {
        send(&mut visit.peers, id, &inv_of(1000)).unwrap();
    }
    talk(&mut visit.remote);
    end(&mut visit.peers, id);
    visit.run_until(id, |peer| peer.queued() == 0);
    let mut remote = visit.remote.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        remote.read_to_end(&mut bytes).ok();
        remote.shutdown(Shutdown::Both).ok();
        count("inv", &bytes)
    });
    if !visit.peers.is_empty() {
        visit.run_until(id, |_| false);
    }
    reader.join().unwrap()
}

#[test]
fn a_remote_that_talks_hears_the_last_words_of_an_owner_that_leaves() {
    let talk = |remote: &mut TcpStream| remote.write_all(&pings(0..6000)).unwrap();
    let heard = heard_at_the_end(talk, |peers, id| peers.leave(id, 10 * SECOND));
    assert_eq!(heard, 5);
}

#[test]
fn a_remote_over_tcp_that_closed_its_writing_half_gets_what_is_queued() {
    let talk = |remote: &mut TcpStream| remote.shutdown(Shutdown::Write).unwrap();
    assert_eq!(heard_at_the_end(talk, |_, _| {}), 5);
}
