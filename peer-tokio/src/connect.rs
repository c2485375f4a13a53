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

/// Dials a node and completes the handshake. `best_height` is the height of our chain. From then on a task of the
/// runtime drives the connection.
///
/// Every address that `address` resolves to is tried until one accepts, for 30 s in total. Nagle's algorithm is off.
/// When this returns, the connection is established and our part of the handshake is written. The first event is the
/// first message. To see the remote's `version` before it is answered, or to use your own stream or generator, use
/// [`outbound`].
///
/// # Errors
///
/// No address accepted, too many of the node's dials are open, or the handshake failed.
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
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
    let (handle, events, mut driver) = outbound(stream, node, info, SystemRng)?;
    driver.shake_hands().await.map_err(ConnectError::Closed)?;
    tokio::spawn(driver);
    Ok((handle, events))
}

/// Completes the handshake with a remote that connected. `best_height` is the height of our chain. From then on a task
/// of the runtime drives the connection. Otherwise as [`connect`].
///
/// # Errors
///
/// Why the handshake failed.
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub async fn accept(stream: TcpStream, node: &Node, best_height: i32) -> Result<(Handle, Events), Closed> {
    let failed = |error: io::Error| Closed::new(peer_core::Error::TransportFailed, Some(error.kind()));
    let address = stream.set_nodelay(true).and_then(|()| stream.peer_addr()).map_err(failed)?;
    let (handle, events, mut driver) =
        inbound(stream, node, connection_info(address, best_height), SystemRng);
    driver.shake_hands().await?;
    tokio::spawn(driver);
    Ok((handle, events))
}

/// Why [`connect`] made no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// No address accepted the connection in time.
    Unreachable(io::Error),
    /// Too many of the node's outbound handshakes are open; the limit is in its configuration.
    TooManyHandshakes(TooManyHandshakes),
    /// The handshake failed.
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
            Self::Unreachable(error) if error.kind() == io::ErrorKind::InvalidInput => {
                write!(f, "cannot connect: {error}; an address has a port, as in 127.0.0.1:9108")
            }
            Self::Unreachable(error) => write!(f, "cannot connect: {error}"),
            Self::TooManyHandshakes(error) => error.fmt(f),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}

/// The text includes the cause, so there is no [`source`](core::error::Error::source).
impl core::error::Error for ConnectError {}
