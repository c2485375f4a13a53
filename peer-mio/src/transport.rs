//! What a stream must be able to do.

use std::io::{self, Read, Write};

use mio::event::Source;
use mio::net::TcpStream;

/// A stream that does not block.
///
/// It may be anything between the peer and the socket, a proxy's or TLS's layer included. One that holds bytes
/// back, of which the system's poll cannot know, is looked at again after [`Peers::wake`](crate::Peers::wake).
pub trait Transport: Source + Read + Write {
    /// Whether the connection is made. Asked when the stream is inserted and then, until it says so, whenever
    /// the stream is writable.
    ///
    /// The default says yes. For TCP this is also where `TCP_NODELAY` is set.
    ///
    /// # Errors
    ///
    /// Why no connection came about.
    fn is_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}

impl Transport for TcpStream {
    fn is_connected(&mut self) -> io::Result<bool> {
        if let Some(error) = self.take_error()? {
            return Err(error);
        }
        match self.peer_addr() {
            Ok(_) => {
                // Small frames go out without it too, only later.
                self.set_nodelay(true).ok();
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
impl Transport for mio::net::UnixStream {}

/// Does something to a stream, again if it was interrupted; `None` where it would block.
pub(crate) fn attempt<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        match act() {
            Ok(value) => return Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}
