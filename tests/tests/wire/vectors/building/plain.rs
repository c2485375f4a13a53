//! Everything but committed filters and mixing.

use bytes::Bytes;
use peer_core::message::{
    Addr, AddrV2, Address, BlockHeader, FeeFilter, GetBlocks, GetData, GetHeaders, GetInitState, Headers,
    InitState, InitStateType, Inv, Inventory, InventoryList, MiningState, NetAddress, NetAddressV2, NotFound,
    OutPoint, Reject, RejectCode, TimedNetAddress, Timestamp, Transaction, TxIn, TxOut, UserAgent, Version,
};
use peer_core::{CodecError, Hash, Message, Services};

use super::words::Words;

pub(super) fn build(command: &str, words: &Words<'_>) -> Result<Message, CodecError> {
    Ok(match command {
        "version" => version(words)?.into(),
        "addr" => {
            let entry = TimedNetAddress { timestamp: 1, address: NetAddress::UNSPECIFIED };
            Message::Addr(Addr { addresses: words.items("addresses_count", entry)? })
        }
        "addrv2" => Message::AddrV2(AddrV2::new(vec![address(words)?; words.number("addresses_count", 1)])?),
        "inv" => Message::Inv(Inv { inventory: inventory(words)? }),
        "getdata" => Message::GetData(GetData { inventory: inventory(words)? }),
        "notfound" => Message::NotFound(NotFound { inventory: inventory(words)? }),
        "getblocks" => {
            let locator = words.hashes("locator_hashes_count")?;
            Message::GetBlocks(GetBlocks { protocol_version: 12, locator, stop: Hash::ZERO })
        }
        "getheaders" => {
            let locator = words.hashes("locator_hashes_count")?;
            Message::GetHeaders(GetHeaders { protocol_version: 12, locator, stop: Hash::ZERO })
        }
        "headers" => {
            Message::Headers(Headers { headers: words.items("headers_count", BlockHeader::default())? })
        }
        "tx" => Message::Tx(transaction(words, "ser_type")?),
        "reject" => reject(words)?,
        "sendheaders" => Message::SendHeaders,
        "feefilter" => Message::FeeFilter(FeeFilter { min_fee: 1 }),
        _ => state(command, words)?,
    })
}

fn state(command: &str, words: &Words<'_>) -> Result<Message, CodecError> {
    Ok(match command {
        "miningstate" => Message::MiningState(MiningState {
            version: 1,
            height: 1,
            block_hashes: words.hashes("block_hashes_count")?,
            vote_hashes: words.hashes("vote_hashes_count")?,
        }),
        "initstate" => Message::InitState(Box::new(InitState {
            block_hashes: words.hashes("block_hashes_count")?,
            vote_hashes: words.hashes("vote_hashes_count")?,
            tspend_hashes: words.hashes("tspend_hashes_count")?,
        })),
        "getinitstate" => {
            let mut types = vec![InitStateType::HEAD_BLOCKS; words.number("types_count", 1)];
            for name in words.get("types").map(|list| list.as_list()).unwrap_or_default() {
                types.push(InitStateType::new(name.as_str())?);
            }
            Message::GetInitState(GetInitState { types: types.try_into()? })
        }
        _ => panic!("no one knows how to build {command}"),
    })
}

fn version(words: &Words<'_>) -> Result<Version, CodecError> {
    Ok(Version {
        protocol_version: 12,
        services: Services::NODE_NETWORK,
        timestamp: Timestamp::from_unix(words.number("timestamp", 1))?,
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: None,
        nonce: 1,
        user_agent: UserAgent::new(words.text("user_agent", "/test/"))?,
        last_block: 0,
        disable_relay_tx: false,
    })
}

fn address(words: &Words<'_>) -> Result<NetAddressV2, CodecError> {
    let timestamp = words.number("timestamp", 1);
    let (kind, bytes) = (words.number("type", 1), words.bytes("addr_len", 4));
    Ok(NetAddressV2 {
        timestamp: Timestamp::from_unix(timestamp)?,
        services: Services::NODE_NETWORK,
        address: Address::new(kind, &bytes)?,
        port: 9108,
    })
}

fn inventory(words: &Words<'_>) -> Result<InventoryList, CodecError> {
    words.items("inventory_count", Inventory::tx(Hash::ZERO))
}

fn reject(words: &Words<'_>) -> Result<Message, CodecError> {
    let (command, reason) = (words.text("cmd", "inv"), words.text("reason", ""));
    Ok(Message::Reject(Box::new(Reject::new(command, RejectCode::INVALID, reason, None)?)))
}

/// A transaction with one input and one output. Its serialization is a number only on the wire, so one that
/// does not exist has to be written there.
pub(super) fn transaction(words: &Words<'_>, serialization: &'static str) -> Result<Transaction, CodecError> {
    let input = TxIn {
        prev_out: OutPoint::default(),
        sequence: u32::MAX,
        value_in: 2,
        block_height: 1,
        block_index: 0,
        signature_script: &words.bytes("signature_script_len", 1),
    };
    let output = TxOut { value: 1, version: 0, pk_script: &[0x51] };
    let transaction = Transaction::new(1, &[input], &[output], 0, 0)?;
    let mut wire = transaction.as_bytes().to_vec();
    wire[2] = words.number(serialization, 0);
    Transaction::decode(Bytes::from(wire))
}
