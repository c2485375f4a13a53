//! A simulated network of any number of nodes, for logic that owns peers.
//!
//! A [`World`] is one event queue and one generator: everything that happens follows from the seed, on any
//! machine, in debug and release. Nodes are connected by byte streams as TCP has them ([`Links`]): ordered, with
//! latency and bandwidth, cut and merged at random, full at times. On top of each end runs a real
//! [`Peer`], driven by the rules of the adapters and [checked](crate::invariants) after every
//! call; on top of the peers runs the logic of a node, which you write ([`Logic`]).
//!
//! Here every node greets each peer that it meets with a ping, and the first one dials the second:
//!
//! ```
//! use core::time::Duration;
//! use peer_core::message::Ping;
//! use peer_core::{Config, Connection, Event, Message, Network, Peer};
//! use peer_tests::world::{ConnectionId, Logic, NodeId, Turn, World};
//!
//! #[derive(Default)]
//! struct Greeter {
//!     dials: Option<NodeId>,
//!     answered: u32,
//! }
//!
//! impl Logic for Greeter {
//!     fn on_start(&mut self, turn: &mut Turn<'_>) {
//!         if let Some(node) = self.dials {
//!             turn.dial(node);
//!         }
//!     }
//!
//!     fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
//!         match event {
//!             Event::Established => {
//!                 let nonce = turn.draw(u64::MAX);
//!                 turn.send(connection, &Message::Ping(Ping { nonce })).expect("there is room");
//!             }
//!             Event::Message(Message::Pong(_)) => self.answered += 1,
//!             _ => {}
//!         }
//!     }
//! }
//!
//! let config = Config::builder(Network::SIMNET).build()?;
//! let mut world = World::new(7);
//! let second = world.add(config.clone(), Greeter::default());
//! let first = world.add(config, Greeter { dials: Some(second), answered: 0 });
//! world.run_for(Duration::from_secs(10));
//! assert_eq!([world.logic(first).answered, world.logic(second).answered], [1, 1]);
//!
//! // A story, if you want to see it: the same seed tells the same one.
//! world.observe(|moment| println!("{moment}"));
//! world.run_for(Duration::from_secs(120));
//! # Ok::<(), peer_core::ConfigError>(())
//! ```
//!
//! `docs/simulation.md` tells more and has another example, and the binary `sim` runs the [`scenarios`].

mod event_log;
mod faults;
mod link;
mod logic;
mod pipe;
mod queue;
mod recordings;
pub mod scenarios;
mod serve;
mod state;
mod tally;
mod turn;

use core::fmt;
use core::time::Duration;
use std::thread;

use peer_core::{Config, Node, Peer, Time};
use rand_chacha::ChaCha8Rng;

pub use self::event_log::{Moment, What};
pub use self::link::{ConnectionId, Links};
pub use self::logic::{Ended, Logic};
use self::queue::Due;
pub use self::recordings::Recordings;
use self::state::State;
pub use self::tally::Tally;
pub use self::turn::Turn;
use crate::bound::Turns;

/// Names a node of a world. The first that is added is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The node that was added as the `number`th, counted from 0.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for NodeId {
    /// `n12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("n{}", self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which [invariants](crate::invariants) are checked after every call of a peer. What happens is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Checks {
    /// All, by means of a twin of each peer. Costs several times what the peers themselves do.
    #[default]
    All,
    /// Those that cost next to nothing.
    Cheap,
}

/// See the [module](self).
#[derive(Debug)]
pub struct World<L> {
    state: State,
    logics: Vec<L>,
}

impl<L: Logic> World<L> {
    /// An empty world, with [`Links::default`] and all [`Checks`].
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: State::new(seed), logics: Vec::new() }
    }

    /// The same with these checks.
    #[must_use]
    pub const fn checks(mut self, checks: Checks) -> Self {
        self.state.checks = checks;
        self
    }

    /// The same with these links, for connections that are dialled from now on.
    #[must_use]
    pub fn links(mut self, links: Links) -> Self {
        self.state.rules = links;
        self
    }

    /// Adds a node. It begins as soon as the world runs.
    pub fn add(&mut self, config: Config, logic: L) -> NodeId {
        self.logics.push(logic);
        self.state.add_node(Node::new(config))
    }

    /// Shows everything that happens from now on.
    pub fn observe(&mut self, observer: impl FnMut(&Moment<'_>) + 'static) {
        self.state.observer = Some(Box::new(observer));
    }

    /// Does what is due next, if that is not after `until`. Returns whether anything was.
    pub fn step(&mut self, until: Time) -> bool {
        if self.state.queue.next().is_none_or(|at| at > until) {
            return false;
        }
        let Some((at, due)) = self.state.queue.pop() else { return false };
        self.state.now = at;
        self.state.tally.steps += 1;
        match due {
            Due::Start(node) => self.act(node, L::on_start),
            Due::Accept(connection) => self.accept(connection),
            Due::Connect(connection) => self.connect(connection),
            Due::Serve(connection) => self.serve(connection),
            Due::Wake(node, reason) => {
                self.state.note(node, None, What::Woke(reason));
                self.act(node, |logic, turn| logic.on_wake(reason, turn));
            }
        }
        true
    }

    /// Runs until this time, and up to and with everything that is due then.
    pub fn run_until(&mut self, until: Time) {
        let (mut at, mut turns) = (self.state.now, Turns::default());
        while self.step(until) {
            if at != self.state.now {
                (at, turns) = (self.state.now, Turns::default());
            }
            turns.next();
        }
        self.state.now = self.state.now.max(until);
    }

    /// Runs for so long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.state.now + duration);
    }

    /// Acts in the place of a node's logic, from outside.
    pub fn act<T>(&mut self, node: NodeId, act: impl FnOnce(&mut L, &mut Turn<'_>) -> T) -> T {
        let logic = &mut self.logics[node.0 as usize];
        act(logic, &mut Turn { state: &mut self.state, node })
    }

    /// The world's generator, for those who choose what happens from outside.
    pub const fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.state.rng
    }

    /// A number below `limit`, which is 0 where that is 0 or 1.
    pub fn draw(&mut self, limit: u64) -> u64 {
        link::below(&mut self.state.rng, limit)
    }

    /// Any node.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn draw_node(&mut self) -> NodeId {
        self.state.draw_node()
    }

    /// Any of a node's ends of connections that have a peer.
    pub fn draw_connection(&mut self, node: NodeId) -> Option<ConnectionId> {
        self.state.draw_connection(node)
    }

    /// The world's time. It begins at zero.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.state.now
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<L> {
        (0..u32::try_from(self.logics.len()).unwrap()).map(NodeId)
    }

    /// The logic of a node.
    #[must_use]
    pub fn logic(&self, node: NodeId) -> &L {
        &self.logics[node.0 as usize]
    }

    /// A node's ends of connections that have a peer, oldest first.
    #[must_use]
    pub fn connections(&self, node: NodeId) -> &[ConnectionId] {
        &self.state.nodes[node.0 as usize].connections
    }

    /// The peer of a connection; `None` before it is connected and when it is over.
    #[must_use]
    pub fn peer(&self, connection: ConnectionId) -> Option<&Peer> {
        self.state.machine(connection).map(|machine| &**machine)
    }

    /// What happened so far, in numbers.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let connections = self.state.nodes.iter().flat_map(|site| &site.connections);
        let ages = connections.filter_map(|id| Some(self.now().saturating_since(self.state.end(*id)?.since)));
        let mut tally = self.state.tally.clone();
        tally.peer_time += ages.sum::<Duration>();
        tally
    }

    /// BLAKE-256 of everything that happened so far, in a canonical form that `docs/simulation.md` defines.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.state.digest.finish()
    }
}

/// Says where and when, if a check failed.
impl Drop for State {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("world: seed {}, at {}, step {}", self.seed, self.now, self.tally.steps);
        }
    }
}

/// Compiles and runs the example of the page on simulation.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/simulation.md")]
struct Page;
