//! What one peer does never delays another beyond its turn. Turns are counted, not timed.

use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Waker};
use std::sync::Arc;

use peer_core::{Config, Error, Event, Network, Node, UnknownCommands};
use peer_tests::remote::frame;
use peer_tokio::inbound;
use tokio::io::duplex;
use tokio::time::Instant;

use crate::tokio::HOUR;
use crate::tokio::poll::at_once;
use crate::tokio::samples::{bytes_of, connection_info, hands, inv_of, node, ping, rng};
use crate::tokio::side::{Side, answer, established};
use crate::tokio::streams::Flood;

/// Most bytes that are read in one turn.
const TURN: usize = 256 * 1024;

#[tokio::test(start_paused = true)]
async fn a_turn_reads_at_most_a_quarter_of_a_mebibyte() {
    let (flood, read) = Flood::new(hands(), &bytes_of(&inv_of(50_000)));
    let (_handle, mut events, mut driver) = inbound(flood, &node(), connection_info(), rng(1));
    tokio::select! {
        biased;
        closed = &mut driver => panic!("{closed}"),
        () = async { while events.next().await != Some(Event::Established) {} } => {}
    }
    let mut driver = pin!(driver);
    for _ in 0..20 {
        let before = read.load(Ordering::Relaxed);
        assert!(driver.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let turn = read.load(Ordering::Relaxed) - before;
        assert!(turn <= TURN, "{turn} bytes in one turn");
    }
    assert!(read.load(Ordering::Relaxed) > TURN, "the flood has ceased");
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_starve_another_connection() {
    let read = flood().await;
    let (near, mut far) = established(duplex(1024)).await;
    tokio::spawn(async move { far.listen().await });
    // In a task of its own: the one that blocks the thread has its turn after 61 others.
    tokio::spawn(converse(near, read)).await.unwrap();
}

/// They make no event, so the room for events bounds nothing.
#[tokio::test(start_paused = true)]
async fn frames_that_are_ignored_hold_up_nothing() {
    let ignores = Config::builder(Network::SIMNET).unknown_commands(UnknownCommands::Ignore).build().unwrap();
    let (flood, _) = Flood::new(hands(), &frame("unknown", &[0; 100]));
    let mut near = answer(flood, &Node::new(ignores));
    at_once(near.handshake()).await;
    for nonce in 0..10 {
        at_once(near.handle.send(ping(nonce))).await.unwrap();
        at_once(near.handle.flush()).await.unwrap();
    }
    let closed = at_once(near.handle.leave(Instant::now() + HOUR)).await;
    assert_eq!(closed.reason, Error::ClosedByOwner);
}

/// Fifty pings, each of which takes the two drivers and the two owners a few turns.
async fn converse(mut near: Side, flood: Arc<AtomicUsize>) {
    for nonce in 0..50 {
        let before = flood.load(Ordering::Relaxed);
        near.handle.send(ping(nonce)).await.unwrap();
        near.message().await;
        let meanwhile = flood.load(Ordering::Relaxed) - before;
        assert!(meanwhile > 0, "the flood had no turn during ping {nonce}");
        assert!(meanwhile <= 8 * TURN, "{meanwhile} bytes of flood during ping {nonce}");
    }
}

/// A peer whose remote never ceases, with an owner who never tires. Returns how much was read of it.
async fn flood() -> Arc<AtomicUsize> {
    let (flood, read) = Flood::new(hands(), &bytes_of(&inv_of(1000)));
    let Side { handle, mut events, task: _ } = answer(flood, &node());
    tokio::spawn(async move {
        while events.next().await.is_some() {}
        handle.closed().await
    });
    read
}
