//! The ways to do the work, and what they share.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Config, Event, Message, Network, Node, UnrequestedAnswers};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::lines::Work;
use crate::memory::Memory;
use crate::over_mio::OverMio;
use crate::over_tokio::OverTokio;
use crate::sockets::Sockets;

/// Why it did not work.
pub(crate) type Failure = Box<dyn core::error::Error + Send + Sync>;

/// Both ends of a connection that shook hands, and the listener for more.
pub(crate) trait Way {
    /// Does so much work, from the first byte to the last.
    fn run(&mut self, work: &Work, count: usize) -> Result<(), Failure>;
}

/// The ways, by name.
pub(crate) const NAMES: [&str; 4] = ["sockets", "memory", "mio", "tokio"];

/// One of each.
pub(crate) fn all() -> Result<[Box<dyn Way>; 4], Failure> {
    Ok([
        Box::new(Sockets::new()?),
        Box::new(Memory::new()?),
        Box::new(OverMio::new()?),
        Box::new(OverTokio::new()?),
    ])
}

/// Longer than anything here takes: who waits so long waits for nothing.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Bytes that an owner who has much to say keeps queued, and messages: as a node does that is asked for several blocks.
const AHEAD: usize = 128 * 1024;
const MESSAGES: usize = 8;

/// Whether such an owner queues another message, in frames of `len` bytes.
pub(crate) const fn has_more(queued: usize, len: usize) -> bool {
    queued < AHEAD || queued + len <= MESSAGES * len
}

pub(crate) const NETWORK: Network = Network::SIMNET;

/// One end's, which also takes blocks that it did not ask for.
pub(crate) fn node() -> Result<Node, Failure> {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver);
    Ok(Node::new(config.build()?))
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) const fn ping(nonce: u64) -> Message {
    Message::Ping(Ping { nonce })
}

/// Whether a frame came, that of a response included.
pub(crate) const fn is_message(event: &Event) -> bool {
    matches!(event, Event::Message(_) | Event::Response(_))
}
