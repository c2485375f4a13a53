//! Waiting for room, beside the events and without them.

use core::time::Duration;
use std::collections::VecDeque;

use peer_core::message::{Block, BlockHeader, Inventory, Transaction, TxOut};
use peer_core::{Config, Error, Event, Message, Network, Node, SendError};
use peer_tests::samples::getdata;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::time::timeout;

use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{bytes_of, inv_of, node};
use crate::tokio::side::{Side, answer, dial, established_with_raw_of};

/// The room for three frames of [`inv_of`] 27, which have 1,023 bytes or less.
const LIMIT: usize = 3000;

/// A peer that has room for one more `inv_of(27)`, and a remote of which nothing is left but a pipe.
async fn nearly_full() -> (Side, DuplexStream) {
    let narrow =
        Node::new(Config::builder(Network::SIMNET).send_pause(64).send_limit(LIMIT).build().unwrap());
    let (near, far) = established_with_raw_of(&narrow, 64).await;
    for _ in 0..2 {
        near.handle.send(inv_of(27)).await.unwrap();
    }
    (near, far)
}

/// Takes a whole `inv_of(27)`.
async fn take_one(far: &mut DuplexStream) {
    far.read_exact(&mut vec![0; bytes_of(&inv_of(27)).len()]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_send_waits_for_room_and_not_for_an_empty_queue() {
    let (near, mut far) = nearly_full().await;
    let mut third = Box::pin(near.handle.send(inv_of(28)));
    timeout(Duration::from_secs(10), &mut third).await.unwrap_err();
    let refused = near.handle.try_send(inv_of(28)).await;
    assert!(matches!(refused, Err(SendError::Full { .. })), "{refused:?}");
    take_one(&mut far).await;
    at_once(third).await.unwrap();
    let waits = near.handle.with(|peer, _| peer.queued()).await.unwrap();
    assert!(waits > 1000, "{waits} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_never_fits_is_refused_at_once() {
    let (near, _far) = nearly_full().await;
    let refused = at_once(near.handle.send(inv_of(100))).await;
    assert!(matches!(refused, Err(SendError::NeverFits { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn room_comes_in_the_order_in_which_it_was_asked_for() {
    let (near, mut far) = nearly_full().await;
    assert_eq!(at_once(near.handle.room(900)).await, Ok(()));
    let (mut large, mut small) = (Box::pin(near.handle.room(1500)), Box::pin(near.handle.room(900)));
    assert!(once(&mut large).is_pending() && once(&mut small).is_pending());
    timeout(Duration::from_secs(1), &mut small).await.unwrap_err();
    take_one(&mut far).await;
    assert_eq!(at_once(large).await, Ok(()));
    assert_eq!(at_once(small).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn one_that_gave_up_waiting_for_room_holds_up_no_one() {
    let (near, _far) = nearly_full().await;
    let (mut large, mut small) = (Box::pin(near.handle.room(1500)), Box::pin(near.handle.room(900)));
    timeout(Duration::from_secs(1), &mut large).await.unwrap_err();
    timeout(Duration::from_secs(1), &mut small).await.unwrap_err();
    drop(large);
    assert_eq!(at_once(small).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn more_room_than_there_can_be_is_an_empty_queue() {
    let (near, mut far) = nearly_full().await;
    let mut room = Box::pin(near.handle.room(usize::MAX));
    timeout(Duration::from_secs(1), &mut room).await.unwrap_err();
    take_one(&mut far).await;
    assert!(once(&mut room).is_pending());
    take_one(&mut far).await;
    assert_eq!(at_once(room).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn room_comes_with_the_handshake_and_never_after_the_end() {
    let (near, far) = duplex(64);
    let (mut near, mut far) = (answer(near, &node()), dial(far, &node()));
    let handle = near.handle.clone();
    let room = tokio::spawn(async move { handle.room(1).await });
    at_once(async { tokio::join!(near.handshake(), far.handshake()) }).await;
    assert_eq!(at_once(room).await.unwrap(), Ok(()));
    let mut never = Box::pin(near.handle.room(usize::MAX));
    near.handle.close();
    assert_eq!(at_once(&mut never).await.unwrap_err().reason, Error::ClosedByOwner);
    assert_eq!(near.handle.room(1).await.unwrap_err().reason, Error::ClosedByOwner);
}

/// Blocks that each of them wants from the other.
const BLOCKS: u32 = 300;

/// Two nodes that serve each other, as the documentation of `room` shows: each has more to send than the queue and the pipe
/// hold, so each must take events while it waits.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_ask_each_other_for_300_blocks_get_them() {
    let config = Config::builder(Network::SIMNET).send_limit(4 << 20);
    let [one, two] = [(); 2].map(|()| Node::new(config.clone().build().unwrap()));
    let (near, far) = duplex(64 * 1024);
    let (near, far) = (dial(near, &one), answer(far, &two));
    let both = async { tokio::join!(serve_and_ask(near), serve_and_ask(far)) };
    assert_eq!(at_once(both).await, (BLOCKS, BLOCKS));
}

/// Asks for all blocks, and serves them. Returns how many came.
async fn serve_and_ask(mut near: Side) -> u32 {
    let (mut wanted, mut got) = (VecDeque::new(), 0);
    let filling = filling();
    let items: Vec<Inventory> = (0..BLOCKS).map(|height| Inventory::block(header(height).hash())).collect();
    while got < BLOCKS || !wanted.is_empty() {
        tokio::select! {
            event = near.events.next() => match event.unwrap() {
                Event::Established => for some in items.chunks(100) {
                    near.handle.try_send(getdata(some)).await.unwrap();
                },
                Event::Message(Message::GetData(request)) => wanted.extend(request.inventory),
                Event::Message(Message::Block(_)) => got += 1,
                _ => {}
            },
            Ok(()) = near.handle.room(1 << 20), if !wanted.is_empty() => {
                let item = wanted.pop_front().unwrap();
                let height = items.iter().position(|known| *known == item).unwrap();
                let block = Block::new(&header(height.try_into().unwrap()), &filling, &[]).unwrap();
                near.handle.try_send(block).await.unwrap();
            }
        }
    }
    near.handle.flush().await.unwrap();
    got
}

fn header(height: u32) -> BlockHeader {
    BlockHeader { height, ..BlockHeader::default() }
}

/// The transactions of a block of 367 kB.
fn filling() -> Vec<Transaction> {
    let output = TxOut { value: 1, version: 0, pk_script: &[7; 40] };
    vec![Transaction::new(1, &[], &[output; 10], 0, 0).unwrap(); 700]
}
