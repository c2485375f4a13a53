//! Every end has its reason, and nobody waits after it.

use peer_core::{Error, FrameError, SendError};
use peer_tokio::{inbound, outbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::yield_now;

use crate::samples::{bytes_of, hello, inv_of, item, node, ping, rng};
use crate::side::{Side, established, established_with_raw, tcp};
use crate::streams::Broken;

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
    assert_eq!(near.ended().await.reason, FrameError::Truncated { missing: 2 }.into());
}

#[tokio::test(start_paused = true)]
async fn a_failing_transport_keeps_its_reason_for_people() {
    let (_handle, _events, driver) = inbound(Broken, &node(), hello(), rng(1));
    let closed = driver.await;
    assert_eq!(closed.reason, Error::TransportFailed);
    assert_eq!(closed.to_string(), "transport failed (connection reset)");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_never_ran_leaves_nobody_waiting() {
    let (near, _far) = duplex(7);
    let (handle, mut events, driver) = outbound(near, &node(), hello(), rng(1)).unwrap();
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.send(ping(1)).await }
    });
    yield_now().await;
    drop(driver);
    assert_eq!(waiting.await.unwrap(), Err(Error::ClosedByOwner.into()));
    assert_eq!(events.next().await, None);
    assert_eq!(handle.closed().await, Error::ClosedByOwner.into());
}

#[tokio::test(start_paused = true)]
async fn everything_after_the_end_has_the_reason() {
    let (near, far) = established(duplex(7)).await;
    far.handle.close();
    let Side { handle, mut events, task } = near;
    assert_eq!(events.next().await, None);
    let closed = task.await.unwrap();
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
async fn closing_at_once_leaves_what_is_half_written() {
    let (near, mut far) = established_with_raw(256).await;
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.close();
    let mut begun = Vec::new();
    far.read_to_end(&mut begun).await.unwrap();
    assert_eq!(begun, bytes_of(&inv_of(27))[..256]);
    assert_eq!(near.ended().await.reason, Error::ClosedByOwner);
}
