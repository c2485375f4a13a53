//! Every future of a request may be dropped at every poll: nothing leaks, the next request works, no one is blamed.

use core::time::Duration;

use peer_core::message::List;
use peer_core::{Hash, Interest, Request, RequestOptions};
use peer_tests::samples::{block, tx_item};
use peer_tokio::{Handle, ResponseError};
use tokio::io::duplex;
use tokio::time::sleep;

use crate::tokio::cancel::places;
use crate::tokio::poll::at_every_poll;
use crate::tokio::requests::{TIP, hash, serve};
use crate::tokio::side::established;

/// Longer than any timeout, or what a fence leaves of it.
const OWED: Duration = Duration::from_secs(100);

/// As many requests that are not for items may be open.
const MOST: usize = 64;

/// Drops `request` at its first poll, its second, and so on until it comes to its end, each time on a new connection with
/// a remote that serves.
async fn leaves_nothing_behind<T>(request: impl AsyncFn(&Handle) -> T) {
    at_every_poll(2 * OWED, async |cut| {
        let (near, far) = established(duplex(256)).await;
        serve(far);
        let (handle, events) = (near.handle, near.events.only(Interest::NONE).await.unwrap());
        let finished = cut.off(request(&handle)).await;
        assert_eq!(handle.block(hash(4)).await, Ok(block(4)), "{cut:?}");
        assert_eq!(handle.ping().await.map(drop), Ok(()), "{cut:?}");
        let open = handle.with(|peer, _| peer.requests().len()).await;
        assert_eq!(open, Ok(0), "{cut:?}: a request that no one waits for is open");
        assert_eq!(places(&handle).len(), 16, "{cut:?}");

        // What is owed is over by now.
        sleep(OWED).await;
        assert_eq!(events.closed(), None, "{cut:?}");
        let ask = |number| {
            handle.with(move |peer, now| (number, peer.request(&Request::Ping, RequestOptions::new(), now)))
        };
        for number in 0..MOST {
            let (number, asked) = ask(number).await.unwrap();
            assert!(asked.is_ok(), "{cut:?}: a request has leaked: {asked:?} after {number}");
        }
        finished.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn headers_may_be_dropped_at_every_poll() {
    leaves_nothing_behind(async |handle| handle.headers(vec![TIP], Hash::ZERO).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_block_may_be_dropped_at_every_poll() {
    leaves_nothing_behind(async |handle| handle.block(hash(2)).await.unwrap()).await;
    leaves_nothing_behind(async |handle| handle.block(hash(3)).await.unwrap_err()).await;
}

#[tokio::test(start_paused = true)]
async fn blocks_may_be_dropped_at_every_poll() {
    leaves_nothing_behind(async |handle| {
        let mut blocks = handle.blocks((0..40).step_by(2).map(hash).collect());
        while let Some(block) = blocks.next().await {
            block.unwrap();
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn transactions_and_mixing_may_be_dropped_at_every_poll() {
    let wanted = [2, 3, 4].map(|number| tx_item(number).hash);
    leaves_nothing_behind(async |handle| handle.transactions(&wanted).await.unwrap()).await;
    leaves_nothing_behind(async |handle| handle.mixing(&wanted).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn filters_may_be_dropped_at_every_poll() {
    let blocks = [hash(1), hash(2)];
    leaves_nothing_behind(async |handle| handle.filters(&blocks).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn init_state_and_ping_may_be_dropped_at_every_poll() {
    leaves_nothing_behind(async |handle| handle.init_state(List::new()).await.unwrap()).await;
    leaves_nothing_behind(async |handle| handle.ping().await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn addresses_that_are_declined_may_be_dropped_at_every_poll() {
    let declined = async |handle: &Handle| assert!(handle.addresses().await.is_err());
    leaves_nothing_behind(declined).await;
}

#[tokio::test(start_paused = true)]
async fn responses_may_be_dropped_at_every_poll() {
    let request = async |handle: &Handle| -> Result<(), ResponseError> {
        let blocks: Vec<_> = (0..8).map(peer_tests::samples::block_item).collect();
        let request = peer_tests::requests::items(blocks);
        let mut responses = handle.request(request, RequestOptions::new()).await?;
        while let Some(response) = responses.next().await {
            response?;
        }
        Ok(())
    };
    leaves_nothing_behind(async |handle| request(handle).await.unwrap_err()).await;
}
