//! A node that runs on `peer-mio`, all connections on one thread.

use std::collections::HashMap;
use std::net;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use peer_core::{Direction, Node};
use peer_mio::{PeerEvent, PeerId, Peers, connection_info};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::subject::{Adapter, Order, Running, Told};

const DOOR: Token = Token(0);
const BELL: Token = Token(1);

pub(crate) struct Mio;

impl Adapter for Mio {
    fn start(node: Node, seed: u64, listener: net::TcpListener, told: Sender<(u64, Told)>) -> Running {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), BELL).unwrap());
        listener.set_nonblocking(true).unwrap();
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, DOOR, Interest::READABLE).unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let peers = Peers::new(registry, 2..1000, node, ChaCha8Rng::seed_from_u64(seed));
        let (order, orders) = channel();
        let house = House { peers, listener, orders, told, numbers: HashMap::new(), ids: Vec::new() };
        // A waker works as long as it lives, and so does the thread.
        let bell = Arc::clone(&waker);
        let thread = thread::spawn(move || {
            house.run(poll);
            drop(bell);
        });
        let order = Box::new(move |it| {
            order.send(it).unwrap_or_default();
            waker.wake().unwrap();
        });
        Running { order, thread }
    }
}

struct House {
    peers: Peers<ChaCha8Rng>,
    listener: TcpListener,
    orders: Receiver<Order>,
    told: Sender<(u64, Told)>,
    numbers: HashMap<PeerId, u64>,
    ids: Vec<PeerId>,
}

impl House {
    fn run(mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(64);
        loop {
            poll.poll(&mut events, self.peers.timeout()).unwrap();
            for event in &events {
                self.peers.ready(event);
            }
            self.welcome();
            while let Ok(order) = self.orders.try_recv() {
                if !self.obey(order) {
                    return;
                }
            }
            while let Some((id, happened)) = self.peers.next_event() {
                let told = match happened {
                    PeerEvent::Event(event) => Told::Event(event),
                    PeerEvent::Closed(closed) => Told::Ended(closed.reason().unwrap().clone()),
                    _ => continue,
                };
                self.tell(self.numbers[&id], told);
            }
        }
    }

    fn welcome(&mut self) {
        while let Ok((stream, address)) = self.listener.accept() {
            let id = self.peers.insert(stream, Direction::Inbound, connection_info(address, 0)).unwrap();
            self.number(id);
        }
    }

    /// `false` if it is time to stop.
    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Dial(address) => {
                let id = self.peers.connect(address, connection_info(address, 0)).unwrap();
                self.number(id);
            }
            Order::Send(connection, message) => {
                let now = self.peers.now();
                let peer = self.peers.peer(self.ids[usize::try_from(connection).unwrap()]).unwrap();
                let result = peer.send(&message, now).map(drop);
                self.tell(connection, Told::Sent(result));
            }
            Order::Stop => return false,
        }
        true
    }

    fn number(&mut self, id: PeerId) {
        self.numbers.insert(id, self.ids.len() as u64);
        self.ids.push(id);
    }

    fn tell(&self, connection: u64, told: Told) {
        self.told.send((connection, told)).unwrap_or_default();
    }
}
