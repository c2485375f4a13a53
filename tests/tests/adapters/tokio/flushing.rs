//! What was said is written before anybody is told so, and before the last handle's connection ends.

use core::time::Duration;

use peer_core::frame::Header;
use peer_core::{Error, Event, Peer, Timer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, duplex};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{bytes_of, inv_of, item, node, ping};
use crate::tokio::side::{Side, answer, dial, established, established_with_raw, tcp};

#[tokio::test(start_paused = true)]
async fn a_flush_waits_until_the_transport_took_both_lanes() {
    let (near, mut far) = established_with_raw(256).await;
    let bulk = near.handle.send(inv_of(27)).await.unwrap();
    let control = near.handle.send(ping(1)).await.unwrap();
    timeout(Duration::from_secs(10), near.handle.flush()).await.unwrap_err();
    let mut rest = vec![0; 1000];
    let both = async { tokio::join!(near.handle.flush(), far.read_exact(&mut rest)) };
    assert_eq!(at_once(both).await.0, Ok(()));
    let all_out = near.handle.with(move |peer, _| peer.is_flushed(bulk) && peer.is_flushed(control));
    assert_eq!(all_out.await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_not_affected_by_later_frames() {
    let (near, mut far) = established_with_raw(256).await;
    near.handle.send(inv_of(600)).await.unwrap();
    let last = near.handle.send(inv_of(600)).await.unwrap();
    let handle = near.handle.clone();
    let flush = tokio::spawn(async move { handle.flush().await });
    yield_now().await;
    for nonce in 0..100 {
        near.handle.send(ping(nonce)).await.unwrap();
    }
    // The pings overtake the second batch, so they are read before it.
    let mut both = vec![0; 2 * bytes_of(&inv_of(600)).len() + 100 * bytes_of(&ping(0)).len()];
    let (flushed, _) = at_once(async { tokio::join!(flush, far.read_exact(&mut both)) }).await;
    flushed.unwrap().unwrap();
    let is_out = near.handle.with(move |peer, _| peer.is_flushed(last));
    assert_eq!(is_out.await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_stream_that_buffers() {
    let (near, mut far) = duplex(1);
    let near = dial(BufWriter::new(near), &node());
    let write = async {
        near.handle.flush().await.unwrap();
        near.handle.close();
    };
    let read = async {
        let mut frame = Vec::new();
        far.read_to_end(&mut frame).await.unwrap();
        frame
    };
    let (flushed, frame) = at_once(async { tokio::join!(write, read) }).await;
    let header = frame.first_chunk().map(Header::from_bytes).unwrap();
    assert_eq!((flushed, frame.len()), ((), header.wire_len()), "one whole frame");
}

#[tokio::test(start_paused = true)]
async fn a_flush_with_nothing_to_write_returns() {
    let (near, _far) = established(duplex(7)).await;
    assert_eq!(at_once(near.handle.flush()).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_writes_the_queue_first() {
    let (near, mut far) = established(duplex(7)).await;
    near.handle.announce(item(1)).await.unwrap();
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.send(ping(1)).await.unwrap();
    let Side { handle, events: _events, task } = near;
    drop(handle);
    let mut commands = Vec::new();
    while let Some(Event::Message(message)) = far.events.next().await {
        commands.push(message.command().to_string());
    }
    commands.sort();
    assert_eq!(commands, ["inv", "inv", "ping"]);
    assert_eq!(task.await.unwrap().reason, Error::ClosedByOwner);
    assert_eq!(far.ended().await.reason, Error::ClosedByRemote);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_does_not_wait_for_a_remote_that_takes_nothing() {
    let (near, _far) = established_with_raw(256).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let start = Instant::now();
    let Side { handle, events: _events, task } = near;
    drop(handle);
    assert_eq!(task.await.unwrap().reason, Error::Timeout(Timer::WriteStall));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_does_not_wait_for_a_stream_that_buffers_and_cannot_flush() {
    let (near, _far) = duplex(1);
    let near = dial(BufWriter::new(near), &node());
    yield_now().await;
    let start = Instant::now();
    let Side { handle, events: _events, task } = near;
    drop(handle);
    assert_eq!(task.await.unwrap().reason, Error::Timeout(Timer::WriteStall));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_steady_sender_does_not_put_a_flush_off() {
    let (near, far) = duplex(64);
    let (mut near, mut far) = (dial(BufWriter::new(near), &node()), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    let more = |peer: &mut Peer, now| while peer.queued() < 10_000 && peer.send(&inv_of(10), now).is_ok() {};
    near.handle.with(more).await.unwrap();
    let more = async { while near.handle.with(more).await.is_ok() {} };
    let flush = async {
        tokio::select! {
            () = more => panic!("the sender has ceased"),
            () = far.listen() => panic!("the listener has ceased"),
            flushed = near.handle.flush() => flushed,
        }
    };
    assert_eq!(at_once(flush).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn leaving_does_not_wait_for_answers_to_what_comes_later() {
    let (near, mut far) = established_with_raw(64).await;
    let Side { handle, mut events, task } = near;
    handle.send(inv_of(27)).await.unwrap();
    drop(handle);
    let remote = async move {
        // Each answer that is taken makes room for the next question.
        let mut taken = [0; 32];
        while far.write_all(&bytes_of(&ping(1))).await.is_ok() && far.read_exact(&mut taken).await.is_ok() {}
    };
    let listen = async { while events.next().await.is_some() {} };
    at_once(async { tokio::join!(remote, listen) }).await;
    assert_eq!(task.await.unwrap().reason, Error::ClosedByOwner);
}

#[tokio::test]
async fn what_was_flushed_arrives_over_tcp_after_closing() {
    let (near, mut far) = established(tcp().await).await;
    near.handle.send(inv_of(40_000)).await.unwrap();
    near.handle.flush().await.unwrap();
    near.handle.close();
    assert_eq!(near.task.await.unwrap().reason, Error::ClosedByOwner);
    assert_eq!(far.message().await, inv_of(40_000));
    assert_eq!(far.ended().await.reason, Error::ClosedByRemote);
}

/// The limit is many times what this takes, and a small part of what it would if each send looked at each flush.
#[tokio::test(start_paused = true)]
async fn sends_do_not_pay_for_the_flushes_that_wait() {
    let (near, _far) = established_with_raw(256).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let mut flushes = Vec::new();
    for _ in 0..FLUSHES {
        let mut flush = Box::pin(near.handle.flush());
        assert!(once(&mut flush).is_pending());
        flushes.push(flush);
        if flushes.len() % 16 == 0 {
            yield_now().await;
        }
    }
    let start = std::time::Instant::now();
    for nonce in 0..SENDS {
        near.handle.send(ping(nonce)).await.unwrap();
    }
    let lasted = start.elapsed();
    assert!(lasted < Duration::from_secs(5), "{lasted:?} for {SENDS} sends while {FLUSHES} flushes wait");
}

/// How many wait.
const FLUSHES: usize = 100_000;

/// How many sends follow.
const SENDS: u64 = 5000;

/// Those who gave up are looked for among many, and are the only ones that go.
#[tokio::test(start_paused = true)]
async fn a_hundred_who_wait_are_all_told() {
    let (near, mut far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let mut waits = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (flushes, rooms) = (near.handle.clone(), near.handle.clone());
        waits.spawn(async move { flushes.flush().await });
        waits.spawn(async move { rooms.room(usize::MAX).await });
    }
    timeout(Duration::from_secs(1), waits.join_next()).await.unwrap_err();
    far.read_exact(&mut vec![0; bytes_of(&inv_of(27)).len()]).await.unwrap();
    assert!(at_once(waits.join_all()).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn events_that_are_dropped_after_the_last_handle_cut_nothing_off() {
    let (near, mut far) = established_with_raw(64).await;
    near.handle.send(inv_of(27)).await.unwrap();
    drop(near.handle);
    drop(near.events);
    let mut told = Vec::new();
    far.read_to_end(&mut told).await.unwrap();
    assert_eq!(told.len(), bytes_of(&inv_of(27)).len());
}
