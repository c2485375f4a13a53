//! The example `node`, as wallets and nodes meet it.

use core::net::SocketAddr;

use peer_core::message::{
    BlockHeader, GetCFilterV2, GetCfsV2, GetData, GetHeaders, GetInitState, InitStateType, Inv, Inventory,
    Ping, Transaction, TxOut,
};
use peer_core::{Event, Hash, Message, Network, Services};

use crate::Remote;
use crate::program::{Program, example, run_beside, start};

/// Where an example listens.
pub(crate) fn address(program: &Program) -> SocketAddr {
    program.line("listening on ").split(' ').nth(2).unwrap().trim_end_matches(',').parse().unwrap()
}

fn node() -> (Program, SocketAddr) {
    let program = start(example("node", &["simnet", "127.0.0.1:0"]));
    let address = address(&program);
    (program, address)
}

fn genesis() -> Hash {
    Network::SIMNET.genesis_hash().unwrap()
}

async fn headers(remote: &mut Remote, locator: Vec<Hash>, stop: Hash) -> Vec<BlockHeader> {
    remote.send(GetHeaders { protocol_version: 0, locator: locator.try_into().unwrap(), stop }).await;
    remote.hear(|it| if let Message::Headers(it) = it { Some(it.headers.into_vec()) } else { None }).await
}

/// Whether a `pong` comes before any other message: there is no answer to what was sent before.
async fn is_silent(remote: &mut Remote) -> bool {
    remote.send(Ping { nonce: 77 }).await;
    loop {
        match remote.next().await {
            Some(Event::Message(Message::Pong(pong))) => return pong.nonce == 77,
            Some(Event::Message(_)) | None => return false,
            Some(_) => {}
        }
    }
}

fn heights(headers: &[BlockHeader]) -> Vec<u32> {
    headers.iter().map(|header| header.height).collect()
}

#[tokio::test]
async fn node_claims_the_full_service_and_its_height() {
    let (_program, address) = node();
    let remote = Remote::dial(address).await;
    let stats = remote.handle.stats().await;
    assert!(stats.services.contains(Services::NODE_NETWORK));
    assert_eq!(stats.starting_height, 250);
}

#[tokio::test]
async fn node_tells_headers_by_locator_and_stop() {
    let (_program, address) = node();
    let mut remote = Remote::dial(address).await;
    let all = headers(&mut remote, vec![genesis()], Hash::ZERO).await;
    assert_eq!(heights(&all), (1..=250).collect::<Vec<_>>());
    let parents = all.iter().map(|header| header.prev_block);
    assert!(parents.eq([genesis()].into_iter().chain(all.iter().take(249).map(BlockHeader::hash))));
    let at = |height: usize| all.get(height.saturating_sub(1)).unwrap().hash();
    let unknown = Hash::digest(b"unknown");
    for (locator, stop, expected) in [
        (vec![unknown, at(240), at(100)], Hash::ZERO, 241..=250),
        (vec![unknown], Hash::ZERO, 1..=250),
        (vec![at(10)], at(12), 11..=12),
        (vec![at(248)], at(3), 249..=250),
        (vec![], at(7), 7..=7),
    ] {
        let told = headers(&mut remote, locator, stop).await;
        assert_eq!(heights(&told), expected.collect::<Vec<_>>());
    }
    assert!(headers(&mut remote, vec![at(250)], Hash::ZERO).await.is_empty());
    assert!(headers(&mut remote, vec![], unknown).await.is_empty());
}

#[tokio::test]
async fn node_tells_filters_of_up_to_100_blocks_and_hundreds_one_by_one() {
    let (_program, address) = node();
    let mut remote = Remote::dial(address).await;
    let all = BlockHeader::hash_many(&headers(&mut remote, vec![genesis()], Hash::ZERO).await);
    let request = |first: usize, last: usize| GetCfsV2 {
        start_hash: *all.get(first).unwrap(),
        end_hash: *all.get(last).unwrap(),
    };
    remote.send(request(10, 109)).await;
    let filters =
        remote.hear(|it| if let Message::CFiltersV2(it) = it { Some(it.cfilters) } else { None }).await;
    assert!(filters.iter().map(|filter| &filter.block_hash).eq(all.iter().skip(10).take(100)));
    for beyond in [request(10, 110), request(5, 4), request(5, 3), request(249, 0)] {
        remote.send(beyond).await;
        assert!(is_silent(&mut remote).await, "{beyond:?}");
    }
    for hash in all.iter().chain([&genesis()]) {
        remote.send(GetCFilterV2 { block_hash: *hash }).await;
    }
    for hash in all.iter().chain([&genesis()]) {
        let got =
            remote.hear(|it| if let Message::CFilterV2(it) = it { Some(it.block_hash) } else { None }).await;
        assert_eq!(got, *hash);
    }
}

#[tokio::test]
async fn node_serves_blocks_and_says_what_is_missing_as_long_as_that_is_no_ban() {
    let (_program, address) = node();
    let mut remote = Remote::dial(address).await;
    let all = headers(&mut remote, vec![genesis()], Hash::ZERO).await;
    let missing: Vec<_> = (0..11).map(|number| Inventory::block(Hash::digest(&[number]))).collect();
    let (few, many) = missing.split_at(5);
    let known = all.iter().map(|header| Inventory::block(header.hash()));
    let wanted: Vec<_> = few.iter().copied().chain(known).collect();
    remote.send(GetData { inventory: wanted.try_into().unwrap() }).await;
    for header in &all {
        let block = remote.hear(|it| if let Message::Block(it) = it { Some(it) } else { None }).await;
        assert_eq!(block.header(), *header);
    }
    remote.hear(|it| matches!(it, Message::NotFound(it) if it.inventory[..] == *few).then_some(())).await;
    remote.send(GetData { inventory: many.to_vec().try_into().unwrap() }).await;
    assert!(is_silent(&mut remote).await, "a node would ban for so many at once");
}

#[tokio::test]
async fn node_answers_getinitstate() {
    let (_program, address) = node();
    let mut remote = Remote::dial(address).await;
    remote.send(GetInitState { types: vec![InitStateType::TREASURY_SPENDS].try_into().unwrap() }).await;
    remote.hear(|it| matches!(it, Message::InitState(_)).then_some(())).await;
}

#[tokio::test]
async fn node_asks_for_transactions_and_announces_them_and_their_block_in_the_form_that_each_peer_wants() {
    let (_program, address) = node();
    let (mut wallet, mut by_inv) = (Remote::dial(address).await, Remote::dial(address).await);
    let output = TxOut { value: 1, version: 0, pk_script: &[0x51] };
    let tx = Transaction::new(1, &[], &[output], 0, 0).unwrap();
    let item = Inventory::tx(tx.hash());
    wallet.send(Message::SendHeaders).await;
    assert!(is_silent(&mut by_inv).await);
    wallet.send(Inv { inventory: vec![item, Inventory::block(Hash::ZERO)].try_into().unwrap() }).await;
    wallet.hear(|it| matches!(it, Message::GetData(it) if it.inventory[..] == [item]).then_some(())).await;
    wallet.send(tx.clone()).await;
    let header = wallet
        .hear(|it| if let Message::Headers(it) = it { it.headers.first().copied() } else { None })
        .await;
    assert_eq!(header.height, 251);
    let block = Inventory::block(header.hash());
    let (mut told_block, mut told_tx) = (false, false);
    while !(told_block && told_tx) {
        let inv = by_inv.hear(|it| if let Message::Inv(it) = it { Some(it.inventory) } else { None }).await;
        told_block |= inv.contains(&block);
        told_tx |= inv.contains(&item);
    }
    by_inv.send(GetData { inventory: vec![item, block].try_into().unwrap() }).await;
    assert_eq!(by_inv.hear(|it| if let Message::Tx(it) = it { Some(it) } else { None }).await, tx);
    let got = by_inv.hear(|it| if let Message::Block(it) = it { Some(it) } else { None }).await;
    assert!(got.transactions().eq([tx]));
    // What it has, it does not ask for.
    wallet.send(Inv { inventory: vec![item].try_into().unwrap() }).await;
    wallet.send(Ping { nonce: 5 }).await;
    let mut is_asked = false;
    while let Some(event) = wallet.next().await {
        is_asked |= matches!(event, Event::Message(Message::GetData(_)));
        if matches!(event, Event::Message(Message::Pong(pong)) if pong.nonce == 5) {
            break;
        }
    }
    assert!(!is_asked);
}

#[tokio::test]
async fn node_serves_the_other_examples() {
    let (program, address) = node();
    let address = address.to_string();
    let tx = Transaction::new(1, &[], &[], 3, 0).unwrap();
    let hex: String = tx.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, args, fragment) in [
        ("client", vec![], "headers     250"),
        ("wallet", vec![], "headers  250"),
        ("broadcaster", vec![hex], "1 of 1 asked for it"),
    ] {
        let args = ["simnet".to_owned()].into_iter().chain(args).chain([address.clone()]).collect();
        let run = run_beside(name, args).await;
        run.assert_succeeds();
        assert!(run.has_line(fragment), "{name}: {:?}", run.out);
    }
    program.line("left: closed by the remote");
}
