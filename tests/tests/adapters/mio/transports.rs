//! What the sockets of mio say of themselves.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use mio::event::Source;
use mio::{Interest, Registry, Token};
use peer_mio::Transport;

/// A stream that is shut down in one direction still reads.
fn assert_shuts_down(near: &mut impl Transport, mut far: impl Read) {
    near.shutdown_write().unwrap();
    assert_eq!(far.read(&mut [0]).unwrap(), 0, "the remote reads the end");
    assert!(near.is_connected().unwrap());
    assert_eq!(near.short_read_drains(), cfg!(any(target_os = "linux", target_os = "macos")));
}

#[test]
fn tcp_streams_shut_down_in_one_direction() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    near.set_nonblocking(true).unwrap();
    let far = listener.accept().unwrap().0;
    assert_shuts_down(&mut mio::net::TcpStream::from_std(near), far);
}

#[cfg(unix)]
#[test]
fn unix_streams_shut_down_in_one_direction() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    assert_shuts_down(&mut mio::net::UnixStream::from_std(near), far);
}

/// A stream that says nothing of itself.
struct Plain;

impl Read for Plain {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Plain {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Plain {}

#[test]
fn a_stream_that_says_nothing_of_itself_is_connected_and_is_read_until_it_blocks() {
    assert!(Plain.is_connected().unwrap());
    assert!(!Plain.short_read_drains());
    assert_eq!(Plain.shutdown_write().unwrap_err().kind(), ErrorKind::Unsupported);
}
