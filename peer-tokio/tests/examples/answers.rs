//! What examples answer, what they wait for, and for how long.

use peer_core::Message;
use peer_core::message::{
    Block, BlockHeader, GetCfsV2, GetData, GetInitState, Headers, InitStateType, Inv, Inventory, Transaction,
    TxOut,
};
use peer_core::{Event, Hash, Network};

use crate::program::{Run, run_beside};
use crate::{Remote, listen};

/// A transaction, and its hexadecimal form.
pub(crate) fn transaction() -> (Transaction, String) {
    let output = TxOut { value: 1, version: 0, pk_script: &[0x51] };
    let tx = Transaction::new(1, &[], &[output], 0, 0).unwrap();
    let hex = tx.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    (tx, hex)
}

#[tokio::test(flavor = "multi_thread")]
async fn broadcaster_serves_until_all_have_asked() {
    let ((early, near), (late, far)) = (listen().await, listen().await);
    let (tx, hex) = transaction();
    let item = Inventory::tx(tx.hash());
    let run = tokio::spawn(run_beside("broadcaster", vec!["simnet".into(), hex, near.clone(), far.clone()]));
    let (mut early, mut late) = (Remote::accept(&early).await, Remote::accept(&late).await);
    for remote in [&mut early, &mut late] {
        remote
            .hear(|message| matches!(message, Message::Inv(inv) if inv.inventory[..] == [item]).then_some(()))
            .await;
    }
    // It is served a second time, as long as another one has not asked.
    for _ in 0..2 {
        early.send(GetData { inventory: vec![item].try_into().unwrap() }).await;
        let got = early.hear(|message| if let Message::Tx(tx) = message { Some(tx) } else { None }).await;
        assert_eq!(got, tx);
    }
    // What it does not have, it says.
    let other = Inventory::tx(Hash::digest(b"other"));
    late.send(GetData { inventory: vec![other, item].try_into().unwrap() }).await;
    late.hear(|message| {
        matches!(message, Message::NotFound(it) if it.inventory[..] == [other]).then_some(())
    })
    .await;
    late.hear(|message| matches!(message, Message::Tx(_)).then_some(())).await;
    tokio::join!(early.end(), late.end());
    let run = run.await.unwrap();
    run.assert_succeeds();
    assert!(run.has_line(&format!("{near}  asked for it")) && run.has_line(&format!("{far}  asked for it")));
    assert!(run.has_line("2 of 2 asked for it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn broadcaster_refuses_what_is_no_hexadecimal_number() {
    for hex in ["+1", "0", "zz"] {
        let run = run_beside("broadcaster", vec!["simnet".into(), hex.into(), "127.0.0.1:1".into()]).await;
        assert!(run.err.contains("not hexadecimal"), "{hex}: {}", run.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_is_not_misled_by_announcements() {
    let (listener, address) = listen().await;
    let run = tokio::spawn(run_beside("wallet", vec!["simnet".into(), address]));
    let mut remote = Remote::accept(&listener).await;
    remote.hear(|message| matches!(message, Message::GetHeaders(_)).then_some(())).await;
    // An announcement, and headers that answer nothing, before the answer.
    let prev_block = Network::SIMNET.genesis_hash().unwrap();
    let first = BlockHeader { height: 1, prev_block, ..BlockHeader::default() };
    let next = BlockHeader { height: 2, prev_block: first.hash(), ..first };
    remote.send(Inv { inventory: vec![Inventory::tx(Hash::ZERO)].try_into().unwrap() }).await;
    for headers in [vec![next], vec![first]] {
        remote.send(Headers { headers: headers.try_into().unwrap() }).await;
    }
    remote
        .hear(|message| {
            let is_first = |it: GetCfsV2| it.start_hash == first.hash() && it.end_hash == first.hash();
            matches!(message, Message::GetCfsV2(it) if is_first(it)).then_some(())
        })
        .await;
    remote.handle.close();
    let run = run.await.unwrap();
    assert!(!run.status.success() && run.err.contains("no node has it all"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_and_wallet_end_where_no_headers_come() {
    let visit = async |name| -> Run {
        let (listener, address) = listen().await;
        let run = tokio::spawn(run_beside(name, vec!["simnet".into(), address]));
        let mut remote = Remote::accept(&listener).await;
        // Other messages come all the time.
        while let Some(event) = remote.next().await {
            if event == Event::Established {
                let types = vec![InitStateType::TREASURY_SPENDS].try_into().unwrap();
                remote.send(GetInitState { types }).await;
            }
        }
        run.await.unwrap()
    };
    let (client, wallet) = tokio::join!(visit("client"), visit("wallet"));
    assert!(!client.status.success() && client.err.contains("did not respond"), "{}", client.err);
    assert!(!wallet.status.success() && wallet.has_line("did not respond"), "{:?}", wallet.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_answers_with_linked_headers_their_blocks_and_notfound() {
    let server = crate::program::start(crate::program::example("server", &["simnet", "127.0.0.1:0"]));
    let address = crate::node::address(&server);
    let mut remote = Remote::dial(address).await;
    let genesis = Network::SIMNET.genesis_hash().unwrap();
    remote.handle.request_headers(vec![genesis], Hash::ZERO).await.unwrap();
    let headers = remote.hear(|it| if let Message::Headers(it) = it { Some(it.headers) } else { None }).await;
    let parents = headers.iter().map(|header| header.prev_block);
    assert!(parents.eq([genesis].into_iter().chain(headers.iter().take(9).map(BlockHeader::hash))));
    let missing: Vec<_> = (0..6).map(|number| Inventory::block(Hash::digest(&[number]))).collect();
    let mut wanted = missing.clone();
    wanted.push(Inventory::block(headers.last().unwrap().hash()));
    remote.send(GetData { inventory: wanted.try_into().unwrap() }).await;
    // A sixth one would be a ban.
    for item in missing.iter().take(5) {
        remote
            .hear(|it| matches!(it, Message::NotFound(it) if it.inventory[..] == [*item]).then_some(()))
            .await;
    }
    let block: Block = remote.hear(|it| if let Message::Block(it) = it { Some(it) } else { None }).await;
    assert_eq!(block.header().height, 10);
    assert!(server.line("says getdata").contains("getdata"));
}
