//! Every end has its reason, and no one waits after it.

use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::io::{self, ErrorKind};

use peer_core::{Config, Error, FrameError, Network, Node, SendError, Timer};
use peer_tokio::{Closed, inbound, outbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Join, duplex};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::tokio::poll::{at_once, once, within};
use crate::tokio::samples::{bytes_of, connection_info, hands, inv_of, item, node, ping, rng};
use crate::tokio::side::{Side, answer, established, established_with_raw, tcp};
use crate::tokio::streams::{Deaf, Taking, broken, deaf};

#[tokio::test]
async fn a_closed_connection_says_who_closed_it() {
    let (near, far) = established(tcp().await).await;
    near.handle.close();
    let (near, far) = tokio::join!(near.ended(), far.ended());
    assert_eq!((near.reason, far.reason), (Error::ClosedByOwner, Error::ClosedByRemote));
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_inside_a_frame_is_truncated() {
    let (near, mut far) = established_with_raw(1024).await;
    let frame = bytes_of(&ping(1));
    let (begun, _) = frame.split_at(30);
    far.write_all(begun).await.unwrap();
    drop(far);
    assert_eq!(at_once(near.ended()).await.reason, FrameError::Truncated { missing: 2 }.into());
}

#[tokio::test(start_paused = true)]
async fn a_failing_transport_keeps_its_reason_for_people() {
    let (_handle, _events, driver) = inbound(broken(), &node(), connection_info(), rng(1));
    let closed = at_once(driver).await;
    assert_eq!(
        (closed.reason.clone(), closed.transport),
        (Error::ClosedBeforeVersion, Some(ErrorKind::ConnectionReset))
    );
    assert!(closed.to_string().ends_with(" (connection reset)"), "{closed}");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_never_ran_resolves_all_waiting_calls() {
    let (near, _far) = duplex(7);
    let (handle, mut events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.send(ping(1)).await }
    });
    yield_now().await;
    drop(driver);
    assert_eq!(at_once(waiting).await.unwrap(), Err(Error::NeverDriven.into()));
    assert_eq!(at_once(events.next()).await, None);
    assert_eq!(at_once(handle.closed()).await, Error::NeverDriven.into());
}

#[tokio::test(start_paused = true)]
async fn everything_after_the_end_has_the_reason() {
    let (near, far) = established(duplex(7)).await;
    far.handle.close();
    let Side { handle, mut events, task } = near;
    assert_eq!(at_once(events.next()).await, None);
    let closed = at_once(task).await.unwrap();
    assert_eq!(closed.reason, Error::ClosedByRemote);
    assert_eq!(events.closed(), Some(&closed));
    assert_eq!(handle.send(ping(1)).await, Err(SendError::Closed(Error::ClosedByRemote)));
    assert_eq!(handle.announce(item(1)).await, Err(SendError::Closed(Error::ClosedByRemote)));
    assert_eq!(handle.announce_now(item(1)).await, Err(SendError::Closed(Error::ClosedByRemote)));
    assert_eq!(handle.add_known(item(1)).await, Err(closed.clone()));
    assert_eq!(handle.reserve().await.unwrap_err(), closed);
    assert_eq!(handle.with(|_, _| ()).await, Err(closed.clone()));
    assert_eq!(handle.flush().await, Err(closed.clone()));
    assert_eq!(handle.closed().await, closed);
    assert!(handle.stats().await.bytes_received > 0);
}

#[tokio::test(start_paused = true)]
async fn a_flush_after_finishing_succeeds_if_all_was_written() {
    let (near, mut far) = established(duplex(7)).await;
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.with(|peer, _| peer.finish()).await.unwrap();
    let (flushed, _) = at_once(async { tokio::join!(near.handle.flush(), far.listen()) }).await;
    assert_eq!(flushed, Ok(()));
    assert_eq!(at_once(near.handle.flush()).await, Ok(()), "it stays true");
    assert_eq!(near.ended().await.reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn a_flush_after_finishing_fails_if_something_was_not_written() {
    let (near, _far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.with(|peer, _| peer.finish()).await.unwrap();
    let stalled = Closed::from(Error::Timeout(Timer::WriteStall));
    assert_eq!(near.handle.flush().await, Err(stalled));
    let (near, _far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.close();
    assert_eq!(near.handle.flush().await, Err(Closed::from(Error::ClosedByOwner)));
}

#[tokio::test(start_paused = true)]
async fn closing_at_once_leaves_what_is_half_written() {
    let (near, mut far) = established_with_raw(256).await;
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.close();
    let mut begun = Vec::new();
    at_once(far.read_to_end(&mut begun)).await.unwrap();
    assert_eq!(begun, bytes_of(&inv_of(27))[..256]);
    assert_eq!(at_once(near.ended()).await.reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn received_messages_are_reported_before_a_failed_write() {
    let ends: [fn() -> Poll<io::Result<()>>; 3] =
        [|| Poll::Pending, || Poll::Ready(Ok(())), || Poll::Ready(Err(ErrorKind::ConnectionReset.into()))];
    for then in ends {
        let mut near = answer(deaf_to_pongs(1000, then), &node());
        near.handshake().await;
        for nonce in 0..1000 {
            assert_eq!(at_once(near.ping()).await, nonce);
        }
        // A stream that says nothing more, and does not end, may have more a little later.
        let quiet = if then().is_pending() { Duration::from_secs(1) } else { Duration::ZERO };
        assert_eq!(within(quiet, near.ended()).await, broken_pipe());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_owner_gets_all_events_before_a_failed_write_and_no_timer_runs() {
    let mut near = answer(deaf_to_pongs(1000, || Poll::Pending), &node());
    near.handshake().await;
    for nonce in 0..1000 {
        if nonce % 100 == 0 {
            // Time passes by itself only while no task has anything to do.
            sleep(Duration::from_secs(3600)).await;
        }
        assert_eq!(at_once(near.ping()).await, nonce);
    }
    assert_eq!(within(Duration::from_secs(1), near.ended()).await, broken_pipe());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_while_the_remote_is_not_read_loses_nothing() {
    let pause = Config::builder(Network::SIMNET).send_pause(64);
    let mut near = answer(deaf_to_pongs(10, || Poll::Pending), &Node::new(pause.build().unwrap()));
    near.handshake().await;
    // Three answers leave with the handshake, three more are never taken.
    for nonce in 0..10 {
        assert_eq!(near.ping().await, nonce);
    }
    assert_eq!(within(Duration::from_secs(1), near.ended()).await, broken_pipe());
}

#[tokio::test(start_paused = true)]
async fn a_pending_flush_fails_at_a_failed_write_before_all_events_are_read() {
    let mut near = cut_off().await;
    assert_eq!(at_once(near.handle.flush()).await, Err(broken_pipe()));
    assert_eq!(near.events.closed(), None);
    assert_eq!(near.ping().await, 10);
}

/// Before the end only the failed write is known, and after it the reason of the end.
#[tokio::test(start_paused = true)]
async fn a_command_that_a_close_drops_after_a_failed_write_says_who_closed() {
    let near = cut_off().await;
    let mut command = pin!(near.handle.with(|_, _| ()));
    assert!(once(command.as_mut()).is_pending());
    near.handle.close();
    assert_eq!(at_once(command).await, Err(Error::ClosedByOwner.into()));
}

#[tokio::test(start_paused = true)]
async fn a_flush_after_a_failed_write_says_why_the_connection_has_ended() {
    let mut junk = bytes_of(&ping(1));
    junk[20] ^= 1;
    let said = hands().into_iter().chain((0..100).flat_map(|nonce| bytes_of(&ping(nonce)))).chain(junk);
    let mut near = answer(deaf(said.collect(), || Poll::Pending), &node());
    at_once(near.listen()).await;
    let closed = near.handle.closed().await;
    assert_eq!(closed.to_string(), "bad checksum of ping payload (broken pipe)");
    assert_eq!(near.handle.flush().await, Err(closed));
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_be_printed_for_programmers() {
    let (near, _far) = established(duplex(4096)).await;
    assert!(format!("{:?}", near.events).contains("end: None"), "{:?}", near.events);
    near.handle.close();
    let handle = near.handle.clone();
    near.ended().await;
    assert!(format!("{handle:?}").contains("ClosedByOwner"), "{handle:?}");
    let (_handle, _events, driver) = inbound(duplex(7).0, &node(), connection_info(), rng(1));
    let driver = format!("{driver:?}");
    assert!(driver.starts_with("Driver { peer: Peer {"), "{driver}");
}

#[tokio::test(start_paused = true)]
async fn closing_after_a_failed_write_ends_at_once() {
    let near = cut_off().await;
    near.handle.close();
    assert_eq!(at_once(near.task).await.unwrap().reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_after_a_failed_write_ends_at_once() {
    let near = cut_off().await;
    drop(near.handle);
    assert_eq!(at_once(near.task).await.unwrap(), broken_pipe());
}

/// A peer whose writing failed, with more to hear than it has places for.
async fn cut_off() -> Side {
    let mut near = answer(deaf_to_pongs(1000, || Poll::Pending), &node());
    near.handshake().await;
    for nonce in 0..10 {
        assert_eq!(near.ping().await, nonce);
    }
    // Time passes by itself only while no task has anything to do.
    sleep(Duration::from_secs(1)).await;
    near
}

/// A remote that shakes hands, pings, and fails to take the answers.
fn deaf_to_pongs(pings: u64, then: fn() -> Poll<io::Result<()>>) -> Join<Deaf, Taking> {
    let pings = (0..pings).flat_map(|nonce| bytes_of(&ping(nonce)));
    deaf(hands().into_iter().chain(pings).collect(), then)
}

fn broken_pipe() -> Closed {
    let mut closed = Closed::from(Error::TransportFailed);
    closed.transport = Some(ErrorKind::BrokenPipe);
    closed
}
