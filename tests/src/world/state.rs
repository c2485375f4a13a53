//! Everything of a world but the logic of its nodes.

use core::fmt;
use core::time::Duration;

use peer_core::message::{NetAddress, Timestamp};
use peer_core::{Connection, ConnectionInfo, Error, Node, Services, Time, TooManyHandshakes};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::event_log::{self, Digest, Moment, What};
use super::link::{self, ConnectionId, End, Link, Links};
use super::pipe::Pool;
use super::queue::{Due, Queue};
use super::{Checks, Ended, NodeId, Tally};
use crate::checked::Checked;
use crate::pair::WALL_CLOCK;

/// Sees everything that happens.
type Observer = Box<dyn FnMut(&Moment<'_>)>;

/// How long it takes to give up dialling a node that is cut off.
const DIAL_TIMEOUT: Duration = Duration::from_secs(20);

/// See the [module](self).
pub(super) struct State {
    pub(super) seed: u64,
    pub(super) now: Time,
    pub(super) rng: ChaCha8Rng,
    pub(super) queue: Queue,
    pub(super) pool: Pool,
    pub(super) nodes: Vec<Site>,
    links: Vec<Option<Link>>,
    /// Slots of `links` that are free.
    free: Vec<u32>,
    /// Connections ever dialled.
    serial: u32,
    pub(super) rules: Links,
    pub(super) checks: Checks,
    pub(super) tally: Tally,
    pub(super) digest: Digest,
    pub(super) observer: Option<Observer>,
    /// Room for the bytes of one write.
    pub(super) scratch: Vec<u8>,
}

/// Where a node is at home.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) node: Node,
    clock: Clock,
    pub(super) best_height: i32,
    /// Ends of connections at this node, in the order in which they came to be.
    pub(super) connections: Vec<ConnectionId>,
    /// Cut off from all others until then.
    pub(super) isolated_until: Time,
}

/// A clock that runs as the world's does, but may have been set.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    /// By the world's time, when it was set last.
    set_at: Time,
    /// What it showed then.
    showed: Time,
}

impl Clock {
    fn time(self, now: Time) -> Time {
        self.showed + now.saturating_since(self.set_at)
    }

    /// When it will show `time`, by the world's time.
    fn when(self, time: Time) -> Time {
        self.set_at + time.saturating_since(self.showed)
    }
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            now: Time::ZERO,
            rng: ChaCha8Rng::seed_from_u64(seed),
            queue: Queue::default(),
            pool: Pool::default(),
            nodes: Vec::new(),
            links: Vec::new(),
            free: Vec::new(),
            serial: 0,
            rules: Links::default(),
            checks: Checks::All,
            tally: Tally::default(),
            digest: Digest::new(),
            observer: None,
            scratch: Vec::new(),
        }
    }

    pub(super) fn add_node(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap());
        let (clock, isolated_until) = Default::default();
        self.nodes.push(Site { node, clock, best_height: 0, connections: Vec::new(), isolated_until });
        self.queue.push(self.now, Due::Start(id));
        id
    }

    pub(super) fn site(&mut self, node: NodeId) -> &mut Site {
        &mut self.nodes[node.0 as usize]
    }

    /// The time by a node's own clock.
    pub(super) fn time_at(&self, node: NodeId) -> Time {
        self.nodes[node.0 as usize].clock.time(self.now)
    }

    pub(super) fn set_clock(&mut self, node: NodeId, to: Time) {
        let set_at = self.now;
        self.site(node).clock = Clock { set_at, showed: to };
        self.note(node, None, What::ClockSet(to));
        for id in self.site(node).connections.clone() {
            self.serve_soon(id);
        }
    }

    pub(super) fn link(&self, id: ConnectionId) -> Option<&Link> {
        self.links.get(id.slot as usize)?.as_ref().filter(|link| link.serial == id.serial)
    }

    pub(super) fn link_mut(&mut self, id: ConnectionId) -> Option<&mut Link> {
        self.links.get_mut(id.slot as usize)?.as_mut().filter(|link| link.serial == id.serial)
    }

    pub(super) fn end(&self, id: ConnectionId) -> Option<&End> {
        Some(&self.link(id)?.ends[usize::from(id.is_inbound)])
    }

    pub(super) fn end_mut(&mut self, id: ConnectionId) -> Option<&mut End> {
        Some(&mut self.link_mut(id)?.ends[usize::from(id.is_inbound)])
    }

    pub(super) fn machine(&self, id: ConnectionId) -> Option<&Checked> {
        self.end(id)?.machine.as_ref()
    }

    /// The machine at an end, the time at its node, and what else it is driven with.
    pub(super) fn drive(&mut self, id: ConnectionId) -> Option<Drive<'_>> {
        let Self { links, rng, pool, nodes, now, .. } = self;
        let link = links.get_mut(id.slot as usize)?.as_mut().filter(|link| link.serial == id.serial)?;
        let [outbound, inbound] = &mut link.ends;
        let (end, other) = if id.is_inbound { (inbound, outbound) } else { (outbound, inbound) };
        let time = nodes[end.node.0 as usize].clock.time(*now);
        let machine = end.machine.as_mut()?;
        let (output, input) = (&mut end.pipe, &mut other.pipe);
        let (latency, rules, is_heard) = (link.latency, &link.rules, !other.is_over);
        Some(Drive { machine, time, rng, pool, output, input, latency, rules, is_heard })
    }

    /// Lets the queue serve an end at once, after what is due at this time already.
    pub(super) fn serve_soon(&mut self, id: ConnectionId) {
        if let Some(end) = self.end_mut(id)
            && !end.is_due
        {
            end.is_due = true;
            self.queue.push(self.now, Due::Serve(id));
        }
    }

    /// Lets the queue serve an end when its machine's deadline comes.
    pub(super) fn set_timer(&mut self, id: ConnectionId) {
        let (now, Some(end)) = (self.now, self.end(id)) else { return };
        let Some((at, _)) = end.machine.as_ref().and_then(|machine| machine.next_timeout()) else { return };
        let at = self.nodes[end.node.0 as usize].clock.when(at).max(now).max(end.held_until);
        if end.timer.is_none_or(|timer| at < timer)
            && let Some(end) = self.end_mut(id)
        {
            end.timer = Some(at);
            self.queue.push(at, Due::Serve(id));
        }
    }

    /// Begins a connection.
    pub(super) fn dial(&mut self, from: NodeId, to: NodeId) -> ConnectionId {
        self.serial += 1;
        self.tally.dials += 1;
        let latency = link::draw_duration(&mut self.rng, &self.rules.latency);
        let (serial, rules) = (self.serial, self.rules.clone());
        let link = Link { serial, latency, rules, is_refused: false, ends: [End::new(from), End::new(to)] };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            u32::try_from(self.links.len() - 1).unwrap()
        });
        self.links[slot as usize] = Some(link);
        let id = ConnectionId { serial, slot, is_inbound: false };
        self.note(from, Some(id), What::Dialled(to));
        self.queue.push(self.now + latency, Due::Accept(id.other()));
        id
    }

    /// Makes the machine of an end whose transport is there.
    pub(super) fn open(&mut self, id: ConnectionId) -> Result<(), TooManyHandshakes> {
        let (now, Some(link)) = (self.now, self.link(id)) else { return Ok(()) };
        let [from, to] = [link.ends[0].node, link.ends[1].node];
        let (at, remote) = if id.is_inbound { (to, from) } else { (from, to) };
        let time = self.time_at(at);
        let site = &self.nodes[at.0 as usize];
        let address = remote.address(if id.is_inbound { 50_000 } else { 18_555 });
        let wall_clock = WALL_CLOCK.seconds().saturating_add(time.elapsed().as_secs());
        let wall_clock = Timestamp::new(wall_clock).unwrap_or(WALL_CLOCK);
        let info = ConnectionInfo::new(address, site.best_height, wall_clock).with_id(id.serial.into());
        let peer = if id.is_inbound {
            Ok(Connection::inbound(&site.node, info, time, &mut self.rng))
        } else {
            Connection::outbound(&site.node, info, time, &mut self.rng)
        };
        let machine = match self.checks {
            Checks::All => Checked::new(peer?, time),
            Checks::Cheap => Checked::lightly(peer?, time),
        };
        self.site(at).connections.push(id);
        if let Some(end) = self.end_mut(id) {
            (end.machine, end.since) = (Some(machine), now);
        }
        self.note(at, Some(id), What::Connected(remote));
        Ok(())
    }

    /// Whether a dial over this link can get through now.
    pub(super) fn is_reachable(&self, id: ConnectionId) -> bool {
        let ends = self.link(id).map(|link| &link.ends);
        ends.is_some_and(|ends| {
            ends.iter().all(|end| self.nodes[end.node.0 as usize].isolated_until <= self.now)
        })
    }

    /// Lets the dialling end learn that nothing answers.
    pub(super) fn give_up(&mut self, id: ConnectionId) {
        if let Some(link) = self.link_mut(id) {
            link.is_refused = true;
            link.ends[1].is_over = true;
        }
        self.queue.push(self.now + DIAL_TIMEOUT, Due::Connect(id));
    }

    /// Takes the machine of an end that is over, and lets the other end know.
    pub(super) fn retire(&mut self, id: ConnectionId, ended: &Ended) {
        let now = self.now;
        let Some(end) = self.end_mut(id) else { return };
        end.is_over = true;
        let (node, since) = (end.node, end.since);
        if end.machine.take().is_some() {
            self.tally.peer_time += now.saturating_since(since);
        }
        *self.tally.ended.entry(ended.kind()).or_default() += 1;
        self.site(node).connections.retain(|other| *other != id);
        self.hang_up(id);
        self.note(node, Some(id), What::Ended(ended));
        let is_unused = self.link(id).is_some_and(|link| link.ends.iter().all(|end| end.is_over));
        if is_unused && let Some(slot) = self.links.get_mut(id.slot as usize) {
            *slot = None;
            self.free.push(id.slot);
        }
    }

    /// Ends both directions of an end that is over. What came and was not read is lost; the other end gets a
    /// reset for it, otherwise an end of the stream.
    fn hang_up(&mut self, id: ConnectionId) {
        let Self { links, pool, now, queue, .. } = self;
        let Some(link) = links.get_mut(id.slot as usize).and_then(Option::as_mut) else { return };
        let [outbound, inbound] = &mut link.ends;
        let (end, other) = if id.is_inbound { (inbound, outbound) } else { (outbound, inbound) };
        let at = if other.pipe.len() > 0 {
            end.pipe.reset(*now + link.latency);
            *now + link.latency
        } else {
            end.pipe.finish(*now, link.latency)
        };
        other.pipe.clear(pool);
        queue.push(at, Due::Serve(id.other()));
    }

    /// What an end's failure is called.
    pub(super) fn failure(&self, id: ConnectionId) -> Option<Error> {
        self.machine(id)?.failure().cloned()
    }

    pub(super) fn draw_node(&mut self) -> NodeId {
        let number = link::below(&mut self.rng, self.nodes.len() as u64);
        NodeId(u32::try_from(number).unwrap())
    }

    pub(super) fn draw_connection(&mut self, node: NodeId) -> Option<ConnectionId> {
        let connections = &self.nodes[node.0 as usize].connections;
        let chosen = link::below(&mut self.rng, connections.len() as u64);
        connections.get(usize::try_from(chosen).unwrap()).copied()
    }

    /// Counts, hashes and shows what happened.
    pub(super) fn note(&mut self, node: NodeId, connection: Option<ConnectionId>, what: What<'_>) {
        let config = self.nodes[node.0 as usize].node.config();
        let moment = Moment { at: self.now, node, config: Some(config), connection, what };
        self.digest.add(&moment);
        match what {
            What::Wrote(bytes) => self.tally.bytes += bytes.len() as u64,
            What::Blocked => self.tally.blocked += 1,
            What::Event(event) => {
                self.tally.messages += 1;
                *self.tally.commands.entry(event_log::command_of(event)).or_default() += 1;
                self.tally.established += u64::from(*event == peer_core::Event::Established);
            }
            _ => {}
        }
        if let Some(observer) = &mut self.observer {
            observer(&moment);
        }
    }
}

/// What one end is driven with.
pub(super) struct Drive<'a> {
    pub(super) machine: &'a mut Checked,
    pub(super) time: Time,
    pub(super) rng: &'a mut ChaCha8Rng,
    pub(super) pool: &'a mut Pool,
    pub(super) output: &'a mut super::pipe::Pipe,
    pub(super) input: &'a mut super::pipe::Pipe,
    pub(super) latency: Duration,
    pub(super) rules: &'a Links,
    /// Whether the other end is there to read.
    pub(super) is_heard: bool,
}

impl NodeId {
    /// Where others think it is.
    fn address(self, port: u16) -> NetAddress {
        let [_, b, c, d] = self.0.to_be_bytes();
        NetAddress::new(([10, b, c, d], port).into(), Services::NODE_NETWORK)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("seed", &self.seed).field("now", &self.now).finish_non_exhaustive()
    }
}
