//! What the machines and the remotes of a script talk about, by number.

use std::sync::LazyLock;

use peer_core::frame::Header;
use peer_core::message::{
    AddrV2, Address, Inventory, InventoryKind, NetAddressV2, Ping, Pong, Raw, Timestamp, Version,
};
use peer_core::{Command, Hash, Message, ProtocolVersion, Services, blake256};

use super::script::pick;
use crate::remote::{LATEST, NETWORK, introduction};
use crate::samples::{block, block_item, getdata, inv, notfound, tx, tx_item};

/// A message and the same as a frame.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) message: Message,
    pub(super) frame: Vec<u8>,
}

impl Word {
    fn new(message: Message) -> Self {
        // Some messages exist at some versions only; the bytes are the same at all of them.
        let mut payload = Vec::new();
        let encoded = versions().any(|version| message.encode(&mut payload, version).is_ok());
        assert!(encoded, "{message:?} can be sent at some version");
        let mut frame = Vec::new();
        write_frame(&mut frame, message.command().to_wire(), &payload);
        Self { message, frame }
    }
}

/// The message with this number.
pub(super) fn word(number: u8) -> &'static Word {
    pick(&WORDS, number)
}

/// The introduction with this number, by protocol version.
pub(super) fn greeting(number: u8) -> &'static Word {
    pick(&GREETINGS, number)
}

/// Accepts an introduction.
pub(super) fn verack() -> &'static Word {
    static VERACK: LazyLock<Word> = LazyLock::new(|| Word::new(Message::Verack));
    &VERACK
}

/// The item with this number. The first of them are those of the vocabulary.
pub(super) fn item(number: u8) -> Inventory {
    const KINDS: [InventoryKind; 3] = [InventoryKind::TX, InventoryKind::BLOCK, InventoryKind::MIX];
    match ITEMS.get(usize::from(number)) {
        Some(item) => *item,
        None => Inventory { kind: *pick(&KINDS, number), hash: Hash::from_bytes([number; 32]) },
    }
}

/// The transaction with this number, of more than anybody announces.
pub(super) fn numbered(number: u32) -> Inventory {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_le_bytes());
    Inventory::tx(Hash::from_bytes(hash))
}

/// Appends a frame that is right in everything around its payload.
pub(super) fn write_frame(out: &mut Vec<u8>, command: [u8; Command::LEN], payload: &[u8]) {
    let (len, checksum) = (payload.len().try_into().unwrap(), blake256::checksum(payload));
    out.extend_from_slice(&Header { network: NETWORK, command, len, checksum }.to_bytes());
    out.extend_from_slice(payload);
}

static ITEMS: LazyLock<[Inventory; 4]> =
    LazyLock::new(|| [tx_item(0), tx_item(1), block_item(0), block_item(1)]);

/// Commands of which no zeros are a message that can be sent. Scripts have them in frames of their own making only.
const UNSAID: [&str; 4] = ["mixkeyxchg", "mixslotres", "mixdcnet", "alert"];

/// The plainest message of each command, then some that belong together.
static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let [first, second, ..] = *ITEMS;
    let address = NetAddressV2 {
        timestamp: Timestamp::MAX,
        services: Services::NODE_NETWORK,
        address: Address::TorV3([1; 32]),
        port: 9108,
    };
    let raw = Raw { command: Command::new("custom").unwrap(), payload: vec![7; 40].into() };
    let related = [
        Message::Tx(tx(0)),
        Message::Tx(tx(1)),
        Message::Block(block(0)),
        Message::Block(block(1)),
        getdata(*ITEMS),
        getdata(vec![first; 9]),
        getdata([item(4), item(5)]),
        notfound([first, second]),
        notfound(*ITEMS),
        inv(*ITEMS),
        Message::Ping(Ping { nonce: 1 }),
        Message::Pong(Pong { nonce: u64::MAX }),
        Message::Raw(raw),
        Message::AddrV2(AddrV2::new(vec![address]).unwrap()),
    ];
    let words: Vec<_> = Command::all().filter_map(plainest).chain(related).map(Word::new).collect();
    let is_said = |command: &Command| words.iter().any(|word| word.message.command() == *command);
    let unsaid: Vec<_> = Command::all().filter(|command| !is_said(command)).collect();
    assert_eq!(unsaid, UNSAID.map(|name| Command::new(name).unwrap()), "each command has a word");
    words
});

/// Introductions of each version and beyond, then two that are odd otherwise.
static GREETINGS: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let plain = (0..=LATEST.cast_signed() + 1).chain([i32::MAX, i32::MIN, -1]).map(introduction);
    let late = Version { timestamp: Timestamp::MAX, last_block: i32::MIN, ..introduction(12) };
    let short = Version { addr_me: None, nonce: 0, last_block: -1, ..introduction(12) };
    plain.chain([late, short]).map(|version| Word::new(version.into())).collect()
});

/// The smallest payload of zeros that decodes and can be sent, as a message.
fn plainest(command: Command) -> Option<Message> {
    let sizes = (0..1000).map(|size| vec![0; size]);
    sizes.flat_map(|zeros| versions().map(move |version| (zeros.clone(), version))).find_map(
        |(zeros, version)| {
            let message = Message::decode(command, zeros.into(), version).ok()?;
            message.check(version).ok().map(|_| message)
        },
    )
}

/// All versions, newest first.
fn versions() -> impl Iterator<Item = ProtocolVersion> {
    (1..=LATEST).rev().map(ProtocolVersion::new)
}
