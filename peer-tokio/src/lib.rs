//! Drives the machine of [`peer_core`] over any tokio stream.
//!
//! ```text
//!  stream ──► input ──► machine ──► 16 events ──► Events      one task for each connection,
//!  stream ◄──────────── machine ◄── 16 commands ◄── Handle    the one that polls its Driver
//!                          ▲
//!         clock, generator ┘
//! ```
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use peer_tokio::peer_core::{Config, Network, Node, Report};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Report> {
//!     let address = std::env::args().nth(1).ok_or("usage: first ADDRESS")?;
//!     let node = Node::new(Config::builder(Network::MAINNET).user_agent("first", "0.1.0").build()?);
//!     let (peer, _events) = peer_tokio::connect(address, &node, 0).await?;
//!     let round_trip = peer.ping().await?;
//!     println!("{} answered a ping in {round_trip:?}", peer.stats().await.user_agent);
//!     Ok(())
//! }
//! ```
//!
//! That is a whole program, with this crate and tokio (features `macros`, `net` and `rt-multi-thread`) as its
//! dependencies. A peer that stays connected keeps taking events:
//!
//! ```
//! use peer_tokio::peer_core::Event;
//! use peer_tokio::{Closed, Events, Handle};
//!
//! async fn run(peer: Handle, mut events: Events) -> Closed {
//!     while let Some(event) = events.next().await {
//!         match event {
//!             Event::Version(version) => println!("it runs {}", version.user_agent),
//!             Event::Established => println!("handshake complete"),
//!             Event::Message(message) => println!("{} {}", message.command(), message.summary()),
//!             _ => {}
//!         }
//!     }
//!     peer.closed().await
//! }
//! ```
//!
//! `connect`, `accept` and `Listener` dial, listen and spawn over TCP. For another stream, [`outbound`] and [`inbound`] take
//! one that is connected and return three things: a [`Handle`] for commands, [`Events`], and a [`Driver`], the future that
//! does the work and resolves to the reason of the end. The [`guide`] has a page on requests and a cookbook.
//!
//! # Promises
//!
//! * **Back-pressure.** The driver pulls an event only if the buffer has room: 16 events, and less than 64 KiB of
//!   frames among those that wait. An owner that takes no events stops the reading, so memory stays flat. Writing,
//!   timers and commands continue, and the remote is not blamed. Pings are answered when they are pulled.
//! * **Refusal before an answer.** After [`Event::Version`](peer_core::Event::Version) nothing is sent until
//!   the owner takes the next event.
//! * **Cancel safety.** Every future of this crate may be dropped at any time. Its documentation states the effect.
//! * **Cooperative.** Driver and events take part in tokio's budget, so a remote that never pauses does not keep a task
//!   from yielding.
//! * **Full duplex and fair.** Reading and writing never wait for each other, and one poll does a bounded
//!   amount of work: it reads at most 256 KiB.
//! * **Whole frames.** Queued frames are gathered, up to 16 KiB, and leave in one write, on vectored and other
//!   streams. A message that fits is one segment.
//! * **Small.** One task, one timer, no buffer while nothing is in flight, no thread, no global. An idle
//!   connection over TCP holds 1,500 bytes, its task, timer and place in tokio's reactor included, with a generator
//!   that has no memory of its own.
//! * **Nothing received is lost.** After a failed write, what the remote sent before is delivered first, at the
//!   owner's pace, until its stream ends, nothing came for a second, or 5 s of waiting have passed. Then the
//!   connection ends with that failure.
//! * **The last messages arrive.** [`Handle::leave`] and the drop of the last handle write everything, shut down
//!   writing, and discard what arrives until the remote closes, within a deadline. A remote that closed only its
//!   writing half gets what is queued.
//! * **No deadlock while sending.** [`Handle::room`] waits beside the events, so two ends that both send much make progress.
//! * **Typed ends.** After the end every call returns [`Closed`] with the machine's reason.
//!
//! # Features
//!
//! * `net`, on by default: `connect`, `accept` and `Listener`, connections over TCP that are ready to use.
//! * `entropy`, part of `net`: `SystemRng`, the system's generator.
//! * `stream`: [`Events`] is a `futures_core::Stream`.
//! * `simd`: hashing uses the vectors of the CPU. See the feature of [`peer_core`].
//! * `serde`: messages, events, ends and statistics are `Serialize`.
//! * `tracing`: the machine's log lines. See the feature of [`peer_core`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocks;
mod clock;
#[cfg(feature = "net")]
mod connect;
mod driver;
#[cfg(feature = "entropy")]
mod entropy;
mod events;
#[cfg(any(doc, all(doctest, feature = "net")))]
pub mod guide;
mod handle;
mod leave;
#[cfg(feature = "net")]
mod listener;
mod many;
mod permit;
mod recorded;
mod requests;
mod response_error;
mod response_waiters;
mod responses;
mod shared;
mod snapshot;
mod sync;
mod write_waiters;

use std::sync::Arc;

pub use peer_core;
pub use peer_core::Closed;
use peer_core::{Connection, ConnectionInfo, Node, TooManyHandshakes};
use rand_core::Rng;

pub use self::blocks::Blocks;
use self::clock::Clock;
pub use self::clock::connection_info;
#[cfg(feature = "net")]
pub use self::connect::{ConnectError, accept, connect};
pub use self::driver::Driver;
#[cfg(feature = "entropy")]
pub use self::entropy::SystemRng;
pub use self::events::Events;
pub use self::handle::Handle;
pub use self::leave::leave_all;
#[cfg(feature = "net")]
pub use self::listener::{Incoming, Listener};
pub use self::many::{announce_to, send_encoded_to};
pub use self::permit::Permit;
pub use self::recorded::Recorded;
pub use self::response_error::ResponseError;
pub use self::responses::Responses;
use self::shared::Shared;

/// Starts a connection that we made, over a connected stream. The handshake's clock starts now.
///
/// Call `set_nodelay(true)` on a TCP stream first: frames are gathered here already, so the kernel would only delay
/// them. `rng` should be fit for cryptography, as `SystemRng` is. It makes the nonces by which a node recognises
/// itself.
///
/// Spawn the driver, keep the handle, and take the events. A driver that does not run is reported as
/// [`Error::NeverDriven`](peer_core::Error::NeverDriven), a handle that is not kept as
/// [`Error::NoHandle`](peer_core::Error::NoHandle).
///
/// # Errors
///
/// [`TooManyHandshakes`] if `node` has as many outbound handshakes open as its configuration allows.
#[doc(alias = "AssociateConnection")]
pub fn outbound<S, R: Rng>(
    stream: S,
    node: &Node,
    info: ConnectionInfo,
    mut rng: R,
) -> Result<(Handle, Events, Driver<S, R>), TooManyHandshakes> {
    let clock = Clock::start();
    let connection = Connection::outbound(node, info, clock.now(), &mut rng)?;
    Ok(assemble(stream, rng, connection, clock))
}

/// Starts a connection that the remote made, over the accepted stream. It sends nothing before the remote's `version`
/// comes.
///
/// `stream` and `rng` as for [`outbound`].
#[doc(alias = "AssociateConnection")]
#[must_use = "spawn the driver, keep the handle, and take the events"]
pub fn inbound<S, R: Rng>(
    stream: S,
    node: &Node,
    info: ConnectionInfo,
    mut rng: R,
) -> (Handle, Events, Driver<S, R>) {
    let clock = Clock::start();
    let connection = Connection::inbound(node, info, clock.now(), &mut rng);
    assemble(stream, rng, connection, clock)
}

fn assemble<S, R>(stream: S, rng: R, connection: Connection, clock: Clock) -> (Handle, Events, Driver<S, R>) {
    let shared = Arc::new(Shared::new());
    (
        Handle::new(Arc::clone(&shared), clock),
        Events::new(Arc::clone(&shared)),
        Driver::new(stream, rng, connection, shared, clock),
    )
}
