#![doc = include_str!("../README.md")]
//!
//! # How data flows
//!
//! ```text
//!  transport ──► bytes ──► frame ──► message ──► machine ──► events ──► owner
//!                                                  │ ▲
//!  clock, entropy ─────────────────────────────────┘ │
//!  transport ◄── bytes ◄── frame ◄── message ◄───────┴──── send, announce
//! ```
//!
//! [`Connection`] is what a driver calls, [`Peer`] what an owner does. [`Connection::receive`] takes whole frames off the
//! bytes that came and returns events; [`Connection::handle_timeout`] does what is due; commands such as [`Peer::send`] and
//! [`Peer::announce`] queue frames; [`Connection::poll_transmit`] shows what to write and
//! [`Connection::handle_transmitted`] notes what was written. [`Connection::poll_timeout`] tells what to wait for.
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
//! 6. **Time moves.** After `handle_timeout(timeout)` the next timeout is later, or the peer has failed.
//! 7. **Failure is final.** The first error is kept and returned again; nothing more goes out.
//! 8. **The remote is blamed only while we wait for it**, never for the slowness of our owner.
//! 9. **No panic** on any input.
//!
//! # Where to look
//!
//! [`Connection`] and [`Peer`] for the machine, [`Config`] for its limits, [`message`] for what is said, [`frame`] for how it
//! is packed, [`blake256`] for the hash, [`recording`] for conversations that are kept and replayed.
//!
//! # Errors
//!
//! | error | says | who acts |
//! | --- | --- | --- |
//! | [`ConfigError`] | why settings are refused | the program's author |
//! | [`FrameError`], [`CodecError`] | what is wrong with bytes, or with a message that cannot become bytes | the sender of the bytes |
//! | [`Error`] | why a connection has failed | the owner: reconnect, wait or give up |
//! | [`SendError`], [`RequestError`] | why a command was refused; the connection goes on, but for [`SendError::Closed`] | the owner: wait, or send something else |
//!
//! All are plain values that compare with `==`. The text of an error is the whole sentence, its cause included:
//! `bad ping message: payload ends early: …`. Therefore [`source`](core::error::Error::source) gives nothing, and a
//! reporter that joins sources tells no cause twice. Programs find the cause as a field.
//!
//! # Features
//!
//! * `std`: what an adapter over the standard library needs: [`TransportError`] from an `io::ErrorKind`,
//!   [`Timestamp`](message::Timestamp) from a `SystemTime`, `Closed`, and `accept_can_continue`. Nothing in it reads a
//!   clock or a socket.
//! * `test-util`: machines are `Clone`, for tests that try on a copy what must not change the original.
//! * `simd`: hashes with the vectors of the CPU at hand, chosen while the program runs; results are the same.
//!   On x86-64, where it needs `std`; elsewhere it changes nothing.
//! * `serde`: `Serialize` for messages, with the field names of the golden vectors, and for [`Event`], [`Error`] and
//!   [`Stats`], which document their form.
//! * `tracing`: the machine logs what it does, at the reference's levels and in its words: a line for each
//!   message at debug, whole messages and frames as `hexdump -C` at trace. It observes; nothing depends on it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod accept_error;
mod accept_limits;
pub mod blake256;
mod config;
mod connection;
mod error;
mod event;
pub mod frame;
mod hash;
pub mod message;
mod network;
mod node;
mod peer;
mod policy;
mod protocol_version;
pub mod recording;
#[cfg(feature = "serde")]
mod serialize;
mod services;
mod time;
mod transport;

#[cfg(feature = "std")]
pub use accept_error::accept_can_continue;
pub use accept_limits::{AcceptLimits, Refused};
pub use config::{Config, ConfigBuilder};
pub use connection::Connection;
pub use error::{
    CodecError, ConfigError, Error, ErrorKind, Excess, Expected, FrameError, RequestError, SendError,
    TooManyHandshakes,
};
pub use event::{ConnectionInfo, Direction, Event};
pub use hash::{Hash, ParseHashError};
pub use message::{Command, Message};
pub use network::{Network, UnknownNetwork};
pub use node::Node;
pub use peer::{
    BanRule, BlockRange, Interest, Mark, OnTimeout, Peer, Request, RequestId, RequestOptions, Response,
    Standing, Stats, Timer, Unanswered,
};
pub use policy::{BannableMessages, InitStateRequests, UnknownCommands, UnrequestedAnswers};
pub use protocol_version::ProtocolVersion;
pub use services::Services;
pub use time::Time;
#[cfg(feature = "std")]
pub use transport::Closed;
pub use transport::TransportError;
