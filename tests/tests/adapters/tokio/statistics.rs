//! Statistics, looked at without waiting.

use core::time::Duration;
use std::thread;

use tokio::io::duplex;
use tokio::time::sleep;

use crate::tokio::samples::ping;
use crate::tokio::side::established;

#[tokio::test(start_paused = true)]
async fn statistics_of_an_open_connection_can_be_looked_at_without_waiting() {
    let (mut near, far) = established(duplex(4096)).await;
    assert_eq!(near.handle.latest_stats(), None, "the first look asks for them");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(near.handle.latest_stats().unwrap(), near.handle.stats().await);

    let before = near.handle.latest_stats().unwrap().bytes_received;
    far.handle.send(ping(1)).await.unwrap();
    near.ping().await;
    sleep(Duration::from_secs(1)).await;
    let handle = near.handle.clone();
    let looked = thread::spawn(move || handle.latest_stats()).join().unwrap().unwrap();
    assert_eq!(looked.bytes_received - before, 32, "a ping");
    assert_eq!(looked, near.handle.stats().await);
    let connected = near.handle.instant(looked.connected).unwrap();
    assert_eq!(connected.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn statistics_after_the_end_are_those_of_the_end() {
    let (near, far) = established(duplex(4096)).await;
    far.handle.close();
    near.handle.closed().await;
    let (_, stats) = near.handle.end().unwrap();
    assert_eq!(near.handle.latest_stats().as_ref(), Some(stats), "at the first look, too");
}
