//! The remote is heard to the end: a failed write does not lose what it said before.

use core::pin::pin;
use core::time::Duration;
use std::io::Write;
use std::thread;

use peer_core::{Error, Event, Interest, RequestOptions};
use peer_tests::requests::items;
use peer_tests::samples::{block, block_item};
use peer_tokio::inbound;
use tokio::io::{AsyncWriteExt, duplex};
use tokio::select;
use tokio::task::yield_now;
use tokio::time::{advance, sleep, timeout};

use crate::tokio::poll::{at_once, once, ready};
use crate::tokio::samples::{bytes_of, connection_info, hands, inv_of, item, node, ping, rng};
use crate::tokio::side::{answer, established_with_raw};
use crate::tokio::streams::{Taking, halting};

/// The runtime has not looked at its sockets when the write fails: it says that there is nothing to read.
#[tokio::test]
async fn what_came_over_tcp_while_the_only_thread_was_busy_is_heard_before_a_failed_write() {
    for round in 0..20 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        far.set_nodelay(true).unwrap();
        far.write_all(&hands()).unwrap();
        let mut near = answer(listener.accept().await.unwrap().0, &node());
        near.handshake().await;
        near.handle.flush().await.unwrap();
        sleep(Duration::from_millis(5)).await;

        for nonce in 0..10 {
            far.write_all(&bytes_of(&ping(nonce))).unwrap();
        }
        // It never read our handshake, so the system resets the connection.
        drop(far);
        thread::sleep(Duration::from_millis(20));
        near.handle.send(ping(100)).await.unwrap();
        let mut heard = Vec::new();
        while let Some(event) = near.events.next().await {
            heard.push(crate::tokio::samples::nonce_of(Some(event)));
        }
        assert_eq!(heard, (0..10).collect::<Vec<_>>(), "round {round}");
        assert_eq!(near.ended().await.reason, Error::TransportFailed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_halts_between_reads_is_heard_before_a_failed_write() {
    let said = (0..100).flat_map(|nonce| bytes_of(&ping(nonce)));
    let stream = tokio::io::join(halting(hands().into_iter().chain(said).collect(), 32), Taking::some(1));
    let mut near = answer(stream, &node());
    near.handshake().await;
    for nonce in 0..100 {
        assert_eq!(at_once(near.ping()).await, nonce);
    }
    assert_eq!(at_once(near.ended()).await.reason, Error::TransportFailed);
}

/// More lies before it than the driver reads in one poll.
#[tokio::test(start_paused = true)]
async fn an_answer_behind_much_else_is_heard_before_its_deadline_is_acted_upon() {
    let (near, mut far) = established_with_raw(1 << 20).await;
    let _events = near.events.only(Interest::NONE).await.unwrap();
    let mut responses = near.handle.request(items([block_item(1)]), RequestOptions::new()).await.unwrap();
    sleep(Duration::from_millis(29_900)).await;
    let mut said = bytes_of(&inv_of(1000)).repeat(20);
    said.extend(bytes_of(&block(1).into()));
    far.write_all(&said).await.unwrap();
    // The clock moves before the driver runs.
    assert!(once(advance(Duration::from_millis(500))).is_pending());
    let response = responses.next().await.unwrap();
    assert!(response.is_ok(), "{response:?}");
}

/// While the owner takes no events the driver does not read, so it must not report that the stream is drained: here the answer
/// is still in it. The runtime runs its timers more than a second late, so the driver reports nothing when they run.
#[tokio::test(start_paused = true)]
async fn an_answer_behind_events_that_wait_for_their_owner_is_heard() {
    let (near, mut far) = duplex(1 << 20);
    let (handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    let asks = async {
        while events.next().await.unwrap() != Event::Established {}
        handle.request(items([block_item(1)]), RequestOptions::new()).await.unwrap()
    };
    let mut responses = select! { responses = asks => responses, closed = &mut driver => panic!("{closed}") };
    // Without a gap of more than a second between two calls, what lies before the answer buys no time.
    for _ in 0..299 {
        timeout(Duration::from_millis(100), &mut driver).await.unwrap_err();
    }
    let mut said: Vec<u8> = (0..20).flat_map(|nonce| bytes_of(&ping(nonce))).collect();
    said.extend(bytes_of(&inv_of(1000)));
    said.extend(bytes_of(&block(1).into()));
    far.write_all(&said).await.unwrap();

    // The deadline has passed when the first events come. An announcement is due while they wait.
    let mut announces = pin!(handle.with(|peer, now| peer.announce(item(1), now).is_ok()));
    assert!(once(announces.as_mut()).is_pending());
    for millis in [500, 600, 600] {
        assert!(once(advance(Duration::from_millis(millis))).is_pending());
        assert!(once(&mut driver).is_pending());
    }
    assert_eq!(ready(once(announces)), Ok(true));
    // The timers run.
    yield_now().await;
    for _ in 0..16 {
        ready(once(events.next())).unwrap();
    }
    assert!(once(advance(Duration::from_millis(500))).is_pending());
    let closed = once(&mut driver);
    assert!(closed.is_pending(), "{closed:?}");
    let response = ready(once(responses.next())).unwrap();
    assert!(response.is_ok(), "{response:?}");
}
