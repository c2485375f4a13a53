//! Drives the machines of [`peer_core`] over mio sockets: many peers on one thread.
//!
//! [`Peers`] is a set of connections on your [`Registry`](mio::Registry), within a range of tokens that you grant.
//! It does not own the loop: listeners, wakers and other sources live beside it. You tell it what is ready, and ask what
//! happened.
//!
//! ```no_run
//! use std::io;
//! use std::net::SocketAddr;
//! use std::time::Duration;
//!
//! use mio::net::TcpListener;
//! use mio::{Events, Interest, Poll, Token};
//! use peer_core::{Direction, Event, Node};
//! use peer_mio::{PeerEvent, Peers, connection_info};
//! use rand_core::Rng;
//!
//! fn serve<R: Rng>(address: SocketAddr, node: Node, rng: R) -> Result<(), Box<dyn std::error::Error>> {
//!     let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
//!     let mut listener = TcpListener::bind(address)?;
//!     poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
//!     let mut peers = Peers::new(poll.registry().try_clone()?, 1..1001, node, rng);
//!     let mut knocks = false; // told once, so kept until nobody is left at the door
//!     loop {
//!         let soon = knocks.then_some(Duration::from_millis(100));
//!         match poll.poll(&mut events, soon.into_iter().chain(peers.timeout()).min()) {
//!             Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
//!             _ => {}
//!         }
//!         for event in &events {
//!             knocks |= !peers.ready(event); // not of a peer, so of the listener
//!         }
//!         while knocks {
//!             match listener.accept() {
//!                 Ok((stream, address)) => {
//!                     if let Err(error) = peers.insert(stream, Direction::Inbound, connection_info(address, 0)) {
//!                         println!("turned {address} away: {error}");
//!                     }
//!                 }
//!                 Err(error) if error.kind() == io::ErrorKind::WouldBlock => knocks = false,
//!                 // Whoever knocked has left, or there is no descriptor free: tried again soon.
//!                 Err(error) => { println!("nobody can come in: {error}"); break }
//!             }
//!         }
//!         while let Some((id, happened)) = peers.next_event() {
//!             match happened {
//!                 PeerEvent::Event(Event::Message(message)) => println!("{id}: {}", message.command()),
//!                 PeerEvent::Event(_) => {}
//!                 PeerEvent::Closed(closed) => println!("{id}: {closed}"),
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! # How data flows
//!
//! ```text
//!  Poll ──► ready ──► run queue ──► turn: ≤ 64 KiB read ──► machine ──► ≤ 16 events ──► next_event
//!  timeout ◄── deadlines ──┘              ≤ 64 KiB written ◄── machine ◄── peer(id): send, announce
//! ```
//!
//! # Promises
//!
//! * **Fair.** Who has something to do waits in a line for a turn; a turn is bounded in bytes read, bytes
//!   written and events. Deadlines are looked at before every turn, without looking at those who have none.
//! * **Edge triggered.** Each stream is registered once. Whatever lets a peer go on puts it in the line:
//!   readiness, a command, bytes that left, a deadline.
//! * **The remote is blamed only when there is nothing of it to read**, however late its owner looks.
//! * **Refusal before an answer.** After [`Event::Version`](peer_core::Event::Version) nothing is answered
//!   until the owner asks for the next event.
//! * **Every end is told once**, with its typed reason, after everything that the remote said before it. Where
//!   writing failed no timer runs any more, and that failure is the reason.
//! * **Small.** An idle peer has no buffer. It takes 690 bytes, measured with 5,000 of them over loopback, of
//!   which the machine and what the remote said of itself are 520; a longer user agent adds its length, 256 bytes
//!   at most. What is read passes through one buffer of 64 KiB for all.
//!
//! # Features
//!
//! * `entropy`, on by default: `SystemRng`, the system's generator.
//! * `simd`: hashing uses the vectors of the CPU, as with the feature of that name of `peer-core`.
//! * `serde`: messages, events, ends and statistics are `Serialize`, likewise.
//! * `tracing`: the machines log what they do, as with the feature of that name of `peer-core`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod conn;
#[cfg(feature = "entropy")]
mod entropy;
mod entry;
mod outcome;
mod peers;
mod schedule;
mod transport;

pub use peer_core;
pub use peer_core::Closed;

pub use self::clock::connection_info;
#[cfg(feature = "entropy")]
pub use self::entropy::SystemRng;
pub use self::entry::PeerId;
pub use self::outcome::{InsertError, Outcome, PeerEvent};
pub use self::peers::Peers;
pub use self::transport::Transport;
