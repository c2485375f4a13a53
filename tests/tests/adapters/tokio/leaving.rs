//! An owner that leaves: the remote gets the last words, and no one waits for ever.

use core::time::Duration;
use std::io::{Read, Write};

use peer_core::{Error, SendError};
use peer_tokio::Closed;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

use crate::tokio::HOUR;
use crate::tokio::poll::{at_once, once, within};
use crate::tokio::samples::{bytes_of, commands_in, hands, inv_of, node, ping};
use crate::tokio::side::{Side, answer, dial, established, established_with_raw};

const SECOND: Duration = Duration::from_secs(1);

/// A remote that talks while our last words are on their way, and reads them late: a system that closes a connection
/// with unread input cuts it, and what the remote's has not taken is lost.
async fn last_words_heard(leave: impl AsyncFnOnce(Side) -> Closed) -> usize {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let far = std::thread::spawn(move || {
        let mut far = std::net::TcpStream::connect(address).unwrap();
        far.write_all(&hands()).unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 1000];
        while !commands_in(&heard).contains(&"ping".to_owned()) {
            let count = far.read(&mut buffer).unwrap();
            heard.extend_from_slice(&buffer[..count]);
        }
        // The owner takes no events, so most of this stays unread.
        far.write_all(&bytes_of(&ping(1)).repeat(20_000)).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        far.read_to_end(&mut heard).ok();
        commands_in(&heard).iter().filter(|command| *command == "inv").count()
    });
    let mut near = answer(listener.accept().await.unwrap().0, &node());
    near.handshake().await;
    near.handle.send(ping(1)).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    for _ in 0..20 {
        near.handle.send(inv_of(4000)).await.unwrap();
    }
    assert_eq!(leave(near).await.reason, Error::ClosedByOwner);
    tokio::task::spawn_blocking(|| far.join().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_talks_gets_the_last_words_of_an_owner_that_leaves() {
    let leave = async |near: Side| near.handle.leave(Instant::now() + HOUR).await;
    assert_eq!(last_words_heard(leave).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_talks_gets_the_last_words_before_the_last_handle_was_dropped() {
    let leave = async |Side { handle, events, task }| {
        drop((handle, events));
        task.await.unwrap()
    };
    assert_eq!(last_words_heard(leave).await, 20);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_leaves_is_gone_when_the_remote_is() {
    let (near, mut far) = established(duplex(64)).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let left = near.handle.leave(Instant::now() + HOUR);
    assert_eq!(at_once(far.message()).await, inv_of(27));
    assert_eq!(at_once(far.ended()).await.reason, Error::ClosedByRemote);
    assert_eq!(at_once(left).await.reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_leaves_waits_5_seconds_for_a_remote_that_stays() {
    let (near, mut far) = established_with_raw(4096).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let start = Instant::now();
    assert_eq!(near.handle.leave(start + HOUR).await.reason, Error::ClosedByOwner);
    assert_eq!(start.elapsed(), 5 * SECOND);
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, bytes_of(&inv_of(27)));
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_leaves_is_gone_at_its_deadline() {
    for pipe in [64, 4096] {
        let (near, _far) = established_with_raw(pipe).await;
        near.handle.send(inv_of(27)).await.unwrap();
        let start = Instant::now();
        // An owner that closes twice closes by the earlier deadline, and need not wait for it.
        drop(near.handle.leave(start + 2 * SECOND));
        drop(near.handle.leave(start + HOUR));
        assert_eq!(near.task.await.unwrap().reason, Error::ClosedByOwner);
        assert_eq!(start.elapsed(), 2 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_talks_for_ever_does_not_keep_an_owner_from_leaving() {
    let (near, far) = established_with_raw(4096).await;
    let (mut unread, mut far) = tokio::io::split(far);
    tokio::spawn(async move { while far.write_all(&bytes_of(&ping(1))).await.is_ok() {} });
    tokio::spawn(async move { tokio::io::copy(&mut unread, &mut tokio::io::sink()).await });
    assert_eq!(
        within(5 * SECOND, near.handle.leave(Instant::now() + HOUR)).await.reason,
        Error::ClosedByOwner
    );
}

#[tokio::test(start_paused = true)]
async fn after_leaving_nothing_is_sent_and_no_event_comes() {
    let (mut near, mut far) = established_with_raw(4096).await;
    far.write_all(&bytes_of(&ping(1))).await.unwrap();
    sleep(SECOND).await;
    let left = near.handle.leave(Instant::now() + HOUR);
    let refused = near.handle.try_send(ping(2)).await;
    assert_eq!(refused, Err(SendError::Closed(Error::ClosedByOwner)));
    assert_eq!(near.handle.room(1).await.unwrap_err().reason, Error::ClosedByOwner);
    assert_eq!(near.events.next().await, None);
    drop(left);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_events_does_not_cut_off_an_owner_that_leaves() {
    let (near, mut far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let Side { handle, events, task } = near;
    assert!(once(handle.leave(Instant::now() + HOUR)).is_pending());
    drop(events);
    let mut heard = Vec::new();
    at_once(far.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, bytes_of(&inv_of(27)));
    drop(far);
    assert_eq!(at_once(task).await.unwrap().reason, Error::ClosedByOwner);
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_closed_only_its_writing_half_gets_what_is_queued() {
    let (mut near, mut far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    far.write_all(&bytes_of(&ping(1))).await.unwrap();
    far.shutdown().await.unwrap();
    assert_eq!(near.ping().await, 1);
    sleep(SECOND).await;
    let mut heard = Vec::new();
    at_once(far.read_to_end(&mut heard)).await.unwrap();
    let mut commands = commands_in(&heard);
    commands.sort();
    assert_eq!(commands, ["inv", "pong"]);
    assert_eq!(at_once(near.ended()).await.reason, Error::ClosedByRemote);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_discards_events_only_commands() {
    let (near, far) = duplex(4096);
    let (near, mut far) = (answer(near, &node()), dial(far, &node()));
    let Side { handle, events, task } = near;
    events.discard();
    far.handshake().await;
    for nonce in 0..1000 {
        far.handle.send(ping(nonce)).await.unwrap();
        far.message().await;
    }
    assert_eq!(handle.end(), None);
    handle.close();
    let closed = task.await.unwrap();
    let (end, stats) = handle.end().unwrap();
    assert_eq!((end, end.reason.clone()), (&closed, Error::ClosedByOwner));
    assert!(stats.bytes_received > 1000 * 32);
}
