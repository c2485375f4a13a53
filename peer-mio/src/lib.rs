//! Drives the machines of [`peer_core`] over mio sockets: many peers on one thread.
//!
//! ```text
//!  Poll ──► ready ──► run queue ──► turn: ≤ 64 KiB read ──► machine ──► ≤ 16 events ──► next_event
//!  timeout ◄── deadlines ──┘              ≤ 64 KiB written ◄── machine ◄── peer(id): send, announce
//! ```
//!
//! [`Peers`] is a set of connections on your [`Registry`](mio::Registry), within a range of tokens that you grant.
//! It does not own the loop: listeners, wakers and other sources live beside it. Pass each readiness event to
//! [`ready`](Peers::ready), then take what happened from [`next_event`](Peers::next_event). This program accepts peers and
//! prints what they say. Its dependencies are this crate and mio 1 with the features `net` and `os-poll`:
//!
#![cfg_attr(feature = "entropy", doc = "```no_run")]
#![cfg_attr(not(feature = "entropy"), doc = "```ignore")]
//! use std::io::ErrorKind::{Interrupted, WouldBlock};
//! use std::time::Duration;
//!
//! use mio::net::TcpListener;
//! use mio::{Events, Interest, Poll, Token};
//! use peer_mio::peer_core::{Config, Direction, Event, Network, Node, Report};
//! use peer_mio::{PeerEvent, Peers, SystemRng, connection_info};
//!
//! fn main() -> Result<(), Report> {
//!     let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
//!     let mut listener = TcpListener::bind("127.0.0.1:9108".parse()?)?;
//!     poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
//!     let node = Node::new(Config::builder(Network::MAINNET).user_agent("first", "0.1.0").build()?);
//!     let mut peers = Peers::new(poll.registry().try_clone()?, 1..1001, node, SystemRng);
//!     let mut acceptable = false; // reported once, so kept until `accept` would block
//!     loop {
//!         let retry = acceptable.then_some(Duration::from_millis(100));
//!         match poll.poll(&mut events, retry.into_iter().chain(peers.timeout()).min()) {
//!             Err(error) if error.kind() != Interrupted => return Err(error.into()),
//!             _ => {}
//!         }
//!         for event in &events {
//!             acceptable |= !peers.ready(event); // not a peer's token, so the listener's
//!         }
//!         while acceptable {
//!             match listener.accept() {
//!                 Ok((stream, address)) => {
//!                     if let Err(error) = peers.insert(stream, Direction::Inbound, connection_info(address, 0)) {
//!                         println!("refused {address}: {error}");
//!                     }
//!                 }
//!                 Err(error) if error.kind() == WouldBlock => acceptable = false,
//!                 // The client has left, or no file descriptor is free: retry soon.
//!                 Err(error) => { println!("cannot accept: {error}"); break }
//!             }
//!         }
//!         while let Some((id, event)) = peers.next_event() {
//!             match event {
//!                 PeerEvent::Event(Event::Message(message)) => println!("{id}: {}", message.command()),
//!                 PeerEvent::Closed(closed) => println!("{id}: {closed}"),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! # Sending much
//!
//! [`try_send`](Peers::try_send) refuses what does not fit, and [`PeerEvent::Room`] tells when it does. Keep what is left
//! in a list of your own, and keep taking events meanwhile. Two nodes that serve each other, and both stop taking events until
//! there is room, wait for each other until one blames the other.
//!
//! # Promises
//!
//! * **Fair.** Ready connections take turns in order. A turn is bounded in bytes read, bytes written and events.
//!   Deadlines are checked before every turn, at no cost for connections without one.
//! * **Edge triggered.** Each stream is registered once. Readiness, a command, written bytes or a deadline
//!   queue a connection for its next turn.
//! * **A timeout blames the remote only after everything it sent was read**, however late the owner polls.
//! * **Refusal before an answer.** After [`Event::Version`](peer_core::Event::Version) nothing is sent until
//!   the owner calls [`next_event`](Peers::next_event) again.
//! * **Every end is reported once**, with its typed reason, after everything that the remote sent before it. After a
//!   failed write the remote is heard until its stream ends, nothing came for a second, or 5 s of
//!   waiting have passed, and the reason is that failure.
//! * **The last messages arrive.** A remote that closed only its writing half still gets what is queued.
//!   [`leave`](Peers::leave) ends a connection so that the system does not cut off what was written last.
//! * **Small.** An idle peer has no buffer. It takes 690 bytes, measured with 5,000 of them over loopback, including
//!   520 for the machine and the remote's `version`. A longer user agent adds its length, at most 256 bytes. All
//!   connections read through one shared buffer of 64 KiB.
//!
//! # Features
//!
//! * `entropy`, on by default: `SystemRng`, the system's generator.
//! * `simd`: hashing uses the vectors of the CPU. See the feature of `peer-core`.
//! * `serde`: messages, events, ends and statistics are `Serialize`.
//! * `tracing`: the machines' log lines. See the feature of `peer-core`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acceptor;
mod clock;
mod commands;
mod conn;
#[cfg(feature = "entropy")]
mod entropy;
mod entry;
mod outcome;
mod peers;
mod recorded;
mod schedule;
mod transport;

pub use peer_core;
pub use peer_core::{AcceptLimits, Closed, Refused};

pub use self::acceptor::{AcceptError, Acceptor};
pub use self::clock::connection_info;
#[cfg(feature = "entropy")]
pub use self::entropy::SystemRng;
pub use self::entry::PeerId;
pub use self::outcome::{InsertError, Outcome, PeerEvent};
pub use self::peers::Peers;
pub use self::recorded::Recorded;
pub use self::transport::Transport;
