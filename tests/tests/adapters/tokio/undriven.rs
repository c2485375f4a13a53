//! The likeliest first mistakes: a driver that does not run, and a handle that is not kept.

use core::time::Duration;

use peer_core::{Error, SendError};
use peer_tokio::{Closed, ResponseError, outbound};
use tokio::io::{AsyncReadExt, duplex};

use crate::tokio::poll::{at_once, once, within};
use crate::tokio::samples::{connection_info, node, ping, rng};

/// How long a call waits for a driver that was never polled.
const START: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_dropped_before_it_ran_is_named_as_the_reason() {
    let (near, _far) = duplex(64);
    let (handle, mut events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    drop(driver);
    let undriven = Closed::from(Error::NeverDriven);
    assert_eq!(at_once(handle.closed()).await, undriven);
    assert_eq!(at_once(handle.send(ping(1))).await, Err(SendError::Closed(Error::NeverDriven)));
    assert_eq!(at_once(handle.ping()).await, Err(ResponseError::Closed(undriven.clone())));
    assert_eq!(at_once(events.next()).await, None);
    assert_eq!(at_once(events.established()).await, Err(undriven.clone()));
    assert!(undriven.to_string().contains("tokio::spawn"), "{undriven}");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_ran_and_is_dropped_closes_the_connection_for_the_owner() {
    let (near, mut far) = duplex(4096);
    let (handle, _events, mut driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    assert!(once(&mut driver).is_pending());
    drop(driver);
    assert_eq!(at_once(handle.closed()).await.reason, Error::ClosedByOwner);
    assert!(at_once(far.read_to_end(&mut Vec::new())).await.unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn calls_on_a_driver_that_is_kept_and_never_polled_fail_after_ten_seconds() {
    let (near, _far) = duplex(64);
    let (handle, mut events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let undriven = Closed::from(Error::NeverDriven);
    assert_eq!(within(START, handle.with(|_, _| ())).await, Err(undriven.clone()));
    assert_eq!(within(START, handle.ping()).await, Err(ResponseError::Closed(undriven.clone())));
    assert_eq!(within(START, handle.flush()).await, Err(undriven.clone()));
    assert_eq!(within(START, events.established()).await, Err(undriven));
    drop(driver);
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_are_queued_fail_too() {
    let (near, _far) = duplex(64);
    let (handle, _events, _driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    for _ in 0..16 {
        assert!(once(handle.with(|_, _| ())).is_pending());
    }
    assert_eq!(within(START, handle.with(|_, _| ())).await, Err(Closed::from(Error::NeverDriven)));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_starts_late_still_runs_what_was_called() {
    let (near, _far) = duplex(4096);
    let (handle, _events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let late = async {
        tokio::time::sleep(START / 2).await;
        driver.await
    };
    let called = async {
        let height = handle.with(|peer, _| peer.stats().starting_height).await;
        handle.close();
        height
    };
    let (called, closed) = within(START / 2, async { tokio::join!(called, late) }).await;
    assert_eq!((called, closed.reason), (Ok(0), Error::ClosedByOwner));
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_is_not_kept_is_named_as_the_reason() {
    let (near, _far) = duplex(4096);
    let (_, mut events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let driver = tokio::spawn(driver);
    let closed = Closed::from(Error::NoHandle);
    assert_eq!(at_once(events.established()).await, Err(closed.clone()));
    assert_eq!(at_once(driver).await.unwrap(), closed);
    assert!(closed.to_string().contains("keep"), "{closed}");
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_has_commanded_may_be_dropped_before_the_driver_runs() {
    let (near, _far) = duplex(4096);
    let (handle, _events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    assert!(once(handle.with(|_, _| ())).is_pending());
    drop(handle);
    let lingers = Duration::from_secs(5);
    assert_eq!(within(lingers, driver).await.reason, Error::ClosedByOwner);
}
