//! The eight mixing messages.

use peer_core::message::{
    DcMix, DcNet, FieldValues, List, MixAmount, MixCiphertexts, MixConfirm, MixDcNet, MixFactoredPoly,
    MixHeader, MixKeyExchange, MixPairReq, MixSecrets, MixSlotReserve, MixUtxo, OutPoint, ScriptClass,
};
use peer_core::{CodecError, Hash, Message};

use super::plain::transaction;
use super::words::Words;

const HEADER: MixHeader = MixHeader { signature: [1; 64], identity: [2; 33], session_id: [3; 32], run: 0 };

pub(super) fn build(command: &str, words: &Words<'_>) -> Result<Message, CodecError> {
    Ok(match command {
        "mixpairreq" => Message::MixPairReq(Box::new(pair_request(words)?)),
        "mixkeyxchg" => Message::MixKeyExchange(Box::new(MixKeyExchange {
            header: HEADER,
            epoch: 1,
            pos: 0,
            ecdh: [2; 33],
            pqpk: [4; MixKeyExchange::PQPK_LEN],
            commitment: [5; 32],
            seen_pair_requests: words.hashes("seen_prs_count")?,
        })),
        "mixcphrtxt" => Message::MixCiphertexts(Box::new(ciphertexts(words)?)),
        "mixslotres" => Message::MixSlotReserve(Box::new(MixSlotReserve {
            header: HEADER,
            dc_mix: matrix(words)?,
            seen_ciphertexts: words.hashes("seen_ciphertexts_count")?,
        })),
        "mixfactpoly" => {
            let root = words.bytes("root_len", 1);
            Message::MixFactoredPoly(Box::new(MixFactoredPoly {
                header: HEADER,
                roots: FieldValues::new(vec![root; words.number("roots_count", 1)])?,
                seen_slot_reserves: words.hashes("seen_slot_reserves_count")?,
            }))
        }
        "mixdcnet" => Message::MixDcNet(Box::new(MixDcNet {
            header: HEADER,
            dc_net: DcNet::new(vec![[[6; DcNet::MESSAGE_LEN]]; words.number("mcount", 1)])?,
            seen_slot_reserves: words.hashes("seen_slot_reserves_count")?,
        })),
        "mixconfirm" => Message::MixConfirm(Box::new(MixConfirm {
            header: HEADER,
            mix: transaction(words, "mix_ser_type")?,
            seen_dc_nets: words.hashes("seen_dc_nets_count")?,
        })),
        "mixsecrets" => Message::MixSecrets(Box::new(MixSecrets {
            header: HEADER,
            seed: [8; 32],
            slot_reserve_messages: FieldValues::new([[9]])?,
            dc_net_messages: words.items("dc_net_msgs_count", [6; DcNet::MESSAGE_LEN])?,
            seen_secrets: words.hashes("seen_secrets_count")?,
        })),
        _ => panic!("no one knows how to build {command}"),
    })
}

fn pair_request(words: &Words<'_>) -> Result<MixPairReq, CodecError> {
    let utxo = MixUtxo::new(
        OutPoint::default(),
        words.bytes("utxo_script_len", 0),
        words.bytes("utxo_pub_key_len", 33),
        words.bytes("utxo_signature_len", 64),
        0,
    )?;
    Ok(MixPairReq {
        signature: [1; 64],
        identity: [2; 33],
        expiry: 1,
        mix_amount: MixAmount::new(1)?,
        script_class: ScriptClass::new(words.text("script_class", ScriptClass::P2PKH_V0))?,
        tx_version: 1,
        lock_time: 0,
        message_count: 1,
        input_value: MixAmount::new(2)?,
        utxos: words.items("utxos_count", utxo)?,
        change: None,
        flags: 0,
        pairing_flags: 0,
    })
}

/// As many key exchanges as ciphertexts, unless the words give both numbers.
fn ciphertexts(words: &Words<'_>) -> Result<MixCiphertexts, CodecError> {
    let count = words.number("ciphertexts_count", 1);
    let seen = vec![Hash::ZERO; words.number("seen_key_exchanges_count", count)];
    MixCiphertexts::new(HEADER, vec![[7; MixCiphertexts::CIPHERTEXT_LEN]; count], List::try_from(seen)?)
}

fn matrix(words: &Words<'_>) -> Result<DcMix, CodecError> {
    let (rows, columns) = (words.number("mcount", 1), words.number("kpcount", 1));
    let lengths = match words.get("dc_mix_row_lengths") {
        Some(lengths) => lengths.as_list().iter().map(|length| length.as_int()).collect(),
        None => vec![columns; rows],
    };
    let value = words.bytes("value_len", 1);
    DcMix::new(lengths.into_iter().map(|len: usize| vec![value.clone(); len]))
}
