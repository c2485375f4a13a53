//! Deadlines, by a clock that rests.

use core::future::Future;
use core::time::Duration;
use std::io::Write;

use peer_core::{Config, Error, Event, Network, Node, Timer};
use peer_tokio::{Closed, Events, inbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::tokio::HOUR;
use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{bytes_of, connection_info, hands, inv_of, item, node, ping, rng};
use crate::tokio::side::{answer, dial, established};

#[tokio::test(start_paused = true)]
async fn seven_bytes_at_a_time_are_enough_to_shake_hands() {
    let (near, far) = established(duplex(7)).await;
    let (near, far) = tokio::join!(near.handle.stats(), far.handle.stats());
    assert_eq!(near.bytes_sent, far.bytes_received);
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_never_answers_fails_the_handshake_after_30_seconds() {
    let start = Instant::now();
    let (near, _silent) = duplex(1024);
    let closed = dial(near, &node()).ended().await;
    assert_eq!(closed.reason, Error::Timeout(Timer::Handshake));
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_falls_silent_is_given_two_minutes() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    near.handshake().await;
    let start = Instant::now();
    assert_eq!(near.ended().await.reason, Error::Timeout(Timer::Idle));
    assert_eq!(start.elapsed(), Duration::from_secs(120));
}

/// What the stream said before may be older than the deadline.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_not_acted_upon_before_the_runtime_has_polled_its_sockets() {
    let (near, mut far) = duplex(1024);
    let (_handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    let shaken = async { while events.next().await != Some(Event::Established) {} };
    tokio::select! { () = shaken => {}, closed = &mut driver => panic!("{closed}") }
    timeout(Duration::from_millis(119_990), &mut driver).await.unwrap_err();
    // Polled once it moves the clock, and the runtime does nothing yet.
    assert!(once(advance(Duration::from_millis(20))).is_pending());
    for _ in 0..3 {
        assert!(once(&mut driver).is_pending());
    }
    assert_eq!(at_once(driver).await.reason, Error::Timeout(Timer::Idle));
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_quiet_pair_alive() {
    let (mut near, mut far) = established(duplex(7)).await;
    let listen = async { tokio::join!(near.listen(), far.listen()) };
    timeout(HOUR, listen).await.unwrap_err();
    assert!(near.handle.stats().await.last_ping_round_trip.is_some());
}

#[tokio::test(start_paused = true)]
async fn one_announcement_leaves_within_half_a_second() {
    let (near, mut far) = established(duplex(7)).await;
    let start = Instant::now();
    assert_eq!(near.handle.announce(item(1)).await, Ok(true));
    assert_eq!(far.announced().await, [item(1)]);
    let delay = start.elapsed();
    assert!(
        (Duration::from_millis(100)..=Duration::from_millis(501)).contains(&delay),
        "left after {delay:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_came_in_time_counts_however_late_we_look() {
    let (near, mut far) = duplex(64 * 1024);
    let (_handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        () = async { while events.next().await != Some(Event::Established) {} } => {}
    }
    timeout(Duration::from_secs(1), &mut driver).await.unwrap_err();

    far.write_all(&bytes_of(&inv_of(1000))).await.unwrap();
    sleep(HOUR).await;
    tokio::select! {
        closed = driver => panic!("{closed}"),
        event = events.next() => assert_eq!(event, Some(Event::Message(inv_of(1000)))),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_room_again_counts_however_late_we_look() {
    let (near, mut far) = duplex(512);
    let (handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        () = async { while events.next().await != Some(Event::Established) {} } => {}
    }
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        mark = handle.send(inv_of(27)) => mark.unwrap(),
    };
    timeout(Duration::from_secs(1), &mut driver).await.unwrap_err();

    let mut taken = [0; 512];
    far.read_exact(&mut taken).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    tokio::select! {
        closed = driver => panic!("{closed}"),
        rest = far.read_exact(&mut taken[..400]) => drop(rest.unwrap()),
    }
}

#[tokio::test]
async fn what_came_over_tcp_while_the_only_thread_was_busy_counts() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    far.write_all(&hands()).unwrap();
    let idle = Duration::from_secs(4);
    let node = Node::new(Config::builder(Network::SIMNET).idle_timeout(idle).build().unwrap());
    let mut near = answer(listener.accept().await.unwrap().0, &node);
    near.handshake().await;
    near.handle.flush().await.unwrap();

    // The command makes the driver run before the runtime looks at its sockets.
    let permit = near.handle.reserve().await.unwrap();
    far.write_all(&bytes_of(&ping(7))).unwrap();
    std::thread::sleep(idle + Duration::from_millis(500));
    let done = permit.with(|peer, _| peer.is_established());
    assert_eq!(near.ping().await, 7);
    assert_eq!(done.await, Ok(true));
}

/// The driver is polled by hand, so that the thread can be busy just between the look at the sockets that one
/// deadline asks for and the poll that follows it.
#[tokio::test]
async fn a_wakeup_for_one_deadline_does_not_fail_a_later_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    far.write_all(&hands()).unwrap();
    let (ping_interval, idle) = (Duration::from_secs(1), Duration::from_secs(4));
    let config = Config::builder(Network::SIMNET).idle_timeout(idle).ping_interval(ping_interval);
    let node = Node::new(config.build().unwrap());
    let (_handle, mut events, mut driver) =
        inbound(listener.accept().await.unwrap().0, &node, connection_info(), rng(1));
    while hear(&mut driver, &mut events).await != Event::Established {}
    timeout(Duration::from_millis(100), &mut driver).await.unwrap_err();

    std::thread::sleep(ping_interval);
    assert!(once(&mut driver).is_pending());
    sleep(Duration::from_millis(10)).await;
    far.write_all(&bytes_of(&ping(7))).unwrap();
    std::thread::sleep(idle);
    assert!(once(&mut driver).is_pending());
    assert_eq!(hear(&mut driver, &mut events).await, Event::Message(ping(7)));
}

/// A driver that finds a deadline due looks at the stream again first. Were the machine then told the time at which the
/// deadline was found due, its clock would go back, and the remote would have its whole time again.
#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_found_late_does_not_begin_anew() {
    let (near, _silent) = duplex(1024);
    let (_handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    assert!(once(events.next()).is_pending());
    assert!(once(&mut driver).is_pending());
    // Not a whole millisecond: timers end at the next one, and the first poll must not be at the end of its own sleep.
    for late in [Duration::from_micros(30_500_300), Duration::from_micros(1_500_300)] {
        advance(late).await;
        assert!(once(&mut driver).is_pending());
    }
    let start = Instant::now();
    assert_eq!(driver.await.reason, Error::Timeout(Timer::Handshake));
    let lasted = start.elapsed();
    assert!(lasted <= Duration::from_secs(3), "{lasted:?} after 32 s");
}

/// The next event, by a driver that no one else polls.
async fn hear<F: Future<Output = Closed> + Unpin>(driver: &mut F, events: &mut Events) -> Event {
    tokio::select! {
        closed = driver => panic!("{closed}"),
        event = events.next() => event.unwrap(),
    }
}
