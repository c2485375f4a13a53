//! A remote is answered when the owner consents to its `version`.

use core::task::Poll;

use peer_core::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::timeout;

use crate::tokio::HOUR;
use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{hands, node};
use crate::tokio::side::answer;

#[tokio::test(start_paused = true)]
async fn a_remote_refused_at_its_version_is_told_nothing() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    assert!(matches!(at_once(near.events.next()).await, Some(Event::Version(_))));
    drop(near.events);
    let mut told = Vec::new();
    at_once(far.read_to_end(&mut told)).await.unwrap();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_owner_may_take_its_time_over_a_version() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    near.events.next().await;
    let mut told = Vec::new();
    timeout(HOUR, far.read_buf(&mut told)).await.unwrap_err();
    assert_eq!(at_once(near.events.next()).await, Some(Event::Established));
}

#[tokio::test(start_paused = true)]
async fn a_poll_before_the_version_does_not_accept_it() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    let early = once(near.events.next());
    assert_eq!(early, Poll::Pending);
    far.write_all(&hands()).await.unwrap();
    near.events.next().await;
    let mut told = Vec::new();
    timeout(HOUR, far.read_buf(&mut told)).await.unwrap_err();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_next_future_does_not_withdraw_the_acceptance() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    near.events.next().await;
    assert_eq!(once(near.events.next()), Poll::Pending);
    let mut told = Vec::new();
    at_once(far.read_buf(&mut told)).await.unwrap();
    assert!(!told.is_empty());
}
