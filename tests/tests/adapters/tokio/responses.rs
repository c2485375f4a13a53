//! What responds to requests: of every kind, in its bounds, and to those who gave up.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;

use futures_core::Stream;
use peer_core::message::{
    AddrV2, Address, FieldValues, InitState, Inventory, MixFactoredPoly, MixHeader, NetAddressV2, Pong,
    SeenMessages,
};
use peer_core::{
    Config, Event, Hash, InitStateRequests, Message, Network, Node, Request, RequestOptions, Services,
    Unanswered,
};
use peer_tests::requests::{filter, items};
use peer_tests::samples::{block, block_item, notfound, ping, tx, tx_item};
use peer_tokio::{Handle, ResponseError, Responses};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{sleep, timeout};

use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{bytes_of, node};
use crate::tokio::side::{Side, answer, dial, established, established_with_raw};

/// Responds to each request with what `respond` says.
fn serve(mut side: Side, respond: impl Fn(Message) -> Vec<Message> + Send + 'static) {
    tokio::spawn(async move {
        while let Some(event) = side.events.next().await {
            let Event::Message(message) = event else { continue };
            for response in respond(message) {
                side.handle.send(response).await.unwrap();
            }
        }
    });
}

/// A side whose remote responds so.
async fn served(respond: impl Fn(Message) -> Vec<Message> + Send + 'static) -> Side {
    let (near, far) = established(duplex(1 << 20)).await;
    serve(far, respond);
    near
}

/// All transactions that are asked for.
fn all(request: Message) -> Vec<Message> {
    let Message::GetData(request) = request else { return Vec::new() };
    (0..100)
        .filter(|number| request.inventory.contains(&tx_item(*number)))
        .map(|number| tx(number).into())
        .collect()
}

/// Asks for so many transactions.
async fn ask_for(near: &Handle, count: u32) -> Responses {
    let wanted: Vec<_> = (0..count).map(tx_item).collect();
    near.request(items(wanted), RequestOptions::new()).await.unwrap()
}

/// How many responses wait: those that come without a turn of the driver.
fn waiting(responses: &mut Responses) -> usize {
    let mut count = 0;
    while let Poll::Ready(Some(response)) = once(responses.next()) {
        response.unwrap();
        count += 1;
    }
    count
}

fn mixing_message() -> Message {
    let header = MixHeader { signature: [1; 64], identity: [2; 33], session_id: [3; 32], run: 0 };
    let (roots, seen_slot_reserves) = (FieldValues::default(), SeenMessages::new());
    Message::MixFactoredPoly(Box::new(MixFactoredPoly { header, roots, seen_slot_reserves }))
}

fn address() -> NetAddressV2 {
    let (timestamp, services) = (Default::default(), Services::NONE);
    NetAddressV2 { timestamp, services, address: Address::Ipv4([1, 2, 3, 4].into()), port: 9108 }
}

#[tokio::test(start_paused = true)]
async fn addresses_mixing_messages_and_the_initial_state_are_returned() {
    let state =
        InitState { block_hashes: vec![Hash::from_bytes([7; 32])].try_into().unwrap(), ..Default::default() };
    let told = state.clone();
    let (near, far) = duplex(1 << 20);
    let serves = Config::builder(Network::SIMNET)
        .init_state_requests(InitStateRequests::LeaveToOwner)
        .build()
        .unwrap();
    let (mut near, mut far) = (dial(near, &node()), answer(far, &Node::new(serves)));
    tokio::join!(near.handshake(), far.handshake());
    serve(far, move |request| match request {
        Message::GetAddr => vec![AddrV2::new(vec![address()]).unwrap().into()],
        Message::GetInitState(_) => vec![told.clone().into()],
        Message::GetData(_) => vec![mixing_message(), notfound([Inventory::mix(Hash::ZERO)])],
        _ => Vec::new(),
    });
    let handle = &near.handle;
    assert_eq!(at_once(handle.addresses()).await.unwrap(), [address()]);
    assert_eq!(at_once(handle.init_state(Vec::new().try_into().unwrap())).await.unwrap(), state);
    let wanted = [mixing_message().mix_hash().unwrap(), Hash::ZERO];
    assert_eq!(at_once(handle.mixing(&wanted)).await.unwrap(), [Some(mixing_message()), None]);
}

#[tokio::test(start_paused = true)]
async fn a_remote_of_before_addrv2_tells_addresses_as_well() {
    let old = Config::builder(Network::SIMNET).protocol_version(11.into()).build().unwrap();
    let (near, far) = duplex(1 << 20);
    let (mut near, mut far) = (dial(near, &node()), answer(far, &Node::new(old)));
    tokio::join!(near.handshake(), far.handshake());
    let tells = far.handle.clone();
    tokio::spawn(async move {
        while far.message().await != Message::GetAddr {}
        let told = tells.with(|peer, now| {
            peer.send_addresses(&[address()], now, &mut peer_tokio::SystemRng).unwrap();
        });
        told.await.unwrap();
        far.listen().await;
    });
    assert_eq!(at_once(near.handle.addresses()).await.unwrap()[0].address, address().address);
}

#[tokio::test(start_paused = true)]
async fn a_ping_takes_as_long_as_its_pong() {
    let (near, mut far) = established_with_raw(1024).await;
    let responds = async {
        let mut frame = [0; 32];
        far.read_exact(&mut frame).await.unwrap();
        let nonce = u64::from_le_bytes(frame[24..].try_into().unwrap());
        sleep(Duration::from_secs(3)).await;
        far.write_all(&bytes_of(&Pong { nonce }.into())).await.unwrap();
    };
    let (took, ()) = tokio::join!(near.handle.ping(), responds);
    assert_eq!(took, Ok(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn sixteen_responses_wait_for_one_who_asked_for_many() {
    let near = served(all).await;
    let mut responses = ask_for(&near.handle, 50).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(waiting(&mut responses), 16);
}

#[tokio::test(start_paused = true)]
async fn responses_of_64_kib_wait_for_one_who_asked_for_many() {
    // Frames of 16 KiB, so that four are the limit to the byte.
    let large = |number: u8| {
        let script = |len| vec![number; len];
        let of = |len| {
            let output = peer_core::message::TxOut { value: 1, version: 0, pk_script: &script(len) };
            peer_core::message::Transaction::new(1, &[], &[output], 0, 0).unwrap()
        };
        let rest = bytes_of(&of(16_000).into()).len() - 16_000;
        of(16 * 1024 - rest)
    };
    let sent: Vec<_> = (0..10).map(large).collect();
    assert_eq!(bytes_of(&sent[0].clone().into()).len(), 16 * 1024);
    let wanted: Vec<_> = sent.iter().map(|tx| Inventory::tx(tx.hash())).collect();
    let near = served(move |request| match request {
        Message::GetData(_) => sent.iter().cloned().map(Message::Tx).collect(),
        _ => Vec::new(),
    })
    .await;
    let mut responses = near.handle.request(items(wanted), RequestOptions::new()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(waiting(&mut responses), 4);
}

#[tokio::test(start_paused = true)]
async fn filters_that_come_one_by_one_wait_in_the_same_bounds() {
    let old = Config::builder(Network::SIMNET).protocol_version(9.into()).build().unwrap();
    let (near, far) = duplex(1 << 20);
    let (mut near, mut far) = (dial(near, &node()), answer(far, &Node::new(old)));
    tokio::join!(near.handshake(), far.handshake());
    serve(far, |request| match request {
        Message::GetCFilterV2(request) => vec![filter(request.block_hash).into()],
        _ => Vec::new(),
    });
    let blocks: Vec<_> = (0..50).map(|number| block_item(number).hash).collect();
    let wanted = Request::Filters(blocks.try_into().unwrap());
    let mut responses = near.handle.request(wanted, RequestOptions::new()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(waiting(&mut responses), 16);
}

#[tokio::test(start_paused = true)]
async fn what_responds_to_one_who_gave_up_takes_no_room() {
    let (mut near, far) = established(duplex(1 << 20)).await;
    let talks = far.handle.clone();
    serve(far, all);
    let mut responses = ask_for(&near.handle, 50).await;
    at_once(responses.next()).await.unwrap().unwrap();
    sleep(Duration::from_secs(1)).await;
    drop(responses);
    sleep(Duration::from_secs(1)).await;
    let open = near.handle.with(|peer, _| peer.requests().len());
    assert_eq!(open.await, Ok(0), "the rest is cancelled");
    talks.send(ping(1)).await.unwrap();
    assert_eq!(at_once(near.message()).await, ping(1));
}

#[tokio::test(start_paused = true)]
async fn what_an_owner_asked_for_by_itself_is_an_event_while_others_wait_for_responses() {
    let mut near = served(all).await;
    let _waits = at_once(near.handle.request(items([tx_item(200)]), RequestOptions::new())).await;
    let asked = near.handle.with(|peer, now| peer.request(&items([tx_item(1)]), RequestOptions::new(), now));
    let id = asked.await.unwrap().unwrap();
    let event = at_once(near.events.next()).await;
    assert!(matches!(&event, Some(Event::Response(response)) if response.id == id), "{event:?}");
}

/// The driver has not told the machine yet when the response is pulled.
#[tokio::test(start_paused = true)]
async fn a_response_to_one_who_gave_up_in_this_round_of_the_driver_is_no_event() {
    let (mut near, mut far) = established_with_raw(64 * 1024).await;
    let responses = near.handle.request(items([tx_item(1)]), RequestOptions::new()).await.unwrap();
    let mut said: Vec<_> = (0..16).flat_map(|nonce| bytes_of(&ping(nonce))).collect();
    said.extend(bytes_of(&tx(1).into()));
    said.extend(bytes_of(&ping(16)));
    far.write_all(&said).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    // The buffer of events was full, so the response has not been pulled. There is room when the driver runs next.
    assert!((0..10).all(|_| once(near.events.next()).is_ready()));
    near.handle.with(move |_, _| drop(responses)).await.unwrap();
    for nonce in 10..17 {
        assert_eq!(at_once(near.ping()).await, nonce);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_before_a_response_cancels_the_request() {
    let near = served(|_| Vec::new()).await;
    let responses = ask_for(&near.handle, 50).await;
    drop(responses);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(near.handle.with(|peer, _| peer.requests().len()).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn sixteen_blocks_are_asked_for_at_a_time() {
    let (near, mut far) = established(duplex(1 << 20)).await;
    let mut blocks = near.handle.blocks((0..100).map(|number| block_item(number).hash).collect());
    timeout(Duration::from_secs(10), blocks.next()).await.unwrap_err();
    assert_eq!(format!("{blocks:?}"), "Blocks { left: 84, requested: 16, .. }");
    let mut asked = 0;
    while let Ok(message) = timeout(Duration::from_secs(1), far.message()).await {
        asked += usize::from(matches!(message, Message::GetData(_)));
    }
    assert_eq!(asked, 16);
}

#[tokio::test(start_paused = true)]
async fn blocks_end_with_the_connection() {
    let (near, mut far) = established(duplex(4096)).await;
    let mut blocks = near.handle.blocks((0..100).map(|number| block_item(number).hash).collect());
    let ends = async {
        far.message().await;
        far.handle.close();
    };
    let (first, ()) = tokio::join!(blocks.next(), ends);
    assert!(matches!(first, Some(Err(ResponseError::Closed(_)))), "{first:?}");
    assert_eq!(blocks.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn responses_and_blocks_are_streams() {
    let near = served(|request| match &request {
        Message::GetData(wanted) if wanted.inventory.contains(&block_item(1)) => vec![block(1).into()],
        _ => all(request),
    })
    .await;
    let mut responses = ask_for(&near.handle, 2).await;
    let mut count = 0;
    while let Some(response) = poll_fn(|cx| Stream::poll_next(Pin::new(&mut responses), cx)).await {
        assert_eq!(response.unwrap().message, tx(count).into());
        count += 1;
    }
    assert_eq!(count, 2);
    let mut blocks = near.handle.blocks(vec![block_item(1).hash]);
    assert_eq!(poll_fn(|cx| Stream::poll_next(Pin::new(&mut blocks), cx)).await, Some(Ok(block(1))));
    assert_eq!(poll_fn(|cx| Stream::poll_next(Pin::new(&mut blocks), cx)).await, None);
}

#[test]
fn the_text_of_what_was_not_answered_counts_what_is_missing() {
    let text = |missing: Vec<Inventory>| {
        let missing = missing.try_into().unwrap();
        ResponseError::Unanswered { reason: Unanswered::TimedOut, missing }.to_string()
    };
    assert_eq!(text(Vec::new()), "the remote did not respond in time");
    assert_eq!(text(vec![tx_item(1), tx_item(2)]), "the remote did not respond in time: 2 missing");
    assert!(!ResponseError::EventsNotTaken.is_misbehaviour(), "it is the owner's doing");
    let missing = Vec::new().try_into().unwrap();
    assert!(ResponseError::Unanswered { reason: Unanswered::Mismatch, missing }.is_misbehaviour());
}
