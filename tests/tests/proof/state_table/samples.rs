//! A valid payload of every command, and the request that each answer answers.

use bytes::Bytes;
use peer_core::message::{FilterType, InventoryKind};
use peer_core::message::{GetCFilter, GetCFilterV2, GetCfHeaders, GetCfsV2, GetInitState, Inventory, List};
use peer_core::{Command, Hash, Message, ProtocolVersion};
use peer_tests::remote::{LATEST, introduction};
use peer_tests::samples::{self, block, block_item, getdata, notfound};
use peer_tests::vectors::Folder;

/// A command with a payload that it may have.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) payload: Bytes,
    /// The newest version at which the payload can be read, and what it says then.
    pub(crate) message: Option<Message>,
}

impl Sample {
    pub(crate) fn is_valid_at(&self, version: u32) -> bool {
        let message = self.message.as_ref();
        message.is_some_and(|message| decode(message.command(), &self.payload, version).is_some())
    }
}

/// One of every command, and of one that does not exist.
pub(crate) fn all() -> Vec<Sample> {
    let folder = Folder::packaged();
    let mut samples: Vec<_> = Command::all().map(|command| sample(&folder, command)).collect();
    samples.push(Sample { name: "(unknown)".into(), payload: Bytes::new(), message: None });
    samples
}

fn sample(folder: &Folder, command: Command) -> Sample {
    let payload = match command.as_str() {
        "version" => encoded(&introduction(12).into()),
        "block" => encoded(&Message::Block(block(1))),
        "getdata" => encoded(&getdata([block_item(1)])),
        "notfound" => encoded(&notfound([block_item(1)])),
        name => shortest(folder, name),
    };
    let message = (1..=LATEST).rev().find_map(|version| decode(command, &payload, version));
    assert!(
        message.is_some(),
        "{command}: no sample can be read; `tests/vectors` has none, so give one here"
    );
    Sample { name: command.as_str().to_owned(), payload, message }
}

/// Among the vectors the shortest payload that says something and may be sent too, or the empty one.
fn shortest(folder: &Folder, name: &str) -> Bytes {
    let lines = folder.lines(&format!("{name}.jsonl")).unwrap_or_default();
    let command = Command::new(name).unwrap();
    let payloads = lines.iter().map(|line| Bytes::from(line.payload()));
    let valid =
        payloads.filter(|payload| (1..=LATEST).any(|version| decode(command, payload, version).is_some()));
    let mut valid: Vec<_> = valid.collect();
    valid.sort_by_key(|payload| (!is_sendable(command, payload), payload.len() == 1, payload.len()));
    valid.into_iter().next().unwrap_or_default()
}

fn is_sendable(command: Command, payload: &Bytes) -> bool {
    (1..=LATEST).any(|version| {
        let message = decode(command, payload, version);
        message.is_some_and(|message| message.check(ProtocolVersion::new(version)).is_ok())
    })
}

fn decode(command: Command, payload: &Bytes, version: u32) -> Option<Message> {
    Message::decode(command, payload.clone(), ProtocolVersion::new(version)).ok()
}

fn encoded(message: &Message) -> Bytes {
    let mut payload = Vec::new();
    message.encode(&mut payload, ProtocolVersion::LATEST).unwrap();
    payload.into()
}

/// The request that a sample answers, if it answers one at this version.
pub(crate) fn request(sample: &Sample, version: u32) -> Option<Message> {
    let hash = Hash::ZERO;
    match sample.message.as_ref()? {
        Message::Block(_) => Some(getdata([block_item(1)])),
        Message::NotFound(_) => Some(getdata([block_item(1)])),
        Message::Tx(tx) => Some(getdata([Inventory::tx(tx.hash())])),
        Message::MerkleBlock(block) => {
            let kind = InventoryKind::FILTERED_BLOCK;
            Some(getdata([Inventory { kind, hash: block.header.hash() }]))
        }
        _ if sample.name.starts_with("mix") => Some(getdata([Inventory::mix(Hash::digest(&sample.payload))])),
        Message::MiningState(_) => Some(Message::GetMinings),
        Message::InitState(_) => Some(Message::GetInitState(GetInitState::default())),
        Message::CFilter(_) => {
            Some(Message::GetCFilter(GetCFilter { block_hash: hash, filter_type: FilterType::REGULAR }))
        }
        Message::CfHeaders(_) => Some(Message::GetCfHeaders(GetCfHeaders {
            locator: List::new(),
            stop: hash,
            filter_type: FilterType::REGULAR,
        })),
        Message::CfTypes(_) => Some(Message::GetCfTypes),
        Message::CFilterV2(_) => Some(Message::GetCFilterV2(GetCFilterV2 { block_hash: hash })),
        Message::CFiltersV2(_) => Some(Message::GetCfsV2(GetCfsV2 { start_hash: hash, end_hash: hash })),
        Message::Inv(_) if version < 9 => Some(Message::MemPool),
        Message::Headers(_) if version < 9 => Some(samples::getheaders()),
        _ => None,
    }
}
