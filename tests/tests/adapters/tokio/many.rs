//! The same for many connections.

use peer_core::message::{BlockHeader, Inventory};
use peer_core::{
    Announced, Announcement, Config, EncodedFrame, Error, Message, Network, Node, ProtocolVersion, SendError,
};
use tokio::io::duplex;

use crate::tokio::poll::once;
use crate::tokio::samples::{connection_info, inv_of, item, node, ping, rng};
use crate::tokio::side::{Side, answer, dial, established};

fn encode(message: &Message) -> EncodedFrame {
    message.encode_frame(Network::SIMNET, ProtocolVersion::LATEST).unwrap()
}

/// So many pairs that shook hands.
async fn pairs(count: usize) -> (Vec<Side>, Vec<Side>) {
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (here, there) = established(duplex(1000)).await;
        near.push(here);
        far.push(there);
    }
    (near, far)
}

#[tokio::test(start_paused = true)]
async fn one_frame_reaches_many() {
    let (near, mut far) = pairs(5).await;
    let frame = encode(&inv_of(1000));
    let sent = peer_tokio::send_encoded_to(near.iter().map(|side| &side.handle), &frame).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    for side in &mut far {
        assert_eq!(side.message().await, inv_of(1000));
    }
    near[0].handle.send_encoded(&encode(&ping(7))).await.unwrap();
    assert_eq!(far[0].ping().await, 7);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_stands_in_its_place() {
    let (mut near, mut far) = pairs(2).await;
    let gone = near.remove(0);
    gone.handle.close();
    gone.handle.closed().await;
    // One whose remote says nothing yet.
    let (stream, _silent) = duplex(1000);
    let early = answer(stream, &node());
    let handles = [gone.handle.clone(), near[0].handle.clone(), early.handle.clone()];
    let sent = peer_tokio::send_encoded_to(&handles, &encode(&inv_of(1))).await;
    let [closed, queued, refused] = sent.try_into().unwrap();
    assert_eq!(closed, Err(SendError::Closed(Error::ClosedByOwner)));
    assert!(queued.is_ok());
    assert_eq!(refused, Err(SendError::NotEstablished));
    assert_eq!(far[1].message().await, inv_of(1));
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_does_not_fit_yet_waits_for_room_where_it_is_sent_to_one() {
    let frame = encode(&inv_of(1000));
    let limit = frame.wire_len() + 100;
    let tight = Node::new(Config::builder(Network::SIMNET).send_pause(64).send_limit(limit).build().unwrap());
    let (near, far) = duplex(1000);
    let (mut near, mut far) = (dial(near, &tight), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    for _ in 0..2 {
        near.handle.send_encoded(&frame).await.unwrap();
    }
    let refused = peer_tokio::send_encoded_to([&near.handle], &frame).await;
    assert!(matches!(refused[..], [Err(SendError::Full { .. })]), "{refused:?}");
    for _ in 0..2 {
        assert_eq!(far.message().await, inv_of(1000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_does_not_run_keeps_no_other_waiting_for_the_frame() {
    let (stream, _far) = duplex(1000);
    let (idle, _events, _driver) = peer_tokio::inbound(stream, &node(), connection_info(), rng(3));
    let (near, mut far) = established(duplex(1000)).await;
    let handles = [idle, near.handle.clone()];
    let frame = encode(&inv_of(1));
    let sent = once(peer_tokio::send_encoded_to(&handles, &frame));
    assert!(sent.is_pending(), "the idle one has not answered");
    assert_eq!(far.message().await, inv_of(1));
}

#[tokio::test(start_paused = true)]
async fn a_block_is_announced_to_each_as_it_wants() {
    let (near, mut far) = pairs(3).await;
    far[0].handle.send(Message::SendHeaders).await.unwrap();
    far[0].handle.flush().await.unwrap();
    let header = BlockHeader::default();
    let block = Announcement::block(&header, Network::SIMNET);
    near[1].handle.add_known(Inventory::block(header.hash())).await.unwrap();
    let handles: Vec<_> = near.iter().map(|side| side.handle.clone()).collect();
    // The driver has read what came before it runs the command after this.
    tokio::time::sleep(core::time::Duration::from_secs(1)).await;
    let done = peer_tokio::announce_to(&handles, &block).await;
    assert_eq!(done, [Announced::Headers, Announced::Known, Announced::Inv]);
    assert_eq!(far[0].message().await.command().to_string(), "headers");
    assert_eq!(far[2].announced().await, [Inventory::block(header.hash())]);
    let transaction = Announcement::item(item(1));
    assert_eq!(near[0].handle.announce_as_wanted(&transaction).await, Announced::Inv);
    assert_eq!(near[0].handle.announce_as_wanted(&transaction).await, Announced::Known);
    assert_eq!(far[0].announced().await, [item(1)]);
}
