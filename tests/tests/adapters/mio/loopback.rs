//! Over real sockets: two sets in one poll, one of which dials the other.

use core::net::{Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, ErrorKind, Write as _};
use std::net::Shutdown;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use peer_core::{Config, ConfigBuilder, Direction, Error, Event, Message, Network, Node};
use peer_mio::{Outcome, PeerEvent, PeerId, Peers, Transport, connection_info};
use rand_chacha::ChaCha8Rng;

use crate::mio::scripted::{bytes_of, ended, hands, inv_of, item, name, ping, rng, send};

/// Longer than anything here takes: a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Near,
    Far,
}

/// Two sets in one poll, and a listener that takes visitors in at the far one.
struct Town {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    near: Peers<ChaCha8Rng>,
    far: Peers<ChaCha8Rng>,
}

impl Town {
    fn new() -> Self {
        Self::of(Node::new(config().build().unwrap()), Node::new(config().build().unwrap()))
    }

    fn of(near: Node, far: Node) -> Self {
        Self::behind(TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap(), near, far)
    }

    fn behind(mut listener: TcpListener, near: Node, far: Node) -> Self {
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
        let registry = || poll.registry().try_clone().unwrap();
        let near = Peers::new(registry(), 1000..2000, near, rng(1));
        let far = Peers::new(registry(), 2000..3000, far, rng(2));
        Self { poll, events: Events::with_capacity(64), listener, near, far }
    }

    fn dial(&mut self) -> PeerId {
        let address = self.listener.local_addr().unwrap();
        self.near.connect(address, connection_info(address, 0)).unwrap()
    }

    fn set(&mut self, side: Side) -> &mut Peers<ChaCha8Rng> {
        match side {
            Side::Near => &mut self.near,
            Side::Far => &mut self.far,
        }
    }

    /// The next thing that happens at either side.
    fn next(&mut self) -> (Side, PeerId, PeerEvent) {
        loop {
            for side in [Side::Near, Side::Far] {
                if let Some((id, happened)) = self.set(side).next_event() {
                    return (side, id, happened);
                }
            }
            self.wait();
        }
    }

    fn wait(&mut self) {
        let timeouts = [self.near.timeout(), self.far.timeout()];
        let timeout = timeouts.into_iter().flatten().chain([LONG]).min().unwrap();
        self.poll.poll(&mut self.events, Some(timeout)).unwrap();
        assert!(timeout < LONG || !self.events.is_empty(), "nothing happens any more");
        for event in &self.events {
            if self.near.ready(event) || self.far.ready(event) {
                continue;
            }
            assert_eq!(event.token(), Token(0), "a token of either set");
            while let Ok((stream, address)) = self.listener.accept() {
                self.far.insert(stream, Direction::Inbound, connection_info(address, 0)).unwrap();
            }
        }
    }

    /// Goes on until `count` of these happened at this side.
    fn until(&mut self, at: Side, what: &str, count: usize) -> Vec<(PeerId, PeerEvent)> {
        let mut found = Vec::new();
        while found.len() < count {
            let (side, id, happened) = self.next();
            if side == at && name(&happened) == what {
                found.push((id, happened));
            }
        }
        found
    }

    /// One connection that shook hands, by its ids at both sides.
    fn established(&mut self) -> (PeerId, PeerId) {
        let near = self.dial();
        let (mut far, mut count) = (near, 0);
        while count < 2 {
            let (side, id, happened) = self.next();
            if happened == PeerEvent::Event(Event::Established) {
                count += 1;
                far = if side == Side::Far { id } else { far };
            }
        }
        (near, far)
    }
}

fn config() -> ConfigBuilder {
    Config::builder(Network::SIMNET)
}

fn closed(reason: Error) -> PeerEvent {
    PeerEvent::Closed(ended(reason))
}

#[test]
fn two_peers_shake_hands() {
    shake_hands(Town::new());
}

#[test]
fn two_peers_shake_hands_over_version_6_of_the_internet_protocol() {
    let node = || Node::new(config().build().unwrap());
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0).into()) {
        Ok(listener) => shake_hands(Town::behind(listener, node(), node())),
        Err(error) => println!("not tested, this machine has no [::1]: {error}"),
    }
}

fn shake_hands(mut town: Town) {
    town.dial();
    let mut story = Vec::new();
    while story.len() < 4 {
        let (side, _, happened) = town.next();
        story.push((side, name(&happened)));
    }
    for side in [Side::Near, Side::Far] {
        let names: Vec<_> = story.iter().filter(|(at, _)| *at == side).map(|(_, name)| &name[..]).collect();
        assert_eq!(names, ["version", "established"]);
    }
}

#[test]
fn a_ping_comes_back_and_is_measured() {
    let mut town = Town::new();
    let (near, far) = town.established();
    send(&mut town.near, near, &ping(7)).unwrap();
    let heard = town.until(Side::Far, "ping", 1);
    assert_eq!(heard, [(far, PeerEvent::Event(Event::Message(ping(7))))]);
    town.until(Side::Near, "pong", 1);
    assert!(town.near.peer(near).unwrap().stats().last_ping_round_trip.is_some());
}

#[test]
fn announcements_arrive_in_batches_of_a_thousand() {
    let mut town = Town::new();
    let (near, _) = town.established();
    let now = town.near.now();
    let peer = town.near.peer(near).unwrap();
    for number in 0..2500 {
        assert_eq!(peer.announce(item(number), now), Ok(true));
    }
    let mut batches = Vec::new();
    for (_, happened) in town.until(Side::Far, "inv", 3) {
        let PeerEvent::Event(Event::Message(Message::Inv(inv))) = happened else { panic!() };
        batches.push(inv.inventory.iter().copied().collect::<Vec<_>>());
    }
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 500]);
    assert_eq!(batches.concat(), (0..2500).map(item).collect::<Vec<_>>());
}

#[test]
fn a_node_that_dials_itself_notices_at_both_ends() {
    let node = Node::new(config().build().unwrap());
    let mut town = Town::of(node.clone(), node);
    town.dial();
    let mut reasons = Vec::new();
    while reasons.len() < 2 {
        if let (_, _, PeerEvent::Closed(closed)) = town.next() {
            reasons.push(closed.reason().cloned());
        }
    }
    assert_eq!(reasons, [Some(Error::SelfConnection), Some(Error::SelfConnection)]);
}

#[test]
fn a_closed_connection_says_who_closed_it() {
    let mut town = Town::new();
    let (near, far) = town.established();
    town.near.close(near);
    let (one, other) = (town.next(), town.next());
    assert_eq!(one, (Side::Near, near, closed(Error::ClosedByOwner)));
    assert_eq!(other, (Side::Far, far, closed(Error::ClosedByRemote)));
    assert!(town.near.is_empty() && town.far.is_empty());
}

#[test]
fn finishing_hands_everything_over_first() {
    let mut town = Town::new();
    let (near, _) = town.established();
    send(&mut town.near, near, &inv_of(40_000)).unwrap();
    town.near.finish(near);
    let heard = town.until(Side::Far, "inv", 1);
    assert!(matches!(&heard[..], [(_, PeerEvent::Event(Event::Message(inv)))] if *inv == inv_of(40_000)));
    assert!(matches!(town.next(), (_, _, PeerEvent::Closed(_))));
}

#[test]
fn a_refused_dial_over_tcp_is_reported_as_such() {
    let unanswered = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut town = Town::new();
    let id = town.near.connect(unanswered, connection_info(unanswered, 0)).unwrap();
    let refused = Outcome::Unreachable(ErrorKind::ConnectionRefused);
    assert_eq!(town.next(), (Side::Near, id, PeerEvent::Closed(refused)));
}

#[test]
fn two_hundred_peers_run_on_one_thread() {
    let mut town = Town::new();
    let ids: Vec<_> = (0..200).map(|_| town.dial()).collect();
    let mut shaken = 0;
    while shaken < 400 {
        shaken += usize::from(town.next().2 == PeerEvent::Event(Event::Established));
    }
    for id in &ids {
        send(&mut town.near, *id, &ping(id.get())).unwrap();
    }
    town.until(Side::Near, "pong", 200);
    for id in &ids {
        town.near.finish(*id);
    }
    let mut ends = Vec::new();
    while ends.len() < 400 {
        if let (side, _, PeerEvent::Closed(closed)) = town.next() {
            ends.push((side, closed.reason().cloned()));
        }
    }
    let by_owner = ends.iter().filter(|end| **end == (Side::Near, Some(Error::ClosedByOwner)));
    let by_remote = ends.iter().filter(|end| **end == (Side::Far, Some(Error::ClosedByRemote)));
    assert_eq!((by_owner.count(), by_remote.count()), (200, 200));
}

#[test]
fn both_sides_may_send_much_at_once() {
    let mut town = Town::new();
    let (near, far) = town.established();
    for _ in 0..3 {
        send(&mut town.near, near, &inv_of(40_000)).unwrap();
        send(&mut town.far, far, &inv_of(40_000)).unwrap();
    }
    let mut count = 0;
    while count < 6 {
        count += usize::from(name(&town.next().2) == "inv");
    }
    assert_eq!(town.near.peer(near).unwrap().queued(), 0);
}

#[test]
fn a_late_readiness_of_the_former_owner_of_a_token_does_no_harm() {
    let mut town = Town::new();
    let (old, far) = town.established();
    send(&mut town.far, far, &ping(1)).unwrap();
    assert_eq!(town.far.next_event(), None);
    town.poll.poll(&mut town.events, Some(LONG)).unwrap();
    town.near.close(old);
    assert_eq!(town.near.next_event(), Some((old, closed(Error::ClosedByOwner))));
    let new = town.dial();
    assert!(town.events.iter().any(|event| town.near.ready(event)));
    while town.near.next_event().is_some() {}
    assert!(town.near.peer(old).is_none());
    let shaken = town.until(Side::Near, "established", 1);
    assert_eq!(shaken, [(new, PeerEvent::Event(Event::Established))]);
}

#[test]
fn tcp_nodelay_is_set() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    poll.registry().register(&mut stream, Token(0), Interest::WRITABLE).unwrap();
    while !stream.is_connected().unwrap() {
        poll.poll(&mut events, Some(LONG)).unwrap();
    }
    assert!(stream.nodelay().unwrap());
}

#[test]
fn an_address_of_this_machine_is_told_in_the_version() {
    let mut town = Town::new();
    let address: SocketAddr = town.listener.local_addr().unwrap();
    town.dial();
    let (_, happened) = town.until(Side::Far, "version", 1).remove(0);
    let PeerEvent::Event(Event::Version(version)) = happened else { panic!() };
    assert_eq!(version.addr_you.socket_addr(), address);
}

/// A remote that does not read what it made us owe is not read, and is again when it does: there is no new
/// readiness to read then, for what it said has been there all the time.
#[cfg(unix)]
#[test]
fn a_remote_that_does_not_read_is_not_read_until_it_does() -> io::Result<()> {
    use std::io::{Read as _, Write as _};

    use crate::mio::scripted::{hands, pings};

    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    let node = Node::new(config().build().unwrap());
    let mut peers = Peers::new(poll.registry().try_clone()?, 0..1, node, rng(1));
    let (ours, mut theirs) = mio::net::UnixStream::pair()?;
    let address = ([127, 0, 0, 1], 1).into();
    let id = peers.insert(ours, Direction::Inbound, connection_info(address, 0)).unwrap();
    let count = 200_000;
    let said = [hands(), pings(0..count)].concat();
    let (mut written, mut heard, mut paused) = (0, 0, false);
    let mut buffer = vec![0; 64 * 1024];
    while heard < count {
        while let Ok(more) = theirs.write(&said[written..])
            && more > 0
        {
            written += more;
        }
        poll.poll(&mut events, Some(Duration::ZERO))?;
        assert!(events.iter().all(|event| peers.ready(event)));
        while let Some((_, happened)) = peers.next_event() {
            heard += u64::from(name(&happened) == "ping");
        }
        let unread = peers.iter().any(|(_, peer)| peer.is_established() && !peer.wants_read());
        if unread && written < said.len() {
            paused = true;
            assert!(peers.timeout() > Some(Duration::ZERO), "it waits for the remote");
        }
        if unread {
            while theirs.read(&mut buffer).is_ok_and(|count| count == buffer.len()) {}
        }
    }
    assert!(paused);
    assert!(peers.peer(id).is_some());
    Ok(())
}

#[test]
fn a_message_right_before_eof_is_delivered() {
    let mut town = Town::new();
    let mut remote = std::net::TcpStream::connect(town.listener.local_addr().unwrap()).unwrap();
    remote.write_all(&hands()).unwrap();
    town.until(Side::Far, "established", 1);
    remote.write_all(&bytes_of(&ping(1))).unwrap();
    remote.shutdown(Shutdown::Write).unwrap();
    assert_eq!(name(&town.next().2), "ping");
    assert_eq!(town.next().2, closed(Error::ClosedByRemote));
}
