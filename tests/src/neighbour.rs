//! One of our machines and the [scripted node](crate::dcrd_node), connected in simulated time.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use peer_core::message::NetAddress;
use peer_core::{
    Config, Connection, ConnectionInfo, Direction, Error, Event, Mark, Message, Node, SendError, Services,
    Time,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::bound::Turns;
use crate::checked::Checked;
use crate::dcrd_node::{ConnectionId, DcrdNode, Ended, Setup};
use crate::pair::WALL_CLOCK;

/// Where our machine is, as the scripted node sees it.
pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The machine, the node and what came of it so far.
#[derive(Debug)]
pub struct Neighbour {
    /// The scripted node.
    pub node: DcrdNode,
    /// Our connection there.
    pub id: ConnectionId,
    /// Our machine.
    pub machine: Checked,
    /// The time.
    pub now: Time,
    /// What surfaced, and when.
    pub events: Vec<(Time, Event)>,
    rng: ChaCha8Rng,
}

impl Neighbour {
    /// Connects both; `ours` is the direction as our machine sees it.
    pub fn new(setup: Setup, config: Config, ours: Direction) -> Self {
        Self::new_at(setup, config, ours, 0)
    }

    /// The same, and our machine tells this height.
    fn new_at(setup: Setup, config: Config, ours: Direction, height: i32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let now = Time::ZERO;
        let mut node = DcrdNode::new(setup, 1);
        let machine = machine_at(config, ours, height, &mut rng);
        let id = match ours {
            Direction::Outbound => node.accept(HOST, now),
            Direction::Inbound => node.dial(HOST, now),
        };
        Self { node, id, machine, now, events: Vec::new(), rng }
    }

    /// The same after the handshake.
    pub fn established(setup: Setup, config: Config, ours: Direction) -> Self {
        Self::established_at(setup, config, ours, 0)
    }

    /// The same where our machine tells this height.
    pub fn established_at(setup: Setup, config: Config, ours: Direction, height: i32) -> Self {
        let mut neighbour = Self::new_at(setup, config, ours, height);
        neighbour.run(Duration::ZERO);
        assert!(neighbour.is_connected(), "no handshake: {:?}, {:?}", neighbour.ended(), neighbour.failure());
        neighbour
    }

    /// Lets time pass. Our owner pulls what comes and does nothing else.
    pub fn run(&mut self, duration: Duration) {
        let (until, mut turns) = (self.now + duration, Turns::default());
        self.settle();
        while let Some(at) = self.next_timeout().filter(|at| *at <= until) {
            turns.next();
            self.now = self.now.max(at);
            self.node.handle_timeout(self.now);
            // Why it failed is kept.
            drop(self.machine.tick(self.now, &mut self.rng));
            self.settle();
        }
        self.now = until;
    }

    /// Our owner sends a message, and it crosses.
    ///
    /// # Errors
    ///
    /// As [`Peer::send`](peer_core::Peer::send).
    pub fn send(&mut self, message: &Message) -> Result<Mark, SendError> {
        let result = self.machine.send(message, self.now);
        self.settle();
        result
    }

    /// Whether both ends are established.
    pub fn is_connected(&self) -> bool {
        self.machine.is_established() && self.machine.failure().is_none() && self.node.is_established(self.id)
    }

    /// Why and when the node ended the connection.
    pub fn ended(&self) -> Option<Ended> {
        self.node.ended(self.id)
    }

    /// Why it is over for our machine.
    pub fn failure(&self) -> Option<&Error> {
        self.machine.failure()
    }

    /// The messages that surfaced.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Message(message) => Some(message),
            _ => None,
        })
    }

    fn next_timeout(&self) -> Option<Time> {
        let ours = self.machine.next_timeout().map(|(at, _)| at).filter(|_| self.machine.failure().is_none());
        ours.into_iter().chain(self.node.poll_timeout()).min()
    }

    /// Moves bytes until nothing is left to move, and ends that end.
    fn settle(&mut self) {
        let mut turns = Turns::default();
        loop {
            turns.next();
            let to_node = self.machine.take_all(self.now);
            self.node.receive(self.id, &to_node, self.now);
            let to_machine = self.node.poll_transmit(self.id, self.now).to_vec();
            self.node.handle_transmitted(self.id, to_machine.len(), self.now);
            self.machine.feed(&to_machine);
            self.pull();
            if to_node.is_empty() && to_machine.is_empty() && !self.machine.wants_write() {
                break;
            }
        }
        if self.machine.failure().is_some() {
            self.node.handle_eof(self.id, self.now);
        } else if self.ended().is_some() {
            self.machine.handle_eof(self.now);
        }
    }

    fn pull(&mut self) {
        let mut turns = Turns::default();
        while let Ok(Some(event)) = self.machine.receive(self.now) {
            turns.next();
            self.events.push((self.now, event));
        }
    }
}

/// One of our machines at the start of a connection with a node on the same computer.
pub fn machine(config: Config, ours: Direction, rng: &mut ChaCha8Rng) -> Checked {
    machine_at(config, ours, 0, rng)
}

fn machine_at(config: Config, ours: Direction, height: i32, rng: &mut ChaCha8Rng) -> Checked {
    let address = NetAddress::new((HOST, 18_555).into(), Services::NODE_NETWORK);
    let (node, info) = (Node::new(config), ConnectionInfo::new(address, height, WALL_CLOCK));
    let peer = match ours {
        Direction::Outbound => Connection::outbound(&node, info, Time::ZERO, rng).unwrap(),
        Direction::Inbound => Connection::inbound(&node, info, Time::ZERO, rng),
    };
    Checked::lightly(peer, Time::ZERO)
}
