//! A task whose turn the runtime has ended: nothing is read or written then, which says nothing of the remote.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use peer_core::{Error, Event, Message, RequestOptions};
use peer_tests::requests::items;
use peer_tests::samples::{block, block_item};
use peer_tokio::inbound;
use tokio::io::{AsyncWriteExt, duplex, join};
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::time::{advance, sleep, timeout};

use crate::tokio::poll::{at_once, once, ready};
use crate::tokio::samples::{bytes_of, connection_info, hands, node, nonce_of, ping, rng};
use crate::tokio::side::established;
use crate::tokio::streams::Taking;

/// Polls a future with nothing left of the task's budget, so many times.
struct Spent<F> {
    future: F,
    times: Arc<AtomicUsize>,
}

impl<F: Future + Unpin> Future for Spent<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let left = self.times.load(Ordering::Relaxed);
        if left > 0 {
            self.times.store(left - 1, Ordering::Relaxed);
            while pin!(consume_budget()).poll(cx).is_ready() {}
        }
        Pin::new(&mut self.future).poll(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_not_asked_for_want_of_budget_is_not_silent() {
    let (near, mut far) = duplex(64 * 1024);
    let (_handle, mut events, future) = inbound(near, &node(), connection_info(), rng(1));
    let times = Arc::default();
    let task = tokio::spawn(Spent { future, times: Arc::clone(&times) });
    far.write_all(&hands()).await.unwrap();
    while events.next().await.unwrap() != Event::Established {}

    sleep(Duration::from_secs(119)).await;
    far.write_all(&bytes_of(&ping(7))).await.unwrap();
    times.store(10, Ordering::Relaxed);
    advance(Duration::from_secs(2)).await;
    let event = at_once(events.next()).await;
    assert!(event.is_some(), "{:?}", task.await);
    assert_eq!(nonce_of(event), 7);
    assert_eq!(times.load(Ordering::Relaxed), 0, "the budget was never spent");
}

/// A remote that talks without a pause would keep its owner's task from ever giving way: no limit of time and no abort
/// would reach it.
#[tokio::test(start_paused = true)]
async fn an_owner_without_budget_waits_for_its_next_event() {
    let (near, mut far) = duplex(64 * 1024);
    let (_handle, mut events, driver) = inbound(near, &node(), connection_info(), rng(1));
    tokio::spawn(driver);
    far.write_all(&hands()).await.unwrap();
    while events.next().await.unwrap() != Event::Established {}
    far.write_all(&bytes_of(&ping(7))).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let polls = AtomicUsize::new(0);
    let mut next = Spent { future: Box::pin(events.next()), times: Arc::new(AtomicUsize::new(1)) };
    let counted = poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut next).poll(cx)
    });
    assert_eq!(nonce_of(at_once(counted).await), 7);
    assert_eq!(polls.load(Ordering::Relaxed), 2, "it gave way once, and lost nothing");
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_without_budget_waits_for_the_next_response() {
    let (near, mut far) = established(duplex(64 * 1024)).await;
    let mut responses =
        near.handle.request(items([block_item(1), block_item(2)]), RequestOptions::new()).await.unwrap();
    far.message().await;
    for number in 1..3 {
        far.handle.send(block(number)).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let polls = AtomicUsize::new(0);
    let mut next = Spent { future: Box::pin(responses.next()), times: Arc::new(AtomicUsize::new(1)) };
    let counted = poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut next).poll(cx)
    });
    assert_eq!(at_once(counted).await.unwrap().unwrap().message, Message::Block(block(1)));
    assert_eq!(polls.load(Ordering::Relaxed), 2, "it gave way once, and lost nothing");
}

/// Nothing else wakes the driver then: events wait for their owner, and there is nothing to write.
#[tokio::test(start_paused = true)]
async fn an_owner_that_ends_the_connection_is_heard_whatever_budget_is_left() {
    let (near, mut far) = duplex(64 * 1024);
    let (handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    let shaken = async { while events.next().await.unwrap() != Event::Established {} };
    tokio::select! { () = shaken => {}, closed = &mut driver => panic!("{closed}") }
    for nonce in 0..17 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    timeout(Duration::from_secs(1), &mut driver).await.unwrap_err();
    let mut closes = pin!(handle.with(|peer, _| drop(peer.close())));
    assert!(once(closes.as_mut()).is_pending());
    while has_budget_remaining() {
        consume_budget().await;
    }
    assert_eq!(ready(once(&mut driver)).reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn all_is_heard_before_a_failed_write_whatever_budget_is_left() {
    let (heard, mut said) = duplex(64 * 1024);
    said.write_all(&hands()).await.unwrap();
    for nonce in 0..1000 {
        said.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    let stream = join(heard, Taking::some(1));
    let (_handle, mut events, future) = inbound(stream, &node(), connection_info(), rng(1));
    let times = Arc::default();
    let task = tokio::spawn(Spent { future, times: Arc::clone(&times) });
    while events.next().await.unwrap() != Event::Established {}
    for nonce in 0..1000 {
        times.store(3, Ordering::Relaxed);
        assert_eq!(nonce_of(at_once(events.next()).await), nonce);
    }
    assert_eq!(events.next().await, None);
    assert_eq!(at_once(task).await.unwrap().reason, Error::TransportFailed);
}
