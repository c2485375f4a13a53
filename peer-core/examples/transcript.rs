//! What do two Decred peers say to each other?
//!
//! Two machines exchange messages in memory: a handshake, a batch of announcements, pings and a close.
//! There is no socket and no thread, and the clock jumps to the next event. Run it with
//! `cargo run -p peer-core --example transcript`.

use core::fmt::Display;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{ErrorKind, Write as _, stdout};

use bytes::BytesMut;
use peer_core::message::{Inventory, Timestamp};
use peer_core::{
    Config, ConfigError, Connection, ConnectionInfo, Event, Hash, Message, Network, Node, Report, Time,
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

/// How long bytes are on their way.
const LATENCY: Duration = Duration::from_millis(20);

type Done = Result<(), Report>;

fn main() -> Done {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let info =
        |port| ConnectionInfo::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), 0, Timestamp::default());
    let side = |connection| Side { connection, arriving: VecDeque::new(), input: BytesMut::new() };
    let mut alice = side(Connection::outbound(&node("alice")?, info(18555), Time::ZERO, rng)?);
    let mut bob = side(Connection::inbound(&node("bob")?, info(49152), Time::ZERO, rng));

    let (mut now, end) = (Time::ZERO, Time::from_elapsed(Duration::from_secs(60)));
    while now < end {
        alice.drive("bob -> alice", &mut bob, now, rng)?;
        bob.drive("alice -> bob", &mut alice, now, rng)?;
        now = alice.next().into_iter().chain(bob.next()).min().unwrap_or(end);
    }
    print(format_args!(
        " {end}  alice: {}; bob: {}",
        alice.connection.peer_mut().close(),
        bob.connection.handle_eof(&bob.input)
    ));
    for stats in [alice.connection.peer().stats(), bob.connection.peer().stats()] {
        print(format_args!("\n{stats}: {} at protocol version {}", stats.user_agent, stats.protocol_version));
        let round_trip = stats.last_ping_round_trip.unwrap_or_default();
        print(format_args!(
            "{} bytes out, {} in, round trip {round_trip:?}",
            stats.bytes_sent, stats.bytes_received
        ));
    }
    Ok(())
}

fn node(name: &str) -> Result<Node, ConfigError> {
    let config = Config::builder(Network::SIMNET).user_agent(name, "1.0");
    Ok(Node::new(config.idle_timeout(Duration::from_secs(25)).build()?))
}

/// A machine, and its driver's state.
struct Side {
    connection: Connection,
    /// Bytes on their way here, and when they arrive.
    arriving: VecDeque<(Time, Vec<u8>)>,
    input: BytesMut,
}

impl Side {
    /// All that a driver does for a machine: pass on what was read, handle events and timeouts, write what it queued.
    fn drive(&mut self, direction: &str, other: &mut Self, now: Time, rng: &mut ChaCha8Rng) -> Done {
        while let Some((_, bytes)) = self.arriving.front().filter(|(at, _)| *at <= now) {
            self.input.extend_from_slice(bytes);
            self.arriving.pop_front();
        }
        while let Some(event) = self.connection.receive(&mut self.input, now)? {
            let text = match event {
                Event::Version(version) => format!("version {}", Message::Version(version).summary()),
                Event::Established => {
                    // Announcements are batched: a hundred of them leave in one message.
                    for number in 0..100_u8 {
                        self.connection.peer_mut().announce(Inventory::tx(Hash::digest(&[number])), now)?;
                    }
                    "verack".to_owned()
                }
                Event::Message(Message::Inv(inv)) => {
                    // What the other side has is not announced to it: of two equal batches only one is sent.
                    inv.inventory.iter().for_each(|item| self.connection.peer_mut().add_known(item, now));
                    format!("inv of {} items", inv.inventory.len())
                }
                Event::Message(message) => format!("{} {}", message.command(), message.summary()),
                other => format!("{other:?}"),
            };
            print(format_args!("{:>8}  {direction}  {}", format!("{now}"), text.trim_end()));
        }
        // All that has arrived was pulled.
        self.connection.handle_drained(&self.input, now);
        self.connection.handle_timeout(now, rng)?;
        while self.connection.wants_write() {
            let bytes = self.connection.poll_transmit(now).to_vec();
            self.connection.handle_transmitted(bytes.len(), now);
            other.arriving.push_back((now + LATENCY, bytes));
        }
        Ok(())
    }

    /// When something happens here next: bytes arrive, or a timer is due.
    fn next(&self) -> Option<Time> {
        let arrival = self.arriving.front().map(|(at, _)| *at);
        arrival.into_iter().chain(self.connection.poll_timeout()).min()
    }
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
