//! When the driver is woken: where an owner that takes something makes room, and not for each thing taken.

use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;

use peer_core::{Event, Message, RequestOptions};
use peer_tests::requests::items;
use peer_tests::samples::{tx, tx_item};
use peer_tokio::{Driver, Events, Handle, Responses, inbound};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::sleep;

use crate::tokio::poll::{at_once, once, ready};
use crate::tokio::samples::{bytes_of, connection_info, hands, node, nonce_of, ping, rng};
use crate::tokio::side::established_with_raw;

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A peer that shook hands, whose driver is polled by hand.
struct ByHand {
    handle: Handle,
    events: Events,
    driver: Driver<DuplexStream, ChaCha8Rng>,
    far: DuplexStream,
    woken: Arc<Count>,
}

impl ByHand {
    async fn established() -> Self {
        let (near, mut far) = duplex(64 * 1024);
        let (handle, events, driver) = inbound(near, &node(), connection_info(), rng(1));
        far.write_all(&hands()).await.unwrap();
        let mut peer = Self { handle, events, driver, far, woken: Arc::default() };
        peer.drive();
        assert!(matches!(ready(once(peer.events.next())), Some(Event::Version(_))));
        assert_eq!(once(peer.events.next()), Poll::Pending, "it accepts the remote");
        peer.drive();
        assert_eq!(ready(once(peer.events.next())), Some(Event::Established));
        peer
    }

    /// Lets the driver do all that there is to do.
    fn drive(&mut self) {
        let waker = Waker::from(Arc::clone(&self.woken));
        let polled = Pin::new(&mut self.driver).poll(&mut Context::from_waker(&waker));
        assert_eq!(polled, Poll::Pending);
    }

    async fn hear(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.far.write_all(&bytes_of(&message)).await.unwrap();
        }
        self.drive();
    }

    async fn ask_for(&mut self, transactions: u32) -> Responses {
        let handle = self.handle.clone();
        let wanted: Vec<_> = (0..transactions).map(tx_item).collect();
        let mut asking = pin!(handle.request(items(wanted), RequestOptions::new()));
        assert!(once(asking.as_mut()).is_pending());
        self.drive();
        ready(once(asking)).unwrap()
    }

    fn wakes(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_taken_where_there_is_room_does_not_wake_the_driver() {
    let mut peer = ByHand::established().await;
    for waits_for_responses in [false, true] {
        let _responses = if waits_for_responses { Some(peer.ask_for(2).await) } else { None };
        peer.hear((0..3).map(ping)).await;
        let before = peer.wakes();
        for nonce in 0..3 {
            assert_eq!(nonce_of(ready(once(peer.events.next()))), nonce);
        }
        assert_eq!(peer.wakes(), before, "waits for responses: {waits_for_responses}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_taken_where_there_is_room_does_not_wake_the_driver() {
    let mut peer = ByHand::established().await;
    let mut responses = peer.ask_for(5).await;
    peer.hear((0..3).map(|number| tx(number).into())).await;
    let before = peer.wakes();
    for _ in 0..3 {
        ready(once(responses.next())).unwrap().unwrap();
    }
    assert_eq!(peer.wakes(), before);
}

#[tokio::test(start_paused = true)]
async fn the_first_response_that_is_taken_of_a_full_queue_lets_the_driver_go_on() {
    let (mut near, mut far) = established_with_raw(64 * 1024).await;
    let wanted: Vec<_> = (0..20).map(tx_item).collect();
    let mut responses = near.handle.request(items(wanted), RequestOptions::new()).await.unwrap();
    for number in 0..16 {
        far.write_all(&bytes_of(&tx(number).into())).await.unwrap();
    }
    far.write_all(&bytes_of(&ping(9))).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(once(near.events.next()), Poll::Pending, "the ping is behind a full queue");
    at_once(responses.next()).await.unwrap().unwrap();
    assert_eq!(at_once(near.ping()).await, 9);
}
