//! What two peers say to each other reaches them.

use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream;
use peer_core::{Config, Error, Event, Hash, Message, Network, Node, SendError};
use tokio::io::duplex;

use crate::tokio::poll::at_once;
use crate::tokio::samples::{inv_of, item, node, nonce_of, ping};
use crate::tokio::side::{answer, dial, established, tcp};

#[tokio::test]
async fn two_peers_shake_hands_over_tcp() {
    let (near, far) = tcp().await;
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    for (first, second) in <[_; 2]>::from(tokio::join!(near.handshake(), far.handshake())) {
        assert!(matches!(first, Some(Event::Version(_))), "first came {first:?}");
        assert_eq!(second, Some(Event::Established));
    }
}

#[tokio::test]
async fn a_ping_comes_back_and_is_measured() {
    let (mut near, mut far) = established(tcp().await).await;
    near.handle.send(ping(7)).await.unwrap();
    assert_eq!(far.message().await, ping(7));
    assert_eq!(near.message().await.command().to_string(), "pong");
    let stats = near.handle.stats().await;
    assert!(stats.last_ping_round_trip.is_some(), "no round trip in {stats:?}");
}

#[tokio::test]
async fn announcements_arrive_in_batches_of_a_thousand() {
    let (near, far) = tcp().await;
    let hasty = Config::builder(Network::SIMNET).trickle_delay(Duration::ZERO..=Duration::ZERO);
    let (mut near, mut far) = (dial(near, &Node::new(hasty.build().unwrap())), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    let announce_all = |peer: &mut peer_core::Peer, now| {
        (0..2500).all(|number| peer.announce(item(number), now) == Ok(true))
    };
    assert!(near.handle.with(announce_all).await.unwrap());
    let (mut sizes, mut items) = (Vec::new(), Vec::new());
    while items.len() < 2500 {
        let batch = far.announced().await;
        sizes.push(batch.len());
        items.extend(batch);
    }
    assert_eq!(sizes, [1000, 1000, 500]);
    assert_eq!(items, (0..2500).map(item).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_that_dials_itself_notices_at_both_ends() {
    let (near, far) = tcp().await;
    let node = node();
    let (near, far) = (dial(near, &node), answer(far, &node));
    let (near, far) = tokio::join!(near.ended(), far.ended());
    assert_eq!((near.reason, far.reason), (Error::SelfConnection, Error::SelfConnection));
}

#[tokio::test(start_paused = true)]
async fn both_sides_may_send_much_at_once() {
    let (mut near, mut far) = established(duplex(4096)).await;
    let much = 30_000;
    near.handle.send(inv_of(much)).await.unwrap();
    far.handle.send(inv_of(much)).await.unwrap();
    let (to_near, to_far) = at_once(async { tokio::join!(near.message(), far.message()) }).await;
    assert_eq!((to_near, to_far), (inv_of(much), inv_of(much)));
}

#[tokio::test(start_paused = true)]
async fn a_request_for_headers_is_not_repeated() {
    let (near, mut far) = established(duplex(7)).await;
    let locator = vec![Hash::digest(b"tip")];
    assert_eq!(near.handle.request_headers(locator.clone(), Hash::ZERO).await, Ok(true));
    assert_eq!(near.handle.request_headers(locator.clone(), Hash::ZERO).await, Ok(false));
    let Message::GetHeaders(request) = at_once(far.message()).await else { panic!() };
    assert_eq!(request.locator[..], locator);
}

#[tokio::test(start_paused = true)]
async fn a_refused_command_harms_no_one() {
    let (near, far) = duplex(7);
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    assert_eq!(near.handle.send(ping(1)).await, Err(SendError::NotEstablished));
    at_once(async { tokio::join!(near.handshake(), far.handshake()) }).await;
}

#[tokio::test(start_paused = true)]
async fn events_are_a_stream_that_ends_with_the_connection() {
    let (near, mut far) = established(duplex(7)).await;
    for nonce in 0..3 {
        near.handle.send(ping(nonce)).await.unwrap();
    }
    near.handle.flush().await.unwrap();
    near.handle.close();
    let hear = async {
        let mut nonces = Vec::new();
        while let Some(event) = poll_fn(|cx| Stream::poll_next(Pin::new(&mut far.events), cx)).await {
            nonces.push(nonce_of(Some(event)));
        }
        nonces
    };
    assert_eq!(at_once(hear).await, [0, 1, 2]);
    assert_eq!(far.events.closed().unwrap().reason, Error::ClosedByRemote);
}
