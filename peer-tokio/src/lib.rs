//! Drives the machine of [`peer_core`] over any tokio stream.
//!
//! [`outbound`] and [`inbound`] take a connected stream and return three things: a [`Handle`] that commands,
//! [`Events`] that tell, and a [`Driver`], a future that does the work and ends with the reason why the
//! connection ended. Dialling, listening and spawning stay with you.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use peer_core::{Event, Node};
//! use peer_tokio::Closed;
//! use rand_core::Rng;
//! use tokio::net::TcpStream;
//!
//! async fn watch<R>(address: SocketAddr, node: &Node, rng: R) -> Result<Closed, Box<dyn std::error::Error>>
//! where
//!     R: Rng + Send + 'static,
//! {
//!     let stream = TcpStream::connect(address).await?;
//!     stream.set_nodelay(true)?;
//!     let hello = peer_tokio::hello(address, 0);
//!     let (handle, mut events, driver) = peer_tokio::outbound(stream, node, hello, rng)?;
//!     tokio::spawn(driver);
//!     while let Some(event) = events.next().await {
//!         match event {
//!             Event::Version(version) => println!("{address} runs {}", version.user_agent),
//!             Event::Established => println!("hands shaken"),
//!             Event::Message(message) => println!("{}", message.command()),
//!             _ => {}
//!         }
//!     }
//!     Ok(handle.closed().await)
//! }
//! ```
//!
//! # How data flows
//!
//! ```text
//!  stream ──► input ──► machine ──► 16 events ──► Events      one task for each connection,
//!  stream ◄──────────── machine ◄── 16 commands ◄── Handle    the one that polls its Driver
//!                          ▲
//!         clock, generator ┘
//! ```
//!
//! # Promises
//!
//! * **Nothing is pulled that cannot be delivered.** The driver pulls an event only with a free place for it.
//!   An owner that stops asking stops the reading, so memory stays flat; writing, timers and commands go on,
//!   and the remote is not blamed. Pings are answered when they are pulled.
//! * **Refusal before an answer.** After [`Event::Version`](peer_core::Event::Version) nothing is answered
//!   until the owner asks for the next event.
//! * **Cancel safety.** Every future of this crate may be dropped at any time; each says what that means.
//! * **Full duplex and fair.** Reading and writing never wait for each other, and one poll does a bounded
//!   amount of work: it reads at most 256 KiB.
//! * **Whole frames.** What waits is gathered, up to 16 KiB, and leaves in one write, whether the stream is
//!   vectored or not; so a message is one segment where it fits.
//! * **Small.** One task, one timer, no buffer while nothing is in flight, no thread, no global. An idle
//!   connection over TCP holds 1.4 KiB, its task, timer and place in tokio's reactor included, with a generator
//!   that has no memory of its own.
//! * **The remote is heard to the end.** When a write fails, what the remote said before is told first, at the
//!   owner's pace; then the connection ends with that failure.
//! * **Typed ends.** After the end every call returns [`Closed`] with the machine's reason.
//!
//! # Features
//!
//! * `entropy`, on by default: `SystemRng`, the system's generator.
//! * `stream`: [`Events`] is a `futures_core::Stream`.
//! * `simd`: hashing uses the vectors of the CPU, as of the feature of [`peer_core`].
//! * `serde`: messages are `Serialize`, likewise.
//! * `tracing`: the machine's log lines, as of the feature of [`peer_core`].
//! * `cli`: the tool `dcrpeer`; the library is the same with it.

mod clock;
mod closed;
mod driver;
#[cfg(feature = "entropy")]
mod entropy;
mod events;
mod handle;
mod link;

use std::sync::Arc;

pub use peer_core;
use peer_core::{Hello, Node, Peer, TooManyHandshakes};
use rand_core::Rng;

use self::clock::Clock;
pub use self::clock::hello;
pub use self::closed::Closed;
pub use self::driver::Driver;
#[cfg(feature = "entropy")]
pub use self::entropy::SystemRng;
pub use self::events::Events;
pub use self::handle::{Handle, Permit};
use self::link::Link;

/// A connection that we made, over a stream that is connected: the clock of its handshake starts now.
///
/// Of a TCP stream, `set_nodelay(true)` first: frames are gathered here, and the kernel would only hold the
/// last of them back. `rng` should be a generator for cryptography, as `SystemRng` is; it makes the nonces by which
/// a node knows itself.
///
/// # Errors
///
/// [`TooManyHandshakes`] where `node` has as many outbound handshakes open as its configuration allows.
#[doc(alias = "AssociateConnection")]
pub fn outbound<S, R: Rng>(
    stream: S,
    node: &Node,
    hello: Hello,
    mut rng: R,
) -> Result<(Handle, Events, Driver<S, R>), TooManyHandshakes> {
    let clock = Clock::start();
    let peer = Peer::outbound(node, hello, clock.now(), &mut rng)?;
    Ok(assemble(stream, rng, peer, clock))
}

/// A connection that the remote made, over the accepted stream. It says nothing before the remote has.
///
/// `stream` and `rng` as for [`outbound`].
#[doc(alias = "AssociateConnection")]
pub fn inbound<S, R: Rng>(
    stream: S,
    node: &Node,
    hello: Hello,
    mut rng: R,
) -> (Handle, Events, Driver<S, R>) {
    let clock = Clock::start();
    let peer = Peer::inbound(node, hello, clock.now(), &mut rng);
    assemble(stream, rng, peer, clock)
}

fn assemble<S, R>(stream: S, rng: R, peer: Peer, clock: Clock) -> (Handle, Events, Driver<S, R>) {
    let link = Arc::new(Link::new());
    (
        Handle::new(Arc::clone(&link), clock),
        Events::new(Arc::clone(&link)),
        Driver::new(stream, rng, peer, link, clock),
    )
}
