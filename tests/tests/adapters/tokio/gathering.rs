//! Input is gathered while several blocks may wait, so that they are hashed together.

use peer_core::{Config, Error, Message, Network, Node, UnrequestedAnswers};
use peer_tests::samples::{inv, tx_item};
use tokio::io::AsyncWriteExt;

use crate::tokio::samples::bytes_of;
use crate::tokio::side::established_with_raw_of;

#[tokio::test]
async fn what_was_gathered_surfaces_before_the_end() {
    let config = Config::builder(Network::SIMNET).unrequested_answers(UnrequestedAnswers::Deliver);
    let node = Node::new(config.build().unwrap());
    let (mut near, mut raw) = established_with_raw_of(&node, 1 << 20).await;
    let large = inv((0..1000).map(tx_item).collect::<Vec<_>>());
    raw.write_all(&bytes_of(&large).repeat(20)).await.unwrap();
    drop(raw);
    for _ in 0..20 {
        assert!(matches!(near.message().await, Message::Inv(_)));
    }
    assert_eq!(near.ended().await.reason, Error::ClosedByRemote);
}
