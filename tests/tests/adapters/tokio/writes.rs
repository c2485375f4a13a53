//! A message is one write, so that it is one segment where it fits.

use core::slice;

use peer_core::message::{Transaction, TxOut};
use peer_core::{Message, Peer};
use peer_tests::samples::large_block;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use crate::tokio::poll::at_once;
use crate::tokio::samples::{bytes_of, hands, inv_of, node, ping};
use crate::tokio::side::{Side, answer, dial};
use crate::tokio::streams::{Recorded, Writes};

#[tokio::test(start_paused = true)]
async fn each_small_message_is_one_write() {
    for vectored in [false, true] {
        let (near, _far, writes) = recorded(vectored).await;
        for message in [ping(1), inv_of(35), tx(1300)] {
            near.handle.send(message.clone()).await.unwrap();
            at_once(near.handle.flush()).await.unwrap();
            assert_eq!(taken(&writes), [bytes_of(&message)], "vectored: {vectored}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_leaves_with_the_payload_that_it_shares() {
    let [small, large] = [8000, 100_000].map(|len| Message::Block(large_block(len)));
    for vectored in [false, true] {
        let (near, _far, writes) = recorded(vectored).await;
        near.handle.send(small.clone()).await.unwrap();
        at_once(near.handle.flush()).await.unwrap();
        assert_eq!(taken(&writes), [bytes_of(&small)], "vectored: {vectored}");

        near.handle.send(large.clone()).await.unwrap();
        at_once(near.handle.flush()).await.unwrap();
        let writes = taken(&writes);
        assert_eq!(writes.concat(), bytes_of(&large));
        let lens: Vec<_> = writes.iter().map(Vec::len).collect();
        assert!(matches!(lens[..], [16_384, _]), "written as {lens:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn small_frames_share_a_write() {
    for vectored in [false, true] {
        let (near, _far, writes) = recorded(vectored).await;
        let pings: Vec<_> = (0..20).map(ping).collect();
        let frames: Vec<_> = pings.iter().map(bytes_of).collect();
        let send_all = move |peer: &mut Peer, now| pings.iter().all(|ping| peer.send(ping, now).is_ok());
        assert_eq!(near.handle.with(send_all).await, Ok(true));
        at_once(near.handle.flush()).await.unwrap();
        assert_eq!(taken(&writes), [frames.concat()], "vectored: {vectored}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_seven_bytes_gets_them_all_in_order() {
    for vectored in [false, true] {
        let (near, far) = duplex(7);
        let (near, _) = Recorded::new(near, vectored);
        let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
        tokio::join!(near.handshake(), far.handshake());
        for message in [inv_of(300), tx(30_000)] {
            near.handle.send(message.clone()).await.unwrap();
            assert_eq!(at_once(far.message()).await, message);
        }
    }
}

/// A peer that shook hands, and what it writes from then on.
async fn recorded(vectored: bool) -> (Side, DuplexStream, Writes) {
    let (near, mut far) = duplex(256 * 1024);
    let (near, writes) = Recorded::new(near, vectored);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    near.handshake().await;
    near.handle.flush().await.unwrap();
    taken(&writes);
    (near, far, writes)
}

/// What was written since the last look.
fn taken(writes: &Writes) -> Vec<Vec<u8>> {
    core::mem::take(&mut writes.lock().unwrap())
}

/// A transaction of about `len` bytes.
fn tx(len: usize) -> Message {
    let output = TxOut { value: 1, version: 0, pk_script: &vec![7; len] };
    Message::Tx(Transaction::new(1, &[], slice::from_ref(&output), 0, 0).unwrap())
}
