//! The acceptor: limits in all and for each host, and a pause where descriptors run out.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::Read as _;
use std::net::TcpStream;
use std::thread;

use mio::net::TcpListener;
use mio::{Events, Poll, Token};
use peer_core::{AcceptLimits, Config, Network, Node, Refused};
use peer_mio::{AcceptError, Acceptor, InsertError, PeerId, Peers, connection_info};
use rand_chacha::ChaCha8Rng;
use socket2::{Domain, Socket, Type};

#[cfg(target_os = "linux")]
use crate::alone::{is_alone, leave_descriptors, leave_no_descriptors};
use crate::mio::scripted::rng;

/// A set with a door.
struct House {
    poll: Poll,
    events: Events,
    acceptor: Acceptor,
    peers: Peers<ChaCha8Rng>,
}

impl House {
    fn new(tokens: usize, limits: AcceptLimits) -> Self {
        let poll = Poll::new().unwrap();
        let listener = TcpListener::bind(([0, 0, 0, 0], 0).into()).unwrap();
        let acceptor = Acceptor::new(poll.registry(), Token(0), listener, limits).unwrap();
        let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
        let peers = Peers::new(poll.registry().try_clone().unwrap(), 1..1 + tokens, node, rng(1));
        Self { poll, events: Events::with_capacity(64), acceptor, peers }
    }

    fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.acceptor.listener().local_addr().unwrap().port()).into()
    }

    fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address()).unwrap()
    }

    /// Dials from this address of the machine itself.
    fn dial_from(&self, from: [u8; 4]) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
        socket.connect(&self.address().into()).unwrap();
        socket.into()
    }

    /// Waits once, and accepts all that waits.
    fn turn(&mut self) -> Vec<Result<PeerId, AcceptError>> {
        let timeout = self.acceptor.timeout(&self.peers).into_iter().chain([Duration::from_secs(10)]).min();
        self.poll.poll(&mut self.events, timeout).unwrap();
        for event in &self.events {
            assert!(self.peers.ready(event) || self.acceptor.ready(event));
        }
        let mut accepted = Vec::new();
        while let Some(result) = self.acceptor.accept(&mut self.peers, 0) {
            accepted.push(result.map(|(id, _)| id));
        }
        accepted
    }

    fn accept(&mut self) -> Result<PeerId, AcceptError> {
        loop {
            if let Some(result) = self.turn().pop() {
                return result;
            }
        }
    }
}

fn reason(result: Result<PeerId, AcceptError>) -> Option<Refused> {
    match result.unwrap_err() {
        AcceptError::Refused { reason, .. } => Some(reason),
        _ => None,
    }
}

#[test]
fn connections_above_the_limit_are_closed_until_one_has_ended() {
    let mut house = House::new(10, AcceptLimits::new(2, 9));
    let _first = house.dial();
    let id = house.accept().unwrap();
    let _second = house.dial();
    house.accept().unwrap();
    let mut third = house.dial();
    assert_eq!(reason(house.accept()), Some(Refused::All));
    assert_eq!(third.read(&mut [0]).unwrap(), 0, "it is closed");
    house.peers.close(id);
    while house.peers.next_event().is_some() {}
    let _fourth = house.dial();
    assert!(house.accept().is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn each_host_has_a_limit_of_its_own() {
    let mut house = House::new(10, AcceptLimits::new(9, 1));
    let _one = house.dial_from([127, 0, 0, 1]);
    house.accept().unwrap();
    let _again = house.dial_from([127, 0, 0, 1]);
    assert_eq!(reason(house.accept()), Some(Refused::Host));
    let _other = house.dial_from([127, 0, 0, 2]);
    assert!(house.accept().is_ok());
}

#[test]
fn a_full_set_refuses_and_leaves_room_at_the_host() {
    let mut house = House::new(1, AcceptLimits::new(9, 2));
    let _first = house.dial();
    let id = house.accept().unwrap();
    for _ in 0..3 {
        let _refused = house.dial();
        let refused = house.accept();
        assert!(
            matches!(&refused, Err(AcceptError::Insert { reason: InsertError::Full(1), .. })),
            "{refused:?}"
        );
    }
    house.peers.close(id);
    while house.peers.next_event().is_some() {}
    let _next = house.dial();
    assert!(house.accept().is_ok());
}

#[test]
fn a_dialled_peer_counts_for_no_limit() {
    let mut house = House::new(10, AcceptLimits::new(1, 1));
    let address = house.address();
    house.peers.connect(address, connection_info(address, 0)).unwrap();
    assert!(house.accept().is_ok());
    assert_eq!(house.peers.len(), 2);
}

#[test]
fn a_crowd_is_accepted_in_batches() {
    let mut house = House::new(200, AcceptLimits::new(200, 200));
    let crowd: Vec<_> = (0..100).map(|_| house.dial()).collect();
    let mut batches = Vec::new();
    while batches.iter().sum::<usize>() < crowd.len() {
        batches.push(house.turn().len());
    }
    assert!(batches.iter().all(|batch| *batch <= 64), "{batches:?}");
}

#[test]
fn hosts_are_addresses_and_networks_of_64_bits() {
    let mut limits = AcceptLimits::new(9, 1);
    let mut admit = |address: &str| limits.admit(address.parse().unwrap());
    assert_eq!(admit("10.0.0.1"), Ok(()));
    assert_eq!(admit("::ffff:10.0.0.1"), Err(Refused::Host));
    assert_eq!(admit("10.0.0.2"), Ok(()));
    assert_eq!(admit("2001:db8::1"), Ok(()));
    assert_eq!(admit("2001:db8::ffff:2"), Err(Refused::Host));
    assert_eq!(admit("2001:db8:0:1::1"), Ok(()));
    assert_eq!(limits.len(), 4);
    limits.release(Ipv4Addr::new(10, 0, 0, 9).into());
    limits.release("2001:db8::9".parse().unwrap());
    assert_eq!((limits.len(), limits.of_host("2001:db8::1".parse().unwrap())), (3, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn an_acceptor_pauses_while_no_descriptor_is_free() {
    if !is_alone("mio::accepting::an_acceptor_pauses_while_no_descriptor_is_free") {
        return;
    }
    let mut house = House::new(10, AcceptLimits::new(9, 9));
    let _visitor = house.dial();
    leave_no_descriptors();
    let errors = house.turn();
    assert!(matches!(&errors[..], [Err(AcceptError::Io(_))]), "{errors:?}");
    let pause = house.acceptor.timeout(&house.peers).unwrap();
    assert!(pause > Duration::ZERO && pause <= Duration::from_millis(100), "{pause:?}");
    assert!(house.acceptor.accept(&mut house.peers, 0).is_none(), "not asked before");
    leave_descriptors();
    thread::sleep(pause);
    assert!(house.accept().is_ok());
}
