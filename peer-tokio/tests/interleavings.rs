//! Every order in which driver, handles and events come to their lock. Compiled with `--cfg shuttle` alone; CONTRIBUTING.md
//! has the command.
//!
//! A task that waits in vain is a deadlock, which the scheduler reports with the schedule that led there.
#![cfg(shuttle)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::Poll;

use peer_core::{Config, Error, Event, Network, Node};
use peer_tests::remote::{bytes_of, hands};
use peer_tests::samples::{block, block_item, getdata, inv_of, ping};
use peer_tokio::{Closed, Events, Handle, connection_info, inbound};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use shuttle::future::{block_on, spawn};
use shuttle::scheduler::PctScheduler;
use shuttle::{Config as Shuttle, Runner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Builder;

/// Orders that each scene is played in.
const SCHEDULES: usize = 5000;

/// Plays a scene in many orders. Sleeps of the driver need a runtime, in which no time passes.
fn explore(scene: impl Fn() + Send + Sync + 'static) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut config = Shuttle::new();
    config.stack_size = 1 << 20;
    let played = Runner::new(PctScheduler::new(4, SCHEDULES), config).run(scene);
    assert_eq!(played, SCHEDULES);
}

/// A connection whose hands are shaken, and the remote's end of its pipe. A task drives it.
async fn established(pipe: usize) -> (Handle, Events, shuttle::future::JoinHandle<Closed>, DuplexStream) {
    let (near, mut far) = duplex(pipe);
    let node = Node::new(Config::builder(Network::SIMNET).send_pause(64).send_limit(3000).build().unwrap());
    let info = connection_info(SocketAddr::from(([127, 0, 0, 1], 18555)), 0);
    let (handle, mut events, driver) = inbound(near, &node, info, ChaCha8Rng::seed_from_u64(1));
    let driver = spawn(driver);
    far.write_all(&hands()).await.unwrap();
    events.established().await.unwrap();
    (handle, events, driver, far)
}

#[test]
fn a_send_beside_a_close_and_the_drop_of_the_last_handle_is_answered() {
    explore(|| {
        block_on(async {
            let (handle, events, driver, _far) = established(4096).await;
            let closes = handle.clone();
            let sends = spawn(async move { handle.send(ping(1)).await });
            let closed = spawn(async move { closes.close() });
            let listens = spawn(async move {
                let mut events = events;
                while events.next().await.is_some() {}
                events.closed().cloned()
            });
            closed.await.unwrap();
            let sent = sends.await.unwrap();
            let end = driver.await.unwrap();
            assert_eq!(end.reason, Error::ClosedByOwner);
            assert_eq!(listens.await.unwrap(), Some(end.clone()));
            assert!(sent.is_ok() || sent == Err(end.into()), "{sent:?}");
        });
    });
}

#[test]
fn room_beside_its_coming_and_a_close_is_told() {
    explore(|| {
        block_on(async {
            let (handle, _events, driver, mut far) = established(64).await;
            for _ in 0..2 {
                handle.try_send(inv_of(27)).await.unwrap();
            }
            let (waits, gives_up) = (handle.clone(), handle.clone());
            let given_up = spawn(async move {
                let mut waits = Box::pin(gives_up.room(2000));
                drop(once(&mut waits).await);
            });
            let waits = spawn(async move { waits.room(1500).await });
            let takes = spawn(async move {
                // Both items of what was sent, and the handshake.
                let mut taken = [0; 2000];
                far.read_exact(&mut taken).await.map(|_| far)
            });
            given_up.await.unwrap();
            let far = takes.await.unwrap().unwrap();
            assert_eq!(waits.await.unwrap(), Ok(()));
            let never = handle.clone();
            let never = spawn(async move { never.room(1 << 20).await });
            handle.close();
            let end = driver.await.unwrap();
            // The queue may have been empty before the close.
            let told = never.await.unwrap();
            assert!(told == Ok(()) || told == Err(end), "{told:?}");
            drop(far);
        });
    });
}

#[test]
fn events_beside_a_full_buffer_come_all_and_in_order() {
    explore(|| {
        block_on(async {
            let (handle, mut events, driver, mut far) = established(4096).await;
            let says = spawn(async move {
                for nonce in 0..40 {
                    far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
                }
                far
            });
            for nonce in 0..40 {
                assert_eq!(events.next().await, Some(Event::Message(ping(nonce))));
            }
            drop((says.await.unwrap(), handle));
            while events.next().await.is_some() {}
            driver.await.unwrap();
        });
    });
}

#[test]
fn a_response_that_comes_with_the_end_is_no_less_a_response() {
    explore(|| {
        block_on(async {
            let (handle, _events, driver, mut far) = established(4096).await;
            let asks = spawn(async move { handle.block(block_item(1).hash).await });
            hear(&mut far, b"getdata").await;
            far.write_all(&bytes_of(&block(1).into())).await.unwrap();
            drop(far);
            assert_eq!(asks.await.unwrap(), Ok(block(1)));
            driver.await.unwrap();
        });
    });
}

#[test]
fn a_response_that_does_not_come_before_the_end_is_waited_for_no_longer() {
    explore(|| {
        block_on(async {
            let (handle, _events, driver, mut far) = established(4096).await;
            let fetches = spawn(async move { handle.block(block_item(1).hash).await });
            hear(&mut far, b"getdata").await;
            drop(far);
            assert!(fetches.await.unwrap().is_err());
            driver.await.unwrap();
        });
    });
}

#[test]
fn a_request_that_is_dropped_beside_its_response_is_no_event() {
    explore(|| {
        block_on(async {
            let (handle, mut events, driver, mut far) = established(4096).await;
            let asks = handle.clone();
            let given_up = spawn(async move {
                let mut asks = Box::pin(asks.block(block_item(1).hash));
                for _ in 0..4 {
                    if once(&mut asks).await.is_ready() {
                        return;
                    }
                    shuttle::future::yield_now().await;
                }
            });
            let responds = spawn(async move {
                hear(&mut far, b"getdata").await;
                far.write_all(&bytes_of(&block(1).into())).await.unwrap();
                far.write_all(&bytes_of(&ping(9))).await.unwrap();
                far
            });
            given_up.await.unwrap();
            let talks = handle.clone();
            // Where the request was given up before it was written, nothing else would let the remote go on.
            let asked = talks.with(|peer, now| peer.send(&getdata([block_item(2)]), now));
            asked.await.unwrap().unwrap();
            assert_eq!(events.next().await, Some(Event::Message(ping(9))));
            drop((responds.await.unwrap(), handle, talks));
            while events.next().await.is_some() {}
            driver.await.unwrap();
        });
    });
}

/// Polls a future once.
async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Takes what the other end says, up to `what`.
async fn hear(far: &mut DuplexStream, what: &[u8]) {
    let mut said = Vec::new();
    while !said.ends_with(what) {
        said.push(far.read_u8().await.unwrap());
    }
}
