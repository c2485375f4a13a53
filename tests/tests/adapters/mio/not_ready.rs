//! Transports that are not ready at once: behind TLS or a proxy both ends talk before the first frame.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use peer_core::{Config, Direction, Error, Event, Network, Node, Timer};
use peer_mio::{PeerEvent, Peers, Transport, connection_info};
use rand_chacha::ChaCha8Rng;

use crate::mio::scripted::{Set, ended, failed, hands, name, rng};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_accepted_transport_that_needs_a_moment_is_waited_for() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().connects = [Ok(false), Ok(false)].into();
    stream.script().say(hands());
    assert!(set.events().is_empty());
    set.peers.wake(id);
    assert!(set.events().is_empty());
    assert!(set.peers.peer(id).is_none());
    set.peers.wake(id);
    let names: Vec<_> = set.drain().iter().map(|(_, happened)| name(happened)).collect();
    assert_eq!(names, ["version", "established"]);
}

#[test]
fn an_accepted_transport_is_given_thirty_seconds() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Inbound);
    stream.script().connects = [Ok(false), Ok(false), Ok(false)].into();
    assert!(set.events().is_empty());
    set.peers.advance(29 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, failed(ErrorKind::TimedOut));
}

#[test]
fn the_handshake_of_an_accepted_transport_begins_when_it_is_ready() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Inbound);
    stream.script().connects = [Ok(false)].into();
    assert!(set.events().is_empty());
    set.peers.advance(29 * SECOND);
    set.peers.wake(id);
    assert!(set.events().is_empty());
    set.peers.advance(29 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::Handshake)));
}

#[test]
fn an_accepted_connection_that_was_reset_before_it_was_looked_at_is_not_waited_for() {
    let mut town = Town::new();
    let remote = std::net::TcpStream::connect(town.address).unwrap();
    town.wait();
    let lost = reset(remote, town.accept());
    town.inbound.insert(lost, Direction::Inbound, connection_info(town.address, 0)).unwrap();
    let (_, happened) = town.next();
    assert!(
        matches!(&happened, PeerEvent::Closed(closed) if closed.reason() == Some(&Error::TransportFailed))
    );
}

#[test]
fn two_peers_shake_hands_behind_a_layer_that_shakes_hands_first() {
    let mut town = Town::new();
    let dialled = Layered::new(TcpStream::connect(town.address).unwrap(), Direction::Outbound);
    town.outbound.insert(dialled, Direction::Outbound, connection_info(town.address, 0)).unwrap();
    let mut established = 0;
    while established < 2 {
        match town.next() {
            (_, PeerEvent::Event(Event::Established)) => established += 1,
            (side, PeerEvent::Closed(closed)) => panic!("{side:?}: {closed}"),
            _ => {}
        }
    }
}

/// A layer of which both ends send a word before the transport is connected: the one that accepted, then the other.
struct Layered {
    stream: TcpStream,
    direction: Direction,
    told: bool,
    heard: usize,
    /// The socket fails after it was connected.
    is_lost: bool,
}

const WORD: &[u8] = b"layered";

impl Layered {
    const fn new(stream: TcpStream, direction: Direction) -> Self {
        Self { stream, direction, told: false, heard: 0, is_lost: false }
    }

    fn say(&mut self) -> io::Result<()> {
        if !self.told {
            self.stream.write_all(WORD)?;
            self.told = true;
        }
        Ok(())
    }
}

/// Cuts the connection, and takes the error off the socket as `accept` does on some systems: then only the poll tells.
fn reset(remote: std::net::TcpStream, mut ours: Layered) -> Layered {
    ours.stream.write_all(b"unread, so that closing cuts the connection").unwrap();
    drop(remote);
    while !ours.is_lost {
        ours.is_lost = !matches!(ours.stream.take_error(), Ok(None));
    }
    ours
}

impl Transport for Layered {
    fn is_connected(&mut self) -> io::Result<bool> {
        if self.is_lost || !self.stream.is_connected()? {
            return Ok(false);
        }
        if self.direction == Direction::Inbound {
            self.say()?;
        }
        let mut word = [0; WORD.len()];
        while self.heard < WORD.len() {
            match self.stream.read(&mut word[self.heard..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.heard += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.say()?;
        Ok(true)
    }
}

impl Source for Layered {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.stream.deregister(registry)
    }
}

impl Read for Layered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Layered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two sets of such transports in one poll, and a listener.
struct Town {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    address: SocketAddr,
    outbound: Peers<ChaCha8Rng, Layered>,
    inbound: Peers<ChaCha8Rng, Layered>,
}

impl Town {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
        let set = |tokens, seed| {
            let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
            Peers::new(poll.registry().try_clone().unwrap(), tokens, node, rng(seed))
        };
        let (outbound, inbound) = (set(10..20, 1), set(20..30, 2));
        let address = listener.local_addr().unwrap();
        Self { poll, events: Events::with_capacity(64), listener, address, outbound, inbound }
    }

    fn accept(&self) -> Layered {
        Layered::new(self.listener.accept().unwrap().0, Direction::Inbound)
    }

    fn next(&mut self) -> (Direction, PeerEvent) {
        loop {
            if let Some((_, happened)) = self.outbound.next_event() {
                return (Direction::Outbound, happened);
            }
            if let Some((_, happened)) = self.inbound.next_event() {
                return (Direction::Inbound, happened);
            }
            if self.wait() {
                let stream = self.accept();
                self.inbound.insert(stream, Direction::Inbound, connection_info(self.address, 0)).unwrap();
            }
        }
    }

    /// Waits for the system's poll. Returns whether there is a connection to accept.
    fn wait(&mut self) -> bool {
        let timeouts = [self.outbound.timeout(), self.inbound.timeout()];
        let timeout = timeouts.into_iter().flatten().chain([20 * SECOND]).min().unwrap();
        self.poll.poll(&mut self.events, Some(timeout)).unwrap();
        assert!(timeout <= 10 * SECOND || !self.events.is_empty(), "nothing happens any more");
        self.events.iter().filter(|event| !self.outbound.ready(event) && !self.inbound.ready(event)).count()
            > 0
    }
}
