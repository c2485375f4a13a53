//! What a log says of each message.

use peer_core::message::{
    Addr, AddrV2, Block, BlockHeader, FeeFilter, FieldValues, FilterAdd, GetBlocks, GetData, GetHeaders,
    GetInitState, Headers, InitState, InitStateType, Inv, Inventory, InventoryKind, List, MixAmount,
    MixFactoredPoly, MixHeader, MixMessage, MixPairReq, NetAddress, NetAddressV2, NotFound, Ping, Reject,
    RejectCode, ScriptClass, TimedNetAddress, Timestamp, Transaction, TxOut, UserAgent, Version,
};
use peer_core::{Command, Hash, Message, ProtocolVersion, Services};

const A: Hash = Hash::from_bytes([0xaa; 32]);
const B: Hash = Hash::from_bytes([0xbb; 32]);
const ZERO: Hash = Hash::ZERO;

fn summary(message: Message) -> String {
    let summary = message.summary();
    assert_eq!(summary.is_empty(), summary.to_string().is_empty());
    summary.to_string()
}

#[test]
fn a_version_summary_describes_its_sender() {
    let version = Version {
        protocol_version: 12,
        services: Services::NODE_NETWORK,
        timestamp: Timestamp::default(),
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: None,
        nonce: 1,
        user_agent: UserAgent::new("/dcrwire:1.0.0/dcrd:2.1.0/").unwrap(),
        last_block: 432_100,
        disable_relay_tx: false,
    };

    assert_eq!(
        summary(Message::Version(Box::new(version))),
        "agent /dcrwire:1.0.0/dcrd:2.1.0/, pver 12, block 432100"
    );
}

#[test]
fn addresses_are_counted() {
    let entry = TimedNetAddress { timestamp: 0, address: NetAddress::UNSPECIFIED };
    let addresses = vec![entry; 3].try_into().unwrap();
    assert_eq!(summary(Message::Addr(Addr { addresses })), "3 addr");
    assert_eq!(summary(Message::Addr(Addr::default())), "0 addr");

    let entry = NetAddressV2 {
        timestamp: Timestamp::default(),
        services: Services::NODE_NETWORK,
        address: core::net::IpAddr::from([127, 0, 0, 1]).into(),
        port: 9108,
    };
    let addr = AddrV2::new(vec![entry; 2]).unwrap();
    assert_eq!(summary(Message::AddrV2(addr)), "2 addrv2");
}

#[test]
fn a_transaction_tells_its_size_and_when_it_is_final() {
    let tx = |lock_time| {
        let output = TxOut { value: 1, version: 0, pk_script: &[] };
        Transaction::new(1, &[], &[output, output], lock_time, 0).unwrap()
    };
    let lock = |lock_time| {
        let tx = tx(lock_time);
        let start = format!("hash {}, 0 inputs, 2 outputs, lock ", tx.hash());
        let summary = summary(Message::Tx(tx));
        summary.strip_prefix(&start).unwrap().to_owned()
    };

    // Low numbers are heights, the others seconds since 1970.
    assert_eq!(lock(0), "height 0");
    assert_eq!(lock(499_999_999), "height 499999999");
    assert_eq!(lock(500_000_000), "1985-11-05 00:53:20 +0000 UTC");
    assert_eq!(lock(u32::MAX), "2106-02-07 06:28:15 +0000 UTC");
}

#[test]
fn a_block_tells_what_its_header_says_and_counts_the_regular_tree() {
    let header = BlockHeader { version: 9, timestamp: 1_454_954_400, ..BlockHeader::default() };
    let tx = Transaction::new(1, &[], &[], 0, 0).unwrap();
    let block = Block::new(&header, &[tx.clone(), tx.clone()], &[tx]).unwrap();

    assert_eq!(
        summary(Message::Block(block)),
        format!("hash {}, ver 9, 2 tx, 2016-02-08 18:00:00 +0000 UTC", header.hash())
    );
}

#[test]
fn mixing_messages_tell_who_sent_them_and_for_which_run() {
    let identity = "02".repeat(33);
    let amount = MixAmount::new(1).unwrap();
    let offer = MixPairReq {
        signature: [1; 64],
        identity: [2; 33],
        expiry: 0,
        mix_amount: amount,
        script_class: ScriptClass::new("P2PKH-secp256k1-v0").unwrap(),
        tx_version: 1,
        lock_time: 0,
        message_count: 1,
        input_value: amount,
        utxos: List::new(),
        change: None,
        flags: 0,
        pairing_flags: 0,
    };
    let hash = offer.hash();
    assert_eq!(summary(Message::MixPairReq(Box::new(offer))), format!("identity {identity}, hash {hash}"));

    let mut session_id = [0; 32];
    session_id[0] = 0xab;
    let solution = MixFactoredPoly {
        header: MixHeader { signature: [1; 64], identity: [2; 33], session_id, run: 4 },
        roots: FieldValues::new([[7]]).unwrap(),
        seen_slot_reserves: List::new(),
    };
    let hash = solution.hash();
    // A session is shown in the order of its bytes, unlike a hash.
    let session = format!("ab{}", "00".repeat(31));
    assert_eq!(
        summary(Message::MixFactoredPoly(Box::new(solution))),
        format!("identity {identity}, hash {hash}, session {session}, run 4")
    );
}

#[test]
fn a_single_object_is_named() {
    let of = |kind| {
        let item = Inventory { kind, hash: A };
        let inventory = vec![item].try_into().unwrap();
        summary(Message::Inv(Inv { inventory }))
    };

    assert_eq!(of(InventoryKind::ERROR), format!("error {A}"));
    assert_eq!(of(InventoryKind::TX), format!("tx {A}"));
    assert_eq!(of(InventoryKind::BLOCK), format!("block {A}"));
    assert_eq!(of(InventoryKind::FILTERED_BLOCK), format!("filtered block {A}"));
    assert_eq!(of(InventoryKind::MIX), format!("mix message {A}"));
    assert_eq!(of(InventoryKind::new(77)), format!("unknown (77) {A}"));
}

#[test]
fn several_objects_are_counted_by_kind() {
    let unknown = Inventory { kind: InventoryKind::new(77), hash: A };
    let items = [
        Inventory::tx(A),
        unknown,
        Inventory::tx(B),
        Inventory::block(A),
        Inventory::mix(A),
        Inventory::tx(A),
    ];
    let inventory = || items.to_vec().try_into().unwrap();
    let counted = "txns 3, blocks 1, mixmsgs 1, other 1";

    assert_eq!(summary(Message::Inv(Inv { inventory: inventory() })), counted);
    assert_eq!(summary(Message::GetData(GetData { inventory: inventory() })), counted);
    assert_eq!(summary(Message::NotFound(NotFound { inventory: inventory() })), counted);
    assert_eq!(summary(Message::NotFound(NotFound::default())), "empty");
}

#[test]
fn a_locator_is_known_by_its_first_hash() {
    let locator = || vec![A, B].try_into().unwrap();
    let get = GetBlocks { protocol_version: 12, locator: locator(), stop: B };
    assert_eq!(summary(Message::GetBlocks(get)), format!("locator {A}, stop {B}"));

    let get = GetHeaders { protocol_version: 0, locator: locator(), stop: ZERO };
    assert_eq!(summary(Message::GetHeaders(get.clone())), format!("locator {A}, stop {ZERO}"));

    let locator = Vec::new().try_into().unwrap();
    let get = GetHeaders { locator, ..get };
    assert_eq!(summary(Message::GetHeaders(get)), format!("no locator, stop {ZERO}"));
}

#[test]
fn headers_end_in_the_newest_block() {
    assert_eq!(summary(Message::Headers(Headers::default())), "num 0");

    let first = BlockHeader { height: 7, ..BlockHeader::default() };
    let last = BlockHeader { height: 8, ..first };
    let headers = vec![first, last].try_into().unwrap();
    assert_eq!(
        summary(Message::Headers(Headers { headers })),
        format!("num 2, final hash {}, height 8", last.hash())
    );
}

#[test]
fn the_initial_state_is_listed_in_the_request_and_counted_in_the_answer() {
    let types = vec![InitStateType::HEAD_BLOCKS, InitStateType::TREASURY_SPENDS].try_into().unwrap();
    assert_eq!(summary(Message::GetInitState(GetInitState { types })), "types [headblocks tspends]");
    assert_eq!(summary(Message::GetInitState(GetInitState::default())), "types []");

    let state = InitState {
        block_hashes: vec![A].try_into().unwrap(),
        vote_hashes: vec![A; 5].try_into().unwrap(),
        tspend_hashes: vec![A; 2].try_into().unwrap(),
    };
    assert_eq!(summary(Message::InitState(Box::new(state))), "blocks 1, votes 5, treasury spends 2");
}

#[test]
fn a_reject_tells_what_and_why() {
    let reject = Reject::new("version", RejectCode::OBSOLETE, "too old: 0 < 1", Some(A)).unwrap();
    assert_eq!(
        summary(Message::Reject(Box::new(reject))),
        "cmd version, code REJECT_OBSOLETE, reason too old: 0  1"
    );

    let reject = Reject::new("tx", RejectCode::new(9), "", Some(A)).unwrap();
    assert_eq!(
        summary(Message::Reject(Box::new(reject))),
        format!("cmd tx, code Unknown RejectCode (9), reason , hash {A}")
    );

    let reject = Reject::new("block", RejectCode::DUPLICATE, "known", None).unwrap();
    assert_eq!(
        summary(Message::Reject(Box::new(reject))),
        format!("cmd block, code REJECT_DUPLICATE, reason known, hash {ZERO}")
    );
}

#[test]
fn long_texts_of_a_reject_are_cut_and_are_seen_to_be_cut() {
    let reject = |command: &str, reason: &str| {
        let reject = Reject::new(command, RejectCode::DUST, reason, None).unwrap();
        summary(Message::Reject(Box::new(reject)))
    };
    let reason = "r".repeat(250);

    assert_eq!(
        reject("abcdefghijklm", &format!("{reason}r")),
        format!("cmd abcdefghijkl..., code REJECT_DUST, reason {reason}...")
    );
    assert_eq!(
        reject("abcdefghijkl", &reason),
        format!("cmd abcdefghijkl, code REJECT_DUST, reason {reason}")
    );
    assert_eq!(
        reject("-abcdefghijkl-", &format!("<{reason}>")),
        format!("cmd abcdefghijkl, code REJECT_DUST, reason {reason}")
    );
}

#[test]
fn a_reject_cannot_smuggle_anything_into_a_log() {
    let received = |command: &[u8], reason: &[u8]| {
        let len = |text: &[u8]| u8::try_from(text.len()).unwrap();
        let payload = [&[len(command)], command, &[0x01, len(reason)], reason].concat();
        let reject = Command::new("reject").unwrap();
        summary(Message::decode(reject, payload.into(), ProtocolVersion::INITIAL).unwrap())
    };

    assert_eq!(
        received(b"p\x1b[31m\ng", b"<b>caf\xc3\xa9\xff</b>; a.b,c:d?e@"),
        "cmd p31mg, code REJECT_MALFORMED, reason bcaf/b; a.b,c:d?e@"
    );
    // As in the reference, what is left of the command decides, even though no hash was sent.
    assert_eq!(received(b"t-x", b""), format!("cmd tx, code REJECT_MALFORMED, reason , hash {ZERO}"));
}

#[test]
fn other_messages_have_an_empty_summary() {
    assert_eq!(summary(Message::Verack), "");
    assert_eq!(summary(Message::GetAddr), "");
    assert_eq!(summary(Message::MemPool), "");
    assert_eq!(summary(Message::Ping(Ping { nonce: 7 })), "");
    assert_eq!(summary(Message::FeeFilter(FeeFilter { min_fee: 10_000 })), "");
    assert_eq!(summary(Message::FilterAdd(FilterAdd::new(vec![1]).unwrap())), "");
}
