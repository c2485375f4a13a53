//! Connections over TCP that are made ready to use.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::ErrorKind;

use peer_core::{AcceptLimits, Config, Error, Event, Network, Node, TooManyHandshakes};
use peer_tokio::{ConnectError, Events, Handle, Listener, accept, connect, leave_all};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

#[cfg(target_os = "linux")]
use crate::alone::{is_alone, leave_descriptors, leave_no_descriptors};
use crate::limit;
use crate::tokio::HOUR;
use crate::tokio::samples::{node, nonce_of, ping};

async fn socket() -> (TcpListener, SocketAddr) {
    limit::begin();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Dials a listener, and is answered.
async fn pair(listener: &mut Listener) -> ((Handle, Events), (Handle, Events)) {
    let address = listener.socket().local_addr().unwrap();
    let far = async {
        let incoming = listener.accept().await;
        incoming.established(0).await.unwrap()
    };
    let dialer = node();
    let (near, far) = tokio::join!(connect(address, &dialer, 0), far);
    (near.unwrap(), far)
}

#[tokio::test]
async fn a_connection_is_established_when_it_is_returned() {
    let (socket, address) = socket().await;
    let (dialer, host) = (node(), node());
    let answered = async { accept(socket.accept().await.unwrap().0, &host, 7).await };
    let (near, far) = tokio::join!(connect(address, &dialer, 0), answered);
    let ((near, _near_events), (_far, mut far_events)) = (near.unwrap(), far.unwrap());
    near.send(ping(1)).await.unwrap();
    assert_eq!(nonce_of(far_events.next().await), 1);
    assert_eq!(near.stats().await.starting_height, 7);
}

/// A task for the driver would hand each step over, perhaps to another thread.
#[tokio::test]
async fn a_handshake_is_driven_by_the_task_that_waits_for_it() {
    let (_silent, address) = socket().await;
    let dialer = node();
    let tasks = async {
        sleep(Duration::from_millis(50)).await;
        tokio::runtime::Handle::current().metrics().num_alive_tasks()
    };
    tokio::select! {
        hung = connect(address, &dialer, 0) => panic!("{hung:?}"),
        tasks = tasks => assert_eq!(tasks, 0),
    }
}

#[tokio::test]
async fn a_dial_says_why_there_is_no_connection() {
    let (socket, address) = socket().await;
    let leave = async { drop(socket.accept().await.unwrap()) };
    let dialer = node();
    let (refused, ()) = tokio::join!(connect(address, &dialer, 0), leave);
    assert!(
        matches!(&refused, Err(ConnectError::Closed(closed)) if closed.reason == Error::ClosedBeforeVersion),
        "{refused:?}"
    );
    drop(socket);
    let unreachable = connect(address, &dialer, 0).await;
    assert!(
        matches!(&unreachable, Err(ConnectError::Unreachable(error)) if error.kind() == ErrorKind::ConnectionRefused),
        "{unreachable:?}"
    );
    assert!(unreachable.unwrap_err().to_string().starts_with("cannot connect: "));
}

#[tokio::test]
async fn a_dial_beyond_the_limit_of_the_node_is_refused() {
    let (_socket, address) = socket().await;
    let narrow = Node::new(Config::builder(Network::SIMNET).open_handshakes(1).build().unwrap());
    let hanging = connect(address, &narrow, 0);
    let another = async {
        sleep(Duration::from_millis(50)).await;
        connect(address, &narrow, 0).await
    };
    tokio::select! {
        hung = hanging => panic!("{hung:?}"),
        refused = another => {
            assert!(matches!(refused, Err(ConnectError::TooManyHandshakes(TooManyHandshakes { limit: 1, .. }))), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_listener_waits_while_as_many_are_open_as_may_be_in_all() {
    let mut listener = Listener::new(socket().await.0, node(), AcceptLimits::new(2, 10));
    let (first, _first_far) = pair(&mut listener).await;
    let (_second, _second_far) = pair(&mut listener).await;
    assert_eq!(listener.connections(), 2);
    let address = listener.socket().local_addr().unwrap();
    let _third = TcpStream::connect(address).await.unwrap();
    timeout(Duration::from_millis(50), listener.accept()).await.unwrap_err();
    first.0.close();
    drop(listener.accept().await);
}

#[tokio::test]
async fn what_comes_in_may_be_refused_by_its_address_or_by_its_version() {
    let mut listener = Listener::new(socket().await.0, node(), AcceptLimits::new(1, 1));
    let address = listener.socket().local_addr().unwrap();
    let dialer = node();
    let refuse = async {
        let incoming = listener.accept().await;
        assert!(incoming.address().ip().is_loopback());
    };
    let (closed, ()) = tokio::join!(connect(address, &dialer, 0), refuse);
    closed.unwrap_err();
    assert_eq!(listener.connections(), 0);
    let refuse = async {
        let (handle, mut events) = listener.accept().await.start(0);
        assert!(matches!(events.next().await, Some(Event::Version(_))));
        handle.close();
        handle.closed().await
    };
    let (closed, end) = tokio::join!(connect(address, &dialer, 0), refuse);
    closed.unwrap_err();
    assert_eq!(end.reason, Error::ClosedByOwner);
}

#[tokio::test]
async fn what_comes_in_makes_room_again_when_its_handshake_fails() {
    let mut listener = Listener::new(socket().await.0, node(), AcceptLimits::new(1, 1));
    let visitor = TcpStream::connect(listener.socket().local_addr().unwrap()).await.unwrap();
    let incoming = listener.accept().await;
    assert_eq!(listener.connections(), 1);
    drop(visitor);
    assert_eq!(incoming.established(0).await.unwrap_err().reason, Error::ClosedBeforeVersion);
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn a_listener_closes_what_is_too_much_of_one_host() {
    let mut listener = Listener::new(socket().await.0, node(), AcceptLimits::new(10, 1));
    let (_first, first_far) = pair(&mut listener).await;
    let address = listener.socket().local_addr().unwrap();
    let dialer = node();
    tokio::select! {
        _incoming = listener.accept() => panic!("one too many was accepted"),
        closed = connect(address, &dialer, 0) => assert!(closed.is_err(), "{closed:?}"),
    }
    first_far.0.close();
    first_far.0.closed().await;
    while listener.connections() > 0 {
        tokio::task::yield_now().await;
    }
    pair(&mut listener).await;
}

/// The clock jumps to the end of the pause as soon as nothing is left to do.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_listener_pauses_while_no_descriptor_is_free() {
    if !is_alone("tokio::sockets::a_listener_pauses_while_no_descriptor_is_free") {
        return;
    }
    let (socket, address) = socket().await;
    let mut listener = Listener::new(socket, node(), AcceptLimits::new(9, 9));
    let _visitor = std::net::TcpStream::connect(address).unwrap();
    leave_no_descriptors();
    let start = Instant::now();
    timeout(Duration::from_millis(100), listener.accept()).await.unwrap_err();
    let accepting = async {
        sleep(Duration::from_millis(100)).await;
        leave_descriptors();
    };
    let (_incoming, ()) = tokio::join!(listener.accept(), accepting);
    assert_eq!(start.elapsed().as_millis() / 100, 3, "accepted after the second pause, of 200 ms");
}

#[tokio::test]
async fn all_connections_of_a_node_end_within_a_deadline() {
    let mut listener = Listener::new(socket().await.0, node(), AcceptLimits::new(100, 100));
    let (mut nears, mut fars, mut handles) = (Vec::new(), Vec::new(), Vec::new());
    for nonce in 0..20 {
        let (near, far) = pair(&mut listener).await;
        far.0.send(ping(nonce)).await.unwrap();
        handles.push(far.0);
        fars.push(far.1);
        nears.push(near);
    }
    // One remote never closes: it takes no events, and more wait than it has places for.
    for nonce in 0..100 {
        handles[0].send(ping(nonce)).await.unwrap();
    }
    let start = Instant::now();
    let reasons = leave_all(&handles, start + Duration::from_secs(1)).await;
    assert!(reasons.iter().all(|closed| closed.reason == Error::ClosedByOwner), "{reasons:?}");
    assert!(start.elapsed() < HOUR);
    for (nonce, (_, events)) in nears.iter_mut().enumerate().skip(1) {
        assert_eq!(nonce_of(events.next().await), nonce as u64);
        assert_eq!(events.next().await, None);
        assert_eq!(events.closed().unwrap().reason, Error::ClosedByRemote);
    }
}
