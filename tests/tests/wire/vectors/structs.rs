//! Every message's struct becomes the message by itself.

use bytes::Bytes;
use peer_core::message::Raw;
use peer_core::{Command, Message, ProtocolVersion};
use peer_tests::remote::LATEST;
use peer_tests::vectors::Folder;

#[test]
fn every_struct_becomes_its_message() {
    let folder = Folder::packaged();
    let raw = Message::Raw(Raw { command: Command::new("made_up").unwrap(), payload: Bytes::new() });
    for message in Command::all().map(|command| sample(&folder, command)).chain([raw]) {
        assert_eq!(rebuilt(message.clone()), message);
    }
}

/// A message of this kind.
fn sample(folder: &Folder, command: Command) -> Message {
    let lines = folder.lines(&format!("{command}.jsonl")).unwrap_or_default();
    let payloads = lines.iter().map(|line| Bytes::from(line.payload())).chain([Bytes::new()]);
    let read = |payload: Bytes| (1..=LATEST).find_map(|version| decode(command, payload.clone(), version));
    payloads.filter_map(read).next().unwrap_or_else(|| panic!("no {command} can be read"))
}

fn decode(command: Command, payload: Bytes, version: u32) -> Option<Message> {
    Message::decode(command, payload, ProtocolVersion::new(version)).ok()
}

/// The same message, from its struct.
fn rebuilt(message: Message) -> Message {
    match message {
        Message::Addr(message) => message.into(),
        Message::AddrV2(message) => message.into(),
        Message::GetBlocks(message) => message.into(),
        Message::Inv(message) => message.into(),
        Message::GetData(message) => message.into(),
        Message::NotFound(message) => message.into(),
        Message::Block(message) => message.into(),
        Message::Tx(message) => message.into(),
        Message::GetHeaders(message) => message.into(),
        Message::Headers(message) => message.into(),
        Message::Ping(message) => message.into(),
        Message::Pong(message) => message.into(),
        Message::MiningState(message) => message.into(),
        Message::FeeFilter(message) => message.into(),
        Message::GetCFilter(message) => message.into(),
        Message::GetCfHeaders(message) => message.into(),
        Message::CfHeaders(message) => message.into(),
        Message::CfTypes(message) => message.into(),
        Message::GetCFilterV2(message) => message.into(),
        Message::GetCfsV2(message) => message.into(),
        Message::CFiltersV2(message) => message.into(),
        Message::FilterAdd(message) => message.into(),
        Message::FilterLoad(message) => message.into(),
        Message::Raw(message) => message.into(),
        Message::Version(message) => (*message).into(),
        Message::CFilter(message) => (*message).into(),
        Message::CFilterV2(message) => (*message).into(),
        Message::InitState(message) => (*message).into(),
        Message::MixPairReq(message) => (*message).into(),
        Message::MixKeyExchange(message) => (*message).into(),
        Message::MixCiphertexts(message) => (*message).into(),
        Message::MixSlotReserve(message) => (*message).into(),
        Message::MixFactoredPoly(message) => (*message).into(),
        Message::MixDcNet(message) => (*message).into(),
        Message::MixConfirm(message) => (*message).into(),
        Message::MixSecrets(message) => (*message).into(),
        Message::Reject(message) => (*message).into(),
        Message::Alert(message) => (*message).into(),
        Message::MerkleBlock(message) => (*message).into(),
        empty => empty,
    }
}
