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

    /// Whether a read that brings less than there was room for took all there was, and the system's poll tells
    /// when there is more. Then there is no need to read again only to be told that it would block.
    ///
    /// The default says no, which is right for everything. Plain sockets say yes where mio is told of edges by
    /// epoll or kqueue.
    fn short_read_drains(&self) -> bool {
        false
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

    fn short_read_drains(&self) -> bool {
        TELLS_OF_EDGES
    }
}

#[cfg(unix)]
impl Transport for mio::net::UnixStream {
    fn short_read_drains(&self) -> bool {
        TELLS_OF_EDGES
    }
}

/// Elsewhere mio tells of more only after a read has blocked.
const TELLS_OF_EDGES: bool = cfg!(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "ios",
    target_os = "linux",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
));

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
