//! Requests as futures.

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{
    Error, Event, Hash, Interest, Message, Request, RequestError, RequestOptions, SendError, Unanswered,
};
use peer_tests::requests::{chain, filters_of, headers_of, items};
use peer_tests::samples::{block, block_item, notfound, ping, tx, tx_item};
use peer_tokio::ResponseError;
use tokio::io::duplex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::tokio::poll::{at_every_poll, at_once};
use crate::tokio::samples::node;
use crate::tokio::side::{Side, answer, dial, established};

pub(crate) const TIP: Hash = Hash::from_bytes([7; 32]);

/// The hash of a block.
pub(crate) fn hash(number: u32) -> Hash {
    block_item(number).hash
}

/// Serves what it has: blocks and transactions with even numbers, headers behind the tip, filters of everything.
pub(crate) fn serve(mut side: Side) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(event) = side.events.next().await {
            let Event::Message(message) = event else { continue };
            for response in responses(message) {
                side.handle.send(response).await.unwrap();
            }
        }
    })
}

fn responses(request: Message) -> Vec<Message> {
    match request {
        Message::GetData(request) => {
            let (mut found, mut missing) = (Vec::new(), Vec::new());
            for item in request.inventory {
                match have(item) {
                    Some(message) => found.push(message),
                    None => missing.push(item),
                }
            }
            found.extend((!missing.is_empty()).then(|| notfound(missing)));
            found
        }
        Message::GetHeaders(_) => vec![headers_of(chain(TIP, 3))],
        Message::GetCfsV2(request) => vec![filters_of(&[request.start_hash, request.end_hash])],
        _ => Vec::new(),
    }
}

fn have(item: Inventory) -> Option<Message> {
    (0..100).step_by(2).find_map(|number| match item {
        _ if item == block_item(number) => Some(Message::Block(block(number))),
        _ if item == tx_item(number) => Some(Message::Tx(tx(number))),
        _ => None,
    })
}

/// A side whose remote serves. Its events are taken by no one.
async fn served() -> Side {
    let (near, far) = established(duplex(64 * 1024)).await;
    serve(far);
    near
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_is_returned() {
    let near = served().await;
    let scene = async {
        let handle = &near.handle;
        let headers = handle.headers(vec![TIP], Hash::ZERO).await.unwrap();
        assert_eq!(headers, chain(TIP, 3));
        assert_eq!(handle.block(hash(4)).await.unwrap(), block(4));
        let transactions = handle.transactions(&[2, 3, 4].map(|number| tx_item(number).hash)).await.unwrap();
        assert_eq!(transactions, [Some(tx(2)), None, Some(tx(4))]);
        let blocks = [Hash::from_bytes([1; 32]), Hash::from_bytes([2; 32])];
        let filters = handle.filters(&blocks).await.unwrap();
        assert_eq!(filters.iter().map(|filter| filter.block_hash).collect::<Vec<_>>(), blocks);
        assert_eq!(handle.ping().await, Ok(Duration::ZERO));
    };
    at_once(scene).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told() {
    let near = served().await;
    let missing = near.handle.block(hash(3)).await;
    let expected = ResponseError::Unanswered {
        reason: Unanswered::NotFound,
        missing: vec![block_item(3)].try_into().unwrap(),
    };
    assert_eq!(missing, Err(expected.clone()));
    assert_eq!(expected.to_string(), "the remote does not have all of it: 1 missing");
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_declines_costs_two_seconds() {
    let near = served().await;
    let start = Instant::now();
    let addresses = near.handle.addresses().await;
    let reason = Unanswered::Declined;
    assert_eq!(addresses, Err(ResponseError::Unanswered { reason, missing: Vec::new().try_into().unwrap() }));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn blocks_come_in_the_order_asked_however_they_arrive() {
    let (near, mut far) = established(duplex(64 * 1024)).await;
    // Serves what it has heard last first.
    tokio::spawn(async move {
        while let Some(event) = far.events.next().await {
            let Event::Message(Message::GetData(first)) = event else { continue };
            let mut wanted = vec![first];
            while wanted.len() < 8 {
                let Some(Event::Message(Message::GetData(next))) = far.events.next().await else { return };
                wanted.push(next);
            }
            for request in wanted.into_iter().rev() {
                for response in responses(Message::GetData(request)) {
                    far.handle.send(response).await.unwrap();
                }
            }
        }
    });
    let numbers: Vec<u32> = (0..40).map(|number| number * 2).collect();
    let mut blocks = near.handle.blocks(numbers.iter().map(|number| hash(*number)).collect());
    let scene = async {
        for number in numbers {
            assert_eq!(blocks.next().await.unwrap().unwrap(), block(number));
        }
        assert_eq!(blocks.next().await, None);
    };
    at_once(scene).await;
}

#[tokio::test(start_paused = true)]
async fn a_block_that_is_missing_does_not_end_the_others() {
    let near = served().await;
    let mut blocks = near.handle.blocks([2, 3, 4].map(hash).into());
    assert_eq!(blocks.next().await.unwrap(), Ok(block(2)));
    assert!(matches!(blocks.next().await.unwrap(), Err(ResponseError::Unanswered { .. })));
    assert_eq!(blocks.next().await.unwrap(), Ok(block(4)));
    assert_eq!(blocks.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn two_callers_for_one_block_share_what_comes() {
    let (near, mut far) = established(duplex(4096)).await;
    let both = async { tokio::join!(near.handle.block(hash(2)), near.handle.block(hash(2))) };
    let remote = async {
        assert!(matches!(far.message().await, Message::GetData(_)));
        far.handle.send(block(2)).await.unwrap();
        far.handle.send(ping(1)).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    };
    let ((one, other), ()) = tokio::join!(both, remote);
    assert_eq!((one, other), (Ok(block(2)), Ok(block(2))));
    near.handle.send(ping(2)).await.unwrap();
    loop {
        match far.message().await {
            Message::Pong(_) => {}
            next => break assert_eq!(next, ping(2), "it was asked for once"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_cancels_its_request_at_every_poll() {
    at_every_poll(Duration::from_secs(1), async |cut| {
        let (near, far) = established(duplex(64)).await;
        serve(far);
        let result = cut.off(near.handle.block(hash(2))).await;
        // The one that was dropped gets nothing, this one everything.
        assert_eq!(near.handle.block(hash(2)).await, Ok(block(2)));
        let open = near.handle.with(|peer, _| peer.requests().len()).await;
        assert_eq!(open, Ok(0));
        result.is_some_and(|block| block.is_ok())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_responds_to_a_dropped_future_is_no_event() {
    let (mut near, mut far) = established(duplex(4096)).await;
    let responses = near.handle.request(items([block_item(2)]), RequestOptions::new()).await.unwrap();
    drop(responses);
    far.message().await;
    far.handle.send(block(2)).await.unwrap();
    far.handle.send(ping(1)).await.unwrap();
    assert_eq!(near.message().await, ping(1));
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_future_is_told_by_events() {
    let (mut near, far) = established(duplex(4096)).await;
    serve(far);
    let id = near.handle.with(|peer, now| peer.request(&items([block_item(3)]), RequestOptions::new(), now));
    let id = id.await.unwrap().unwrap();
    let missing = vec![block_item(3)].try_into().unwrap();
    let expected = Event::Unanswered { id, reason: Unanswered::NotFound, missing };
    assert_eq!(near.events.next().await, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_only_asks_needs_no_event_loop() {
    let (near, far) = duplex(4096);
    let (near, far) = (dial(near, &node()), answer(far, &node()));
    let talk = far.handle.clone();
    serve(far);
    let _open = near.events.only(Interest::NONE).await.unwrap();
    for nonce in 0..100 {
        talk.send(ping(nonce)).await.unwrap();
    }
    assert_eq!(at_once(near.handle.block(hash(2))).await, Ok(block(2)));
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_when_a_program_begins_to_ask_only_do_not_hold_up_its_responses() {
    let (near, far) = established(duplex(64 * 1024)).await;
    let talk = far.handle.clone();
    serve(far);
    for nonce in 0..100 {
        talk.send(ping(nonce)).await.unwrap();
    }
    talk.flush().await.unwrap();
    let _open = near.events.only(Interest::NONE).await.unwrap();
    assert_eq!(near.handle.block(hash(2)).await, Ok(block(2)));
}

#[tokio::test(start_paused = true)]
async fn events_of_interest_that_wait_already_stay() {
    let (near, mut far) = established(duplex(64 * 1024)).await;
    far.handle.send(ping(1)).await.unwrap();
    far.handle.announce_now(tx_item(1)).await.unwrap();
    assert!(matches!(far.message().await, Message::Pong(_)));
    sleep(Duration::from_secs(1)).await;
    let mut events = near.events.only(Interest::ANNOUNCEMENTS).await.unwrap();
    let first = at_once(events.next()).await;
    assert!(matches!(first, Some(Event::Message(Message::Inv(_)))), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_waits_in_its_own_event_loop_is_told_so() {
    let (near, far) = established(duplex(64 * 1024)).await;
    let talk = far.handle.clone();
    serve(far);
    for nonce in 0..100 {
        talk.send(ping(nonce)).await.unwrap();
    }
    talk.flush().await.unwrap();
    let start = Instant::now();
    // `near.events` are not taken: what the remote said before fills the buffer.
    let block = near.handle.block(hash(2)).await;
    assert_eq!(block, Err(ResponseError::EventsNotTaken));
    assert!(ResponseError::EventsNotTaken.to_string().contains("events"));
    assert_eq!(start.elapsed().as_secs(), 10);
}

/// What it took leaves room, which the rest of what waits fills again.
#[tokio::test(start_paused = true)]
async fn an_owner_that_takes_one_event_more_is_told_ten_seconds_later() {
    let (mut near, far) = established(duplex(64 * 1024)).await;
    let talk = far.handle.clone();
    serve(far);
    for nonce in 0..100 {
        talk.send(ping(nonce)).await.unwrap();
    }
    talk.flush().await.unwrap();
    let start = Instant::now();
    let takes_one = async {
        sleep(Duration::from_secs(7)).await;
        near.events.next().await;
    };
    let (block, ()) = tokio::join!(near.handle.block(hash(2)), takes_one);
    assert_eq!(block, Err(ResponseError::EventsNotTaken));
    assert_eq!(start.elapsed().as_secs(), 17);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_slow_is_no_reason_to_give_up() {
    let (mut near, far) = established(duplex(64 * 1024)).await;
    let talk = far.handle.clone();
    serve(far);
    for nonce in 0..40 {
        talk.send(ping(nonce)).await.unwrap();
    }
    talk.flush().await.unwrap();
    let slow = async {
        for _ in 0..40 {
            sleep(Duration::from_secs(4)).await;
            near.events.next().await;
        }
    };
    let (block_came, ()) = tokio::join!(near.handle.block(hash(2)), slow);
    assert_eq!(block_came, Ok(block(2)));
}

#[tokio::test(start_paused = true)]
async fn responses_that_no_one_takes_stop_the_reading() {
    let near = served().await;
    let wanted: Vec<_> = (0..100).step_by(2).map(tx_item).collect();
    let mut kept = near.handle.request(items(wanted), RequestOptions::new()).await.unwrap();
    let refused = near.handle.block(hash(2)).await;
    assert_eq!(refused, Err(ResponseError::EventsNotTaken));
    let mut count = 0;
    while let Some(response) = kept.next().await {
        assert_eq!(response.unwrap().remaining, 49 - count);
        count += 1;
    }
    assert_eq!(count, 50);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_is_told_of_the_end() {
    let (near, mut far) = established(duplex(4096)).await;
    let ends = async {
        far.message().await;
        far.handle.close();
    };
    let asks = near.handle.clone();
    // A task of its own, which nothing else wakes.
    let asks = tokio::spawn(async move { asks.block(hash(2)).await });
    let (block, ()) = at_once(async { tokio::join!(asks, ends) }).await;
    let block = block.unwrap();
    let Err(ResponseError::Closed(closed)) = block else { panic!("{block:?}") };
    assert_eq!(closed.reason, Error::ClosedByRemote);
    let mut blocks = near.handle.blocks(vec![hash(2); 100]);
    assert!(matches!(blocks.next().await, Some(Err(ResponseError::Closed(_)))));
    assert_eq!(blocks.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_says_why() {
    let near = served().await;
    let many = near.handle.headers(vec![TIP; 501], Hash::ZERO).await;
    assert!(
        matches!(many, Err(ResponseError::Refused(RequestError::Send(SendError::Encode(_))))),
        "{many:?}"
    );
    let none =
        near.handle.request(Request::Items(Vec::new().try_into().unwrap()), RequestOptions::new()).await;
    assert!(matches!(none, Err(ResponseError::Refused(RequestError::Empty))), "{none:?}");
}
