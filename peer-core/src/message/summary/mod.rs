//! One-line summaries of messages, for logs.

mod utc;

use core::fmt::{self, Write};

use self::utc::Utc;
use crate::hash::Hash;
use crate::message::codec::Hex;
use crate::message::{
    Block, Headers, InitState, InitStateType, Inventory, InventoryKind, Locator, Message, MixHeader,
    MixMessage, Reject, Transaction, Version,
};

/// A message in one line and in the reference's words. Empty for messages with little to show.
///
/// It is made only when it is displayed, so a log that is off costs nothing.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "messageSummary")]
pub struct Summary<'a>(&'a Message);

impl Message {
    /// A one-line summary for logs.
    #[must_use]
    pub const fn summary(&self) -> Summary<'_> {
        Summary(self)
    }
}

impl Summary<'_> {
    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Every summary begins with fixed text, at which writing stops, so nothing large is hashed.
        write!(EmptyOnly, "{self}").is_ok()
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Message::Version(version) => introduction(f, version),
            Message::Addr(addr) => write!(f, "{} addr", addr.addresses.len()),
            Message::AddrV2(addr) => write!(f, "{} addrv2", addr.addresses().len()),
            Message::Tx(tx) => transaction(f, tx),
            Message::Block(message) => block(f, message),
            Message::MixPairReq(offer) => sender(f, &offer.identity, &**offer),
            Message::MixKeyExchange(mix) => mixing(f, &mix.header, &**mix),
            Message::MixCiphertexts(mix) => mixing(f, &mix.header, &**mix),
            Message::MixSlotReserve(mix) => mixing(f, &mix.header, &**mix),
            Message::MixFactoredPoly(mix) => mixing(f, &mix.header, &**mix),
            Message::MixDcNet(mix) => mixing(f, &mix.header, &**mix),
            Message::MixConfirm(mix) => mixing(f, &mix.header, &**mix),
            Message::MixSecrets(mix) => mixing(f, &mix.header, &**mix),
            Message::Inv(inv) => inventory(f, &inv.inventory),
            Message::GetData(get) => inventory(f, &get.inventory),
            Message::NotFound(missing) => inventory(f, &missing.inventory),
            Message::GetBlocks(get) => locator(f, &get.locator, &get.stop),
            Message::GetHeaders(get) => locator(f, &get.locator, &get.stop),
            Message::Headers(list) => headers(f, list),
            Message::GetInitState(get) => init_state_types(f, &get.types),
            Message::InitState(state) => initial_state(f, state),
            Message::Reject(message) => message.fmt(f),
            // One by one, so that the compiler asks what a log can say of a new message.
            Message::Verack
            | Message::GetAddr
            | Message::Ping(_)
            | Message::Pong(_)
            | Message::MemPool
            | Message::GetMinings
            | Message::MiningState(_)
            | Message::SendHeaders
            | Message::FeeFilter(_)
            | Message::GetCFilter(_)
            | Message::CFilter(_)
            | Message::GetCfHeaders(_)
            | Message::CfHeaders(_)
            | Message::GetCfTypes
            | Message::CfTypes(_)
            | Message::GetCFilterV2(_)
            | Message::CFilterV2(_)
            | Message::GetCfsV2(_)
            | Message::CFiltersV2(_)
            | Message::Alert(_)
            | Message::FilterAdd(_)
            | Message::FilterClear
            | Message::FilterLoad(_)
            | Message::MerkleBlock(_)
            | Message::Raw(_) => Ok(()),
        }
    }
}

fn introduction(f: &mut fmt::Formatter<'_>, version: &Version) -> fmt::Result {
    let Version { user_agent, protocol_version, last_block, .. } = version;
    write!(f, "agent {user_agent}, pver {protocol_version}, block {last_block}")
}

fn transaction(f: &mut fmt::Formatter<'_>, tx: &Transaction) -> fmt::Result {
    // Below this number a lock time is the height of a block, from it on a time.
    const FIRST_TIME: u32 = 500_000_000;
    f.write_str("hash ")?;
    write!(f, "{}, {} inputs, {} outputs, lock ", tx.hash(), tx.inputs().len(), tx.outputs().len())?;
    match tx.lock_time() {
        height @ ..FIRST_TIME => write!(f, "height {height}"),
        seconds => write!(f, "{}", Utc(seconds)),
    }
}

fn block(f: &mut fmt::Formatter<'_>, block: &Block) -> fmt::Result {
    let header = block.header();
    write!(
        f,
        "hash {}, ver {}, {} tx, {}",
        block.hash(),
        header.version,
        block.transactions().len(),
        Utc(header.timestamp)
    )
}

fn sender(f: &mut fmt::Formatter<'_>, identity: &[u8], message: &dyn MixMessage) -> fmt::Result {
    write!(f, "identity {}", Hex(identity))?;
    write!(f, ", hash {}", message.hash())
}

fn mixing(f: &mut fmt::Formatter<'_>, header: &MixHeader, message: &dyn MixMessage) -> fmt::Result {
    sender(f, &header.identity, message)?;
    write!(f, ", session {}, run {}", Hex(&header.session_id), header.run)
}

fn inventory(f: &mut fmt::Formatter<'_>, items: &[Inventory]) -> fmt::Result {
    match items {
        [] => f.write_str("empty"),
        [Inventory { kind, hash }] => match *kind {
            InventoryKind::ERROR => write!(f, "error {hash}"),
            InventoryKind::TX => write!(f, "tx {hash}"),
            InventoryKind::BLOCK => write!(f, "block {hash}"),
            InventoryKind::FILTERED_BLOCK => write!(f, "filtered block {hash}"),
            InventoryKind::MIX => write!(f, "mix message {hash}"),
            unknown => write!(f, "unknown ({}) {hash}", unknown.get()),
        },
        _ => {
            let count = |kind| items.iter().filter(|item| item.kind == kind).count();
            let txs = count(InventoryKind::TX);
            let blocks = count(InventoryKind::BLOCK);
            let mixes = count(InventoryKind::MIX);
            let other = [txs, blocks, mixes].into_iter().fold(items.len(), usize::saturating_sub);
            write!(f, "txns {txs}, blocks {blocks}, mixmsgs {mixes}, other {other}")
        }
    }
}

fn locator(f: &mut fmt::Formatter<'_>, locator: &Locator, stop: &Hash) -> fmt::Result {
    match locator.first() {
        Some(first) => write!(f, "locator {first}, stop {stop}"),
        None => write!(f, "no locator, stop {stop}"),
    }
}

fn init_state_types(f: &mut fmt::Formatter<'_>, types: &[InitStateType]) -> fmt::Result {
    f.write_str("types [")?;
    for (index, kind) in types.iter().enumerate() {
        let separator = if index == 0 { "" } else { " " };
        write!(f, "{separator}{kind}")?;
    }
    f.write_str("]")
}

fn initial_state(f: &mut fmt::Formatter<'_>, state: &InitState) -> fmt::Result {
    let (blocks, votes) = (state.block_hashes.len(), state.vote_hashes.len());
    write!(f, "blocks {blocks}, votes {votes}, treasury spends {}", state.tspend_hashes.len())
}

fn headers(f: &mut fmt::Formatter<'_>, message: &Headers) -> fmt::Result {
    write!(f, "num {}", message.headers.len())?;
    match message.headers.last() {
        Some(last) => write!(f, ", final hash {}, height {}", last.hash(), last.height),
        None => Ok(()),
    }
}

impl fmt::Display for Reject {
    /// In the reference's words, fit for logs: its texts are the remote's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = Sanitized(self.command(), 12);
        let reason = Sanitized(self.reason(), 250);
        write!(f, "cmd {command}, code {}, reason {reason}", self.code())?;
        // The reference looks at what is left of the command, not at what the remote sent.
        if command.chars().eq("block".chars()) || command.chars().eq("tx".chars()) {
            write!(f, ", hash {}", self.hash().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A text of the remote without characters that could do harm in a log, cut after the given number of characters.
struct Sanitized<'a>(&'a [u8], usize);

impl Sanitized<'_> {
    fn chars(&self) -> impl Iterator<Item = char> {
        let bytes = self.0.iter().copied();
        bytes.map(char::from).filter(
            |c| matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | ' ' | '.' | ',' | ';' | '_' | '/' | ':' | '?' | '@'),
        )
    }
}

impl fmt::Display for Sanitized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.chars();
        for c in chars.by_ref().take(self.1) {
            f.write_char(c)?;
        }
        if chars.next().is_some() {
            f.write_str("...")?;
        }
        Ok(())
    }
}

/// Refuses any text but the empty one.
struct EmptyOnly;

impl Write for EmptyOnly {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}
