//! One of our machines against one remote that a seed plays, with the driver between them written out.
//!
//! The worlds of the other scenarios drive every peer as the adapters do. Here the driver and the remote are what is tried:
//! [`hostile`] has a prompt driver and a remote that withholds, [`honest`] a remote that answers in time and a driver that does
//! what it likes.

mod asked;
mod attack;
mod cut;
pub(super) mod honest;
pub(super) mod hostile;
mod owner;
mod remote;
mod story;
mod taker;

use core::time::Duration;

use peer_core::{Config, Connection, Event, Message, Node, ProtocolVersion, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use self::story::Story;
use super::super::Checks;
use super::{Plan, Watch};
use crate::checked::Checked;
use crate::remote::{connection_info, frame, introduction};

/// One of our machines, the time, and chance.
struct Table {
    machine: Checked,
    now: Time,
    rng: ChaCha8Rng,
    story: Story,
}

impl Table {
    /// The dialled end of a connection, after a handshake at this version.
    fn lay(
        plan: &Plan,
        watch: Option<Watch>,
        rng: ChaCha8Rng,
        config: Config,
        version: ProtocolVersion,
    ) -> Self {
        let (node, now) = (Node::new(config), Time::ZERO);
        let mut own = ChaCha8Rng::seed_from_u64(plan.seed);
        let connection = Connection::inbound(&node, connection_info(), now, &mut own);
        let machine = match plan.checks {
            Checks::All => Checked::new(connection, now),
            Checks::Cheap => Checked::lightly(connection, now),
        };
        let mut table = Self { machine, now, rng, story: Story::new(watch) };
        let greeting = introduction(version.get().cast_signed()).into();
        for message in [greeting, Message::Verack] {
            let bytes = table.encode(&message);
            table.machine.feed(&bytes);
            while let Some(event) = table.machine.receive(now).unwrap() {
                table.story.event(now, &event);
            }
            table.machine.take_all(now);
        }
        assert!(table.machine.is_established(), "no handshake at {version}");
        table
    }

    /// A frame as the version in force has it.
    fn encode(&self, message: &Message) -> Vec<u8> {
        let mut payload = Vec::new();
        message.encode(&mut payload, self.machine.protocol_version()).unwrap();
        frame(message.command().as_str(), &payload).to_vec()
    }

    /// The next event, with the bytes that it took off the input.
    fn pull(&mut self, at: Time) -> Option<(Event, usize)> {
        let before = self.machine.input().len();
        let event = self.machine.receive(at).ok()??;
        self.story.event(self.now, &event);
        Some((event, before - self.machine.input().len()))
    }

    /// Whether the connection has ended.
    fn is_over(&self) -> bool {
        self.machine.failure().is_some()
    }
}

/// A number of `low` to `high`.
fn between(rng: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    low + rng.next_u64() % (high - low + 1)
}

/// Whether something happens that does once in so many times.
fn once_in(rng: &mut ChaCha8Rng, times: u64) -> bool {
    between(rng, 1, times) == 1
}

/// A number of `low` to `high`, each magnitude as likely as any other.
fn magnitude(rng: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    let bits = |number: u64| u64::from(number.max(1).ilog2());
    let top = between(rng, bits(low), bits(high));
    between(rng, 1 << top, (2 << top) - 1).clamp(low, high)
}

/// One of these.
fn one_of<T: Copy>(rng: &mut ChaCha8Rng, all: &[T]) -> T {
    all[usize::try_from(between(rng, 0, all.len() as u64 - 1)).unwrap()]
}

/// So many milliseconds of `low` to `high`, each magnitude as likely as any other.
fn a_while(rng: &mut ChaCha8Rng, low: u64, high: u64) -> Duration {
    Duration::from_millis(magnitude(rng, low, high))
}
