//! Two peers that talk to each other in memory: two ends, one clock, one generator.

use core::time::Duration;
use std::collections::VecDeque;

pub use peer_core::Direction as Side;
use peer_core::message::{Inventory, NetAddress, Timestamp};
use peer_core::{
    Config, Connection, ConnectionInfo, Error, Event, Mark, Message, Network, Node, SendError, Services,
    Time, Timer, TransportError,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::bound::Turns;
use crate::checked::Checked;

/// The wall clock when a conversation of the harness begins.
pub const WALL_CLOCK: Timestamp = match Timestamp::new(1_700_000_000) {
    Ok(time) => time,
    Err(_) => panic!("in range"),
};

/// Bytes that one direction of the pipe holds.
const PIPE: usize = 64 * 1024;

/// Rounds after which moving bytes must have come to rest.
const MAX_ROUNDS: u32 = 1_000_000;

/// An outbound and an inbound peer and the pipe between them. Every call on either is
/// [checked](crate::invariants).
#[derive(Debug)]
pub struct Pair {
    seed: u64,
    rng: ChaCha8Rng,
    now: Time,
    chunk: usize,
    outbound: Seat,
    inbound: Seat,
    log: Vec<Entry>,
}

/// Something that surfaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// At which side.
    pub side: Side,
    /// What.
    pub what: PeerEvent,
}

/// What surfaces at a side.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum PeerEvent {
    /// The machine told something.
    Event(Event),
    /// The connection is over.
    Ended(Error),
}

/// One end.
#[derive(Debug)]
struct Seat {
    machine: Checked,
    /// Bytes on their way to the other end.
    pipe: VecDeque<u8>,
    /// Nothing follows what is in the pipe.
    closed: bool,
    /// The owner looks away.
    busy: bool,
}

impl Seat {
    fn new(peer: Connection) -> Self {
        let machine = Checked::new(peer, Time::ZERO);
        Self { machine, pipe: VecDeque::new(), closed: false, busy: false }
    }

    /// Writes as much as the pipe takes.
    fn write(&mut self, chunk: usize, now: Time) -> bool {
        let room = PIPE.saturating_sub(self.pipe.len()).min(chunk);
        if self.busy || self.closed || !self.machine.wants_write() || room == 0 {
            return false;
        }
        self.pipe.extend(self.machine.take(room, now));
        true
    }

    /// Takes what came for it out of the other end's pipe.
    fn read(&mut self, from: &mut VecDeque<u8>, chunk: usize) -> bool {
        let count = from.len().min(chunk);
        if count == 0 || self.busy || !self.machine.wants_read() {
            return false;
        }
        let bytes: Vec<u8> = from.drain(..count).collect();
        self.machine.feed(&bytes);
        true
    }
}

/// Where the other side of `side` sits.
const fn other(side: Side) -> Side {
    match side {
        Side::Inbound => Side::Outbound,
        Side::Outbound => Side::Inbound,
    }
}

/// What the outbound (`true`) or inbound end is told when it begins.
fn connection_info(outbound: bool) -> ConnectionInfo {
    let socket = if outbound { ([10, 0, 0, 2], 18_555) } else { ([10, 0, 0, 1], 50_000) };
    ConnectionInfo::new(NetAddress::new(socket.into(), Services::NONE), 0, WALL_CLOCK)
}

impl Pair {
    /// An outbound and an inbound peer of two nodes with the default configuration.
    pub fn new(seed: u64) -> Self {
        let config = Config::builder(Network::SIMNET).build().unwrap();
        Self::with_configs(seed, config.clone(), config)
    }

    /// An outbound and an inbound peer of two nodes with these configurations.
    pub fn with_configs(seed: u64, outbound: Config, inbound: Config) -> Self {
        Self::of_nodes(seed, &Node::new(outbound), &Node::new(inbound))
    }

    /// An outbound and an inbound peer of these nodes.
    pub fn of_nodes(seed: u64, outbound: &Node, inbound: &Node) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let outbound = Connection::outbound(outbound, connection_info(true), Time::ZERO, &mut rng).unwrap();
        let inbound = Connection::inbound(inbound, connection_info(false), Time::ZERO, &mut rng);
        let (outbound, inbound) = (Seat::new(outbound), Seat::new(inbound));
        Self { seed, rng, now: Time::ZERO, chunk: usize::MAX, outbound, inbound, log: Vec::new() }
    }

    /// The same with both peers of one node, which therefore talks to itself.
    #[must_use]
    pub fn same_node(self) -> Self {
        let node = self.outbound.machine.node().clone();
        Self { chunk: self.chunk, ..Self::of_nodes(self.seed, &node, &node) }
    }

    /// Moves at most this many bytes in each step and direction.
    #[must_use]
    pub const fn chunk(mut self, bytes: usize) -> Self {
        self.chunk = bytes;
        self
    }

    /// The same after the handshake.
    #[must_use]
    pub fn established(mut self) -> Self {
        self.settle();
        for side in [Side::Outbound, Side::Inbound] {
            assert!(self.peer(side).is_established(), "{side}: {:?}", self.failure(side));
        }
        self
    }

    /// Moves bytes until nothing moves.
    ///
    /// # Panics
    ///
    /// If they never come to rest.
    pub fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            // Both take their turn, whatever the first one did.
            if !(self.step(Side::Outbound) | self.step(Side::Inbound)) {
                return;
            }
        }
        panic!("still moving after {MAX_ROUNDS} rounds");
    }

    /// Jumps to the earliest deadline of either side, runs it, and settles. `None` where there is none.
    pub fn advance(&mut self) -> Option<(Side, Timer)> {
        let (at, side, timer) = self.next_deadline()?;
        self.now = self.now.max(at);
        self.tick();
        Some((side, timer))
    }

    /// Runs everything that falls due within `duration`.
    pub fn run_for(&mut self, duration: Duration) {
        let (until, mut turns) = (self.now + duration, Turns::default());
        while self.next_deadline().is_some_and(|(at, ..)| at <= until) {
            turns.next();
            self.advance();
        }
        self.now = until;
        self.tick();
    }

    /// Lets time pass at once, as if both owners had slept, and settles.
    pub fn jump(&mut self, duration: Duration) {
        self.now += duration;
        self.tick();
    }

    /// The time.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The peer at a side.
    pub const fn peer(&self, side: Side) -> &Checked {
        match side {
            Side::Outbound => &self.outbound.machine,
            Side::Inbound => &self.inbound.machine,
        }
    }

    /// The peer at a side, to command it.
    pub const fn peer_mut(&mut self, side: Side) -> &mut Checked {
        &mut self.seat(side).machine
    }

    /// As [`Peer::send`](peer_core::Peer::send).
    pub fn send(&mut self, side: Side, message: &Message) -> Result<Mark, SendError> {
        let now = self.now;
        self.peer_mut(side).send(message, now)
    }

    /// As [`Peer::announce`](peer_core::Peer::announce).
    pub fn announce(&mut self, side: Side, item: Inventory) -> Result<bool, SendError> {
        let now = self.now;
        self.peer_mut(side).announce(item, now)
    }

    /// As [`Peer::announce_now`](peer_core::Peer::announce_now).
    pub fn announce_now(&mut self, side: Side, item: Inventory) -> Result<bool, SendError> {
        let now = self.now;
        self.peer_mut(side).announce_now(item, now)
    }

    /// Whether the owner of this side looks away: then nothing is read, written or ticked there.
    pub const fn set_busy(&mut self, side: Side, busy: bool) {
        self.seat(side).busy = busy;
    }

    /// The owner of this side closes the connection.
    pub fn close(&mut self, side: Side) {
        let now = self.now;
        let error = self.peer_mut(side).close(now);
        self.on_end(side, error);
    }

    /// This side ends its stream and goes on reading.
    pub const fn half_close(&mut self, side: Side) {
        self.seat(side).closed = true;
    }

    /// The connection breaks: neither side gets what is on its way.
    pub fn cut(&mut self) {
        for side in [Side::Outbound, Side::Inbound] {
            let now = self.now;
            let error = self.peer_mut(side).handle_transport_error(TransportError::Other, now);
            self.on_end(side, error);
            self.seat(side).pipe.clear();
        }
    }

    /// What surfaced at either side, in order.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// The events that surfaced at a side, in order.
    pub fn events(&self, side: Side) -> Vec<Event> {
        let entries = self.log.iter().filter(|entry| entry.side == side);
        let event = |entry: &Entry| match &entry.what {
            PeerEvent::Event(event) => Some(event.clone()),
            PeerEvent::Ended(_) => None,
        };
        entries.filter_map(event).collect()
    }

    /// The messages that surfaced at a side after the handshake, in order.
    pub fn messages(&self, side: Side) -> Vec<Message> {
        let message = |event| if let Event::Message(message) = event { Some(message) } else { None };
        self.events(side).into_iter().filter_map(message).collect()
    }

    /// Why the connection is over at a side, if it is.
    pub fn failure(&self, side: Side) -> Option<&Error> {
        self.peer(side).failure()
    }

    const fn seat(&mut self, side: Side) -> &mut Seat {
        match side {
            Side::Outbound => &mut self.outbound,
            Side::Inbound => &mut self.inbound,
        }
    }

    /// One turn of a side: it writes, reads and pulls.
    fn step(&mut self, side: Side) -> bool {
        let (chunk, now) = (self.chunk, self.now);
        let (own, peer) = match side {
            Side::Outbound => (&mut self.outbound, &mut self.inbound),
            Side::Inbound => (&mut self.inbound, &mut self.outbound),
        };
        let was_alive = own.machine.failure().is_none();
        let moved = own.write(chunk, now) | own.read(&mut peer.pipe, chunk);
        // Whose last word is written ends with it.
        if let Some(error) = own.machine.failure().filter(|_| was_alive).cloned() {
            self.on_end(side, error);
        }
        moved | self.pull(side) | self.meet_end(side)
    }

    fn pull(&mut self, side: Side) -> bool {
        let now = self.now;
        let (before, mut turns) = (self.log.len(), Turns::default());
        while !self.seat(side).busy && self.failure(side).is_none() {
            turns.next();
            match self.peer_mut(side).receive(now) {
                Ok(Some(event)) => self.log.push(Entry { at: now, side, what: PeerEvent::Event(event) }),
                Ok(None) => break,
                Err(error) => self.on_end(side, error),
            }
        }
        self.log.len() > before
    }

    /// Tells a side that the other one's stream is over, once everything before is read.
    fn meet_end(&mut self, side: Side) -> bool {
        let now = self.now;
        let from = self.seat(other(side));
        let over = from.closed && from.pipe.is_empty();
        if !over || self.seat(side).busy || self.failure(side).is_some() {
            return false;
        }
        let error = self.peer_mut(side).handle_eof(now);
        self.on_end(side, error);
        true
    }

    fn on_end(&mut self, side: Side, error: Error) {
        self.log.push(Entry { at: self.now, side, what: PeerEvent::Ended(error) });
        self.seat(side).closed = true;
        self.seat(other(side)).pipe.clear();
    }

    fn tick(&mut self) {
        self.settle();
        for side in [Side::Outbound, Side::Inbound] {
            if self.seat(side).busy || self.failure(side).is_some() {
                continue;
            }
            let Self { rng, now, outbound, inbound, .. } = self;
            let (own, from) = match side {
                Side::Outbound => (outbound, &inbound.pipe),
                Side::Inbound => (inbound, &outbound.pipe),
            };
            if from.is_empty() {
                own.machine.handle_drained(*now);
            }
            if own.pipe.len() >= PIPE {
                own.machine.handle_transmitted(0, *now);
            }
            if let Err(error) = own.machine.tick(*now, rng) {
                self.on_end(side, error);
            }
        }
        self.settle();
    }

    fn next_deadline(&self) -> Option<(Time, Side, Timer)> {
        let seats = [(Side::Outbound, &self.outbound), (Side::Inbound, &self.inbound)];
        let awake = seats.into_iter().filter(|(_, seat)| !seat.busy);
        let deadlines = awake.filter_map(|(side, seat)| {
            let (at, timer) = seat.machine.next_timeout()?;
            Some((at, side, timer))
        });
        deadlines.min_by_key(|(at, ..)| *at)
    }
}
