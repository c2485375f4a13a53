//! The Decred peer-to-peer protocol as a pure state machine that you can plug into any event loop, fuzz, and
//! replay from a seed.
//!
//! ```text
//!  transport ──► bytes ──► frame ──► message ──► machine ──► events ──► owner
//!                                                  │ ▲
//!  clock, entropy ─────────────────────────────────┘ │
//!  transport ◄── bytes ◄── frame ◄── message ◄───────┴──── send, announce
//! ```
//!
//! A [`Peer`] is one connection to one remote, without the connection. Its owner reads and writes the bytes
//! and tells the time; the machine does the rest: handshake and version negotiation, pings, batches of
//! inventory, detection of connections to oneself, time-outs, and limits on everything the remote can make
//! it hold.
//!
//! # Driving it
//!
//! ```
//! use std::io::{ErrorKind, Read, Write};
//! use std::time::Duration;
//!
//! use bytes::BytesMut;
//! use peer_core::{End, Error, Event, Peer, Time};
//!
//! fn drive<S: Read + Write>(
//!     (mut peer, mut stream): (Peer, S), // a stream that does not block
//!     (now, wait): (impl Fn() -> Time, impl Fn(&S, Option<Duration>)), // until it is ready, or so long
//!     rng: &mut impl rand_core::Rng,
//!     mut handle: impl FnMut(&mut Peer, Event),
//! ) -> Result<(), Error> {
//!     let (mut input, mut buffer) = (BytesMut::new(), [0; 4096]);
//!     loop {
//!         while let Some(event) = peer.receive(&mut input, now())? {
//!             handle(&mut peer, event); // pull until it wants more bytes
//!         }
//!         peer.tick(now(), rng)?; // harmless when nothing is due
//!         match if peer.wants_write() { stream.write(peer.transmit(now())) } else { Ok(0) } {
//!             Ok(count) => peer.sent(count, now()), // partial writes are normal
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
//!             Err(_) => return Err(peer.end(End::Failed, &input)),
//!         }
//!         match if peer.wants_read() { stream.read(&mut buffer) } else { Err(ErrorKind::WouldBlock.into()) } {
//!             Ok(0) => return Err(peer.end(End::Eof, &input)),
//!             Ok(count) => input.extend_from_slice(&buffer[..count]),
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => {
//!                 wait(&stream, peer.deadline().map(|(at, _)| at.saturating_since(now())));
//!             }
//!             Err(_) => return Err(peer.end(End::Failed, &input)),
//!         }
//!     }
//! }
//! ```
//!
//! The example `transcript` lets two machines talk in memory, `blocking` drives one over a standard socket.
//! The crate `peer-tokio` is an adapter for tokio.
//!
//! # Promises
//!
//! 1. **Pure.** Same calls, same results: time and randomness are arguments, and nothing else comes in. The
//!    crate is `no_std` so that the compiler checks it.
//! 2. **No wrong order.** Every method may be called at any moment, any number of times.
//! 3. **Results come back from the call that caused them.** There is no event queue.
//! 4. **Chunking never matters.** One byte at a time or a megabyte at once gives the same events.
//! 5. **Memory is bounded** by numbers in [`Config`], all finite. Nothing is allocated on a length that was
//!    merely claimed.
//! 6. **Time moves.** After `tick(deadline)` the next deadline is later, or the peer has failed.
//! 7. **Failure is final.** The first error is kept and returned again; nothing more goes out.
//! 8. **The remote is blamed only while we wait for it**, never for its owner being slow.
//! 9. **No panic** on any input.
//!
//! # Where to look
//!
//! [`Peer`] for the machine, [`Config`] for its limits, [`message`] for what is said, [`frame`] for how it
//! is packed, [`blake256`] for the hash, [`error`] for what can go wrong and who must act.
//!
//! # Features
//!
//! * `simd`: hashes with the vectors of the CPU at hand, chosen while the program runs; results are the same.
//!   On x86-64, where it needs `std`; elsewhere it changes nothing.
//! * `serde`: `Serialize` for messages, with the field names of the golden vectors, and for [`Event`], [`Error`] and
//!   [`Stats`], which say how they look.
//! * `tracing`: the machine logs what it does, at the reference's levels and in its words: a line for each
//!   message at debug, whole messages and frames as `hexdump -C` at trace. It observes; nothing depends on it.
#![no_std]

extern crate alloc;

pub mod blake256;
mod config;
pub mod error;
mod event;
pub mod frame;
mod hash;
pub mod message;
mod network;
mod node;
mod peer;
mod policy;
mod protocol;
#[cfg(feature = "serde")]
mod serialize;
mod services;
mod time;

pub use config::{Config, ConfigBuilder};
pub use error::{
    CodecError, ConfigError, Error, ErrorKind, Excess, Expected, FrameError, SendError, TooManyHandshakes,
};
pub use event::{Direction, Event, Hello};
pub use hash::{Hash, ParseHashError};
pub use message::{Command, Message};
pub use network::{Network, UnknownNetwork};
pub use node::Node;
pub use peer::{End, Mark, Peer, Stats, Timer};
pub use policy::{UnknownCommands, UnrequestedAnswers};
pub use protocol::ProtocolVersion;
pub use services::Services;
pub use time::Time;

/// Compiles the code of the project's front page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
