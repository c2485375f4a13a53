//! Connections over TCP, made ready to use: dialled or accepted, driven by a task, with a complete handshake.

use core::fmt;
use core::time::Duration;
use std::io;

use peer_core::{Closed, Node, TooManyHandshakes};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

use crate::{Events, Handle, SystemRng, connection_info, inbound, outbound};

/// How long a dial may take, as in dcrd.
const DIAL: Duration = Duration::from_secs(30);

/// Dials a node and shakes hands with it, while our chain ends at `best_height`. A task of the runtime drives the connection.
///
/// Each address that `address` stands for is tried until one answers, for 30 s in all. Nagle's algorithm is off. The
/// connection is established when this returns, and our last word of the handshake is written; the first event is the
/// first message. To look at the remote's `version` before it is answered, or to bring a stream or generator of your own,
/// use [`outbound`].
///
/// # Errors
///
/// Nothing answered, the node has too many dials open, or there was no handshake.
///
/// # Cancel safety
///
/// Dropped, it leaves nothing behind.
pub async fn connect(
    address: impl ToSocketAddrs,
    node: &Node,
    best_height: i32,
) -> Result<(Handle, Events), ConnectError> {
    let dial = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok((stream.peer_addr()?, stream))
    };
    let dialled = timeout(DIAL, dial).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let (address, stream) = dialled.map_err(ConnectError::Unreachable)?;
    let info = connection_info(address, best_height);
    let (handle, events, driver) = outbound(stream, node, info, SystemRng)?;
    tokio::spawn(driver);
    shake_hands(handle, events).await.map_err(ConnectError::Closed)
}

/// Shakes hands with a remote that came, while our chain ends at `best_height`. A task of the runtime drives the
/// connection. Otherwise as [`connect`].
///
/// # Errors
///
/// Why there was no handshake.
///
/// # Cancel safety
///
/// Dropped, it leaves nothing behind.
pub async fn accept(stream: TcpStream, node: &Node, best_height: i32) -> Result<(Handle, Events), Closed> {
    let failed = |error: io::Error| Closed::new(peer_core::Error::TransportFailed, Some(error.kind()));
    let address = stream.set_nodelay(true).and_then(|()| stream.peer_addr()).map_err(failed)?;
    let (handle, events, driver) = inbound(stream, node, connection_info(address, best_height), SystemRng);
    tokio::spawn(driver);
    shake_hands(handle, events).await
}

async fn shake_hands(handle: Handle, mut events: Events) -> Result<(Handle, Events), Closed> {
    events.established().await?;
    handle.flush().await?;
    Ok((handle, events))
}

/// Why [`connect`] made no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nothing answered at the address, or not in time.
    Unreachable(io::Error),
    /// The node has as many dials open as its configuration allows.
    TooManyHandshakes(TooManyHandshakes),
    /// There was no handshake, for this reason.
    Closed(Closed),
}

impl From<TooManyHandshakes> for ConnectError {
    fn from(error: TooManyHandshakes) -> Self {
        Self::TooManyHandshakes(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                write!(f, "cannot connect: {error}; no node listens at this address")
            }
            Self::Unreachable(error) => write!(f, "cannot connect: {error}"),
            Self::TooManyHandshakes(error) => error.fmt(f),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}

/// The text is the whole sentence; there is no [`source`](core::error::Error::source) besides.
impl core::error::Error for ConnectError {}
