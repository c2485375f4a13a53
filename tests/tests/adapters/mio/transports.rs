//! What the sockets of mio say of themselves.

use std::io::Read;
use std::net::{TcpListener, TcpStream};

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
