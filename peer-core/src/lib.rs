#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! | item | for |
//! | --- | --- |
//! | [`Connection`] | the driver: feeds bytes and time, asks what to write and when to wake |
//! | [`Peer`] | the owner: sends, announces, requests, looks, closes |
//! | [`Config`], [`Node`] | limits and identity, shared by the connections of one node |
//! | [`message`], [`frame`], [`blake256`] | what is said, how it is packed, the hash |
//! | [`recording`] | conversations that are kept and replayed |
//! | [`guide`] | pages: driving, clocks, limits, neighbours, states, recording, migration |
//!
//! # One turn of a driver
//!
//! ```text
//!         ┌──► receive(&mut input, now)  until None ──► events to the owner
//!         │    handle_timeout(now, &mut rng)
//!  wakes ─┤    write some of poll_transmit(now) ──► handle_transmitted(count, now)
//!         │    read while wants_read()  ──► append to input, or handle_drained(&input, now)
//!         └─── wait for the socket, a command or poll_timeout()
//! ```
//!
//! # Handshake
//!
//! ```text
//!  outbound                                 inbound
//!     │ ── version ─────────────────────────► │ Event::Version: receive again to accept
//!     │ ◄────────────────── version, verack ─ │
//!     │ Event::Version: receive again         │
//!     │ ── verack ──────────────────────────► │ Event::Established
//!     │ Event::Established                    │
//! ```
//!
//! # Life of a connection
//!
//! ```text
//!  await version ──► version received ──► await verack ──► established
//!        │    owner accepts ──┘  │             │              │
//!        └───────────────────────┴─────────────┴──────────────┤
//!                                                             ▼
//!        failed: the first Error is kept and returned by every later call
//! ```
//!
//! # Lanes
//!
//! ```text
//!  control: version, verack, ping, pong, reject, requests, settings ──┐ first
//!                                                                     ├──► poll_transmit
//!  bulk:    inv, addr, headers, block, tx, other responses ───────────┘
//! ```
//!
//! Control overtakes bulk that [`poll_transmit`](Connection::poll_transmit) has not shown. Order within a lane is kept.
//! A [`Mark`] is a position in a lane; [`Peer::is_flushed`] tells whether everything before it was written.
//!
//! # Promises
//!
//! 1. **Pure.** Same calls, same results: time and randomness are arguments, and nothing else comes in. The
//!    crate is `no_std` so that the compiler checks it.
//! 2. **No wrong order.** Every method may be called at any moment, any number of times.
//! 3. **Results come back from the call that caused them.** There is no event queue.
//! 4. **Chunking never matters.** One byte at a time or a megabyte at once gives the same events.
//! 5. **Memory is bounded** by numbers in [`Config`], all finite. A length that was only claimed allocates nothing.
//! 6. **Time moves.** After `handle_timeout(timeout)` the next timeout is later, or the peer has failed.
//! 7. **Failure is final.** The first error is kept and returned again; nothing more goes out.
//! 8. **The remote is blamed only while we wait for it**, never for a slow owner.
//! 9. **No panic** on any input.
//!
//! # Errors
//!
//! | error | says | who acts |
//! | --- | --- | --- |
//! | [`ConfigError`] | why settings are refused | the program's author |
//! | [`FrameError`], [`CodecError`] | what is wrong with bytes, or with a message that cannot become bytes | the sender of the bytes |
//! | [`Error`] | why a connection has failed | the owner: reconnect, wait or give up |
//! | [`SendError`], [`RequestError`] | why a command was refused; the connection goes on, except after [`SendError::Closed`] | the owner: wait, or send something else |
//!
//! All are plain values that compare with `==`. The text of an error is the whole sentence, including its cause:
//! `bad ping message: payload ends early: …`. So [`source`](core::error::Error::source) returns nothing, and a reporter
//! that joins sources prints no cause twice. Programs find the cause as a field. [`Report`] is for `main`: Rust prints it as a
//! sentence.
//!
//! # Features
//!
//! * `std`, on by default: what an adapter over the standard library needs: [`TransportError`] from an `io::ErrorKind`,
//!   [`Timestamp`](message::Timestamp) from a `SystemTime`, `Closed`, `accept_can_continue` and `AcceptRetries`. Nothing
//!   in it reads a clock or a socket.
//! * `test-util`: machines are `Clone`, for tests that try on a copy what must not change the original.
//! * `simd`: hashes with the vectors of the CPU, chosen at run time; results are the same. It works on x86-64, where it
//!   needs `std`; elsewhere it changes nothing.
//! * `serde`: `Serialize` for messages, with the field names of the golden vectors, and for [`Event`], [`Error`] and
//!   [`Stats`], which document their form.
//! * `arbitrary`: `Arbitrary` for [`Message`] and everything that messages are made of, to fuzz a program's own logic with
//!   valid messages. Needs `std`.
//! * `tracing`: log lines at dcrd's levels and in its words: one for each message at debug, whole messages and frames as
//!   `hexdump -C` at trace. Nothing depends on it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod accept_error;
mod accept_limits;
#[cfg(feature = "arbitrary")]
mod arbitrary;
pub mod blake256;
mod config;
mod connection;
mod error;
mod event;
pub mod frame;
mod gather;
#[cfg(any(doc, doctest))]
pub mod guide;
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
pub use accept_error::{AcceptRetries, accept_can_continue};
pub use accept_limits::{AcceptLimits, Refused};
pub use bytes;
pub use config::{Config, ConfigBuilder};
pub use connection::Connection;
pub use error::{
    CodecError, ConfigError, Error, ErrorKind, Excess, Expected, FrameError, Report, RequestError, SendError,
    TooManyHandshakes,
};
pub use event::{ConnectionInfo, Direction, Event};
pub use frame::EncodedFrame;
pub use gather::Gather;
pub use hash::{Hash, ParseHashError};
pub use message::{Command, Message};
pub use network::{Network, UnknownNetwork};
pub use node::Node;
pub use peer::{
    Announced, Announcement, BanRule, BlockRange, CommandCount, Interest, Mark, OnTimeout, Peer, Request,
    RequestId, RequestOptions, Response, Standing, Stats, Timer, Unanswered,
};
pub use policy::{BannableMessages, InitStateRequests, UnknownCommands, UnrequestedAnswers};
pub use protocol_version::ProtocolVersion;
pub use rand_core;
pub use services::Services;
pub use time::Time;
#[cfg(feature = "std")]
pub use transport::Closed;
pub use transport::TransportError;
