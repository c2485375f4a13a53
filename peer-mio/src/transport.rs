//! The trait of streams.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::event::Source;
use mio::net::TcpStream;

/// A stream that does not block.
///
/// It may be a layer between the peer and the socket, such as a proxy or TLS. If it buffers bytes of which the system's
/// poll cannot know, call [`Peers::wake`](crate::Peers::wake) when it has some.
pub trait Transport: Source + Read + Write {
    /// Whether the connection is made, so that frames may follow. Called after the stream is inserted, and again whenever
    /// it becomes ready, until it returns `true`.
    ///
    /// A layer that talks before the first frame, as TLS or the header of a proxy does, does so here, in both directions.
    /// It has the time of [`Peers::set_connect_timeout`](crate::Peers::set_connect_timeout). The default returns `true`. For TCP this is also where `TCP_NODELAY` is set.
    ///
    /// # Errors
    ///
    /// Why the connection failed.
    fn is_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether a read that fills less than its buffer has drained the stream, and the poll reports new data. This
    /// saves the read that would only return `WouldBlock`.
    ///
    /// The default returns `false`, which is correct for every stream. Plain sockets return `true` on epoll and kqueue.
    fn short_read_drains(&self) -> bool {
        false
    }

    /// Ends our direction of the stream, so that the remote reads its end after the last byte. Called when the owner
    /// [leaves](crate::Peers::leave). If it would block, it is called again when the stream is ready.
    ///
    /// The default is [`io::ErrorKind::Unsupported`].
    ///
    /// # Errors
    ///
    /// Why that is impossible. The connection is then closed at once, as by [`Peers::finish`](crate::Peers::finish).
    fn shutdown_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Transport for TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn is_connected(&mut self) -> io::Result<bool> {
        if let Some(error) = self.take_error()? {
            return Err(error);
        }
        match self.peer_addr() {
            Ok(_) => {
                // Without it small frames still leave, only later.
                self.set_nodelay(true).ok();
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn short_read_drains(&self) -> bool {
        HAS_KERNEL_EDGES
    }
}

#[cfg(unix)]
impl Transport for mio::net::UnixStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn short_read_drains(&self) -> bool {
        HAS_KERNEL_EDGES
    }
}

/// On other systems mio reports new data only after a read has blocked.
const HAS_KERNEL_EDGES: bool = cfg!(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "ios",
    target_os = "linux",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// Runs an operation on a stream and retries it if interrupted. Returns `None` if it would block.
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
