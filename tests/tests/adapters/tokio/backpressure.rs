//! An owner that is slow, or asks for nothing, harms only itself.

use core::time::Duration;

use peer_core::message::{Inventory, Transaction, TxOut};
use peer_core::{Config, Event, Message, Network, Node, OnTimeout, RequestOptions, Unanswered};
use peer_tests::requests::items;
use peer_tests::samples::{large_block, tx_item};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{sleep, timeout};

use crate::tokio::HOUR;
use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{bytes_of, commands_in, hands, inv_of, item, node, ping};
use crate::tokio::side::{answer, established_with_raw, established_with_raw_of};

#[tokio::test(start_paused = true)]
async fn an_owner_that_asks_for_nothing_stops_the_reading() {
    let (near, far) = duplex(64 * 1024);
    let mut near = answer(near, &node());
    let (_unread, mut far) = tokio::io::split(far);
    far.write_all(&hands()).await.unwrap();
    near.handshake().await;

    let mut accepted = 0_u64;
    let flood = async {
        for nonce in 0_u64.. {
            far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
            accepted += 1;
        }
    };
    timeout(HOUR, flood).await.unwrap_err();
    let most = (64 + 16) * 1024 / 32 + 16;
    assert!(accepted <= most, "{accepted} pings of 32 bytes were accepted");

    for nonce in 0..accepted {
        assert_eq!(at_once(near.ping()).await, nonce);
    }
}

#[tokio::test(start_paused = true)]
async fn large_messages_stop_the_reading_before_sixteen_of_them_wait() {
    const PIPE: usize = 64 * 1024;
    for items in [500, 2000, 50_000] {
        let (mut near, mut far) = established_with_raw(PIPE).await;
        let message = bytes_of(&inv_of(items));
        let mut accepted = 0;
        let flood = async {
            for byte in message.iter().cycle() {
                far.write_all(&[*byte]).await.unwrap();
                accepted += 1;
            }
        };
        timeout(HOUR, flood).await.unwrap_err();
        let most = 64 * 1024 + message.len() + 16 * 1024 + PIPE;
        assert!(accepted <= most, "{accepted} bytes were accepted, of messages of {}", message.len());

        for _ in 0..accepted / message.len() {
            assert_eq!(at_once(near.message()).await, inv_of(items));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_64_kib_wait_for_the_owner() {
    let (mut near, mut far) = established_with_raw(256 * 1024).await;
    // Frames of 16 KiB, so that four are the limit to the byte.
    let header_and_rest = bytes_of(&tx_of(1000)).len() - 1000;
    let message = tx_of(16 * 1024 - header_and_rest);
    assert_eq!(bytes_of(&message).len(), 16 * 1024);
    for _ in 0..10 {
        far.write_all(&bytes_of(&message)).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let mut waiting = 0;
    while once(near.events.next()).is_ready() {
        waiting += 1;
    }
    assert_eq!(waiting, 4);
}

/// A transaction with a script of so many bytes, at least 253.
fn tx_of(script: usize) -> Message {
    let output = TxOut { value: 1, version: 0, pk_script: &vec![7; script] };
    Transaction::new(1, &[], &[output], 0, 0).unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_asks_again_gets_large_messages_one_by_one() {
    let (mut near, far) = established_with_raw(64 * 1024).await;
    let (_unread, mut far) = tokio::io::split(far);
    let message = bytes_of(&inv_of(10_000));
    let talk = async {
        for _ in 0..20 {
            far.write_all(&message).await.unwrap();
        }
    };
    let listen = async {
        for _ in 0..20 {
            sleep(Duration::from_secs(1)).await;
            assert_eq!(near.message().await, inv_of(10_000));
        }
    };
    tokio::join!(talk, listen);
}

#[tokio::test(start_paused = true)]
async fn a_slow_owner_does_not_blame_the_remote() {
    let (near, mut far) = duplex(64 * 1024);
    let mut near = answer(near, &node());
    far.write_all(&hands()).await.unwrap();
    near.handshake().await;
    for nonce in 0..17 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    sleep(HOUR).await;
    assert_eq!(near.events.closed(), None);
}

/// The last of the sixteen events is no word of the remote, so the remote is still waited for when the buffer is full.
#[tokio::test(start_paused = true)]
async fn a_slow_owner_blames_no_remote_whose_answer_is_not_read() {
    let (mut near, mut far) = established_with_raw(4096).await;
    let block = large_block(300_000);
    let wanted = [Inventory::block(block.hash())];
    let short = RequestOptions::new().deadline(Duration::from_secs(1)).on_timeout(OnTimeout::Report);
    let asked = near.handle.with(move |peer, now| {
        peer.request(&items([tx_item(1)]), short, now).unwrap();
        peer.request(&items(wanted), RequestOptions::new(), now).unwrap();
    });
    asked.await.unwrap();
    for nonce in 0..15 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;

    let answer = bytes_of(&block.clone().into());
    let answers = tokio::spawn(async move { far.write_all(&answer).await.map(|()| far) });
    sleep(Duration::from_secs(200)).await;
    let mut events = Vec::new();
    while events.len() < 17 {
        events.extend(near.events.next().await);
        assert_eq!(near.events.closed(), None);
    }
    assert!(
        matches!(events[15], Event::Unanswered { reason: Unanswered::DeadlinePassed, .. }),
        "{:?}",
        events[15]
    );
    assert!(matches!(&events[16], Event::Response(response) if response.message == Message::Block(block)));
    drop(answers.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_asks_for_nothing_still_talks() {
    let (near, mut far) = established_with_raw(64 * 1024).await;
    for nonce in 0..2000 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    let talk = async {
        near.handle.announce(item(1)).await.unwrap();
        near.handle.send(Message::GetAddr).await.unwrap();
        near.handle.flush().await.unwrap();
    };
    at_once(talk).await;
    sleep(Duration::from_secs(200)).await;
    let mut told = Vec::new();
    timeout(Duration::ZERO, far.read_to_end(&mut told)).await.unwrap_err();
    let mut told = commands_in(&told);
    told.retain(|command| command != "pong");
    assert_eq!(told, ["getaddr", "inv", "ping"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_pulled_is_answered_when_it_is() {
    let (mut near, mut far) = established_with_raw(64 * 1024).await;
    for nonce in 0..40 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    let pong = bytes_of(&ping(0)).len();
    let mut told = Vec::new();
    timeout(Duration::from_secs(1), far.read_to_end(&mut told)).await.unwrap_err();
    assert_eq!(told.len(), 16 * pong);
    for nonce in 0..40 {
        assert_eq!(at_once(near.ping()).await, nonce);
    }
    timeout(Duration::from_secs(1), far.read_to_end(&mut told)).await.unwrap_err();
    assert_eq!(told.len(), 40 * pong);
}

/// Reading pauses while pongs wait, and goes on with the last of them.
#[tokio::test(start_paused = true)]
async fn reading_goes_on_as_soon_as_the_pongs_are_taken() {
    let config = Config::builder(Network::SIMNET).send_pause(1).build().unwrap();
    let (mut near, far) = established_with_raw_of(&Node::new(config), 32).await;
    let (mut hears, mut says) = tokio::io::split(far);
    let talk = async {
        for nonce in 0..100 {
            says.write_all(&bytes_of(&ping(nonce))).await.unwrap();
        }
    };
    let listen = async {
        for nonce in 0..100 {
            assert_eq!(near.ping().await, nonce);
        }
    };
    let mut pongs = [0; 3200];
    at_once(async { tokio::join!(talk, listen, hears.read_exact(&mut pongs)) }).await.2.unwrap();
}
