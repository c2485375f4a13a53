//! Mixing messages.

use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Hex, Seq};
use crate::blake256;
use crate::hash::Hash;
use crate::message::{
    DcMix, DcNet, FieldValues, MixAmount, MixChange, MixCiphertexts, MixConfirm, MixDcNet, MixFactoredPoly,
    MixHeader, MixKeyExchange, MixMessage, MixPairReq, MixSecrets, MixSlotReserve, MixUtxo, ScriptClass,
};

/// Begins a message with the six fields that all but the pair request share; as many as `own` follow.
fn begin<S: Serializer>(
    serializer: S,
    message: &impl MixMessage,
    header: &MixHeader,
    own: usize,
) -> Result<S::SerializeStruct, S::Error> {
    let mut fields = serializer.serialize_struct("MixMessage", own.saturating_add(6))?;
    fields.serialize_field("hash", &message.hash())?;
    fields.serialize_field("identity", &Hex(&header.identity))?;
    fields.serialize_field("run", &header.run)?;
    fields.serialize_field("session_id", &Hex(&header.session_id))?;
    fields.serialize_field("signature", &Hex(&header.signature))?;
    fields.serialize_field("signed_data_blake256", &Hex(&message.signed_data()))?;
    Ok(fields)
}

impl Serialize for MixPairReq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("MixPairReq", 15)?;
        fields.serialize_field("change", &self.change)?;
        fields.serialize_field("expiry", &self.expiry)?;
        fields.serialize_field("flags", &self.flags)?;
        fields.serialize_field("hash", &self.hash())?;
        fields.serialize_field("identity", &Hex(&self.identity))?;
        fields.serialize_field("input_value", &self.input_value)?;
        fields.serialize_field("lock_time", &self.lock_time)?;
        fields.serialize_field("message_count", &self.message_count)?;
        fields.serialize_field("mix_amount", &self.mix_amount)?;
        fields.serialize_field("pairing_flags", &self.pairing_flags)?;
        fields.serialize_field("script_class", &self.script_class)?;
        fields.serialize_field("signature", &Hex(&self.signature))?;
        fields.serialize_field("signed_data_blake256", &Hex(&self.signed_data()))?;
        fields.serialize_field("tx_version", &self.tx_version)?;
        fields.serialize_field("utxos", &self.utxos)?;
        fields.end()
    }
}

impl Serialize for MixAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.atoms())
    }
}

impl Serialize for ScriptClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for MixUtxo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("MixUtxo", 7)?;
        fields.serialize_field("opcode", &self.opcode())?;
        fields.serialize_field("prev_hash", &self.prev_out().hash)?;
        fields.serialize_field("prev_index", &self.prev_out().index)?;
        fields.serialize_field("prev_tree", &self.prev_out().tree)?;
        fields.serialize_field("pub_key", &Hex(self.public_key()))?;
        fields.serialize_field("script", &Hex(self.script()))?;
        fields.serialize_field("signature", &Hex(self.signature()))?;
        fields.end()
    }
}

impl Serialize for MixChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("MixChange", 3)?;
        fields.serialize_field("pk_script", &Hex(&self.pk_script))?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("version", &self.version)?;
        fields.end()
    }
}

impl Serialize for MixKeyExchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 6)?;
        fields.serialize_field("commitment", &Hex(&self.commitment))?;
        fields.serialize_field("ecdh", &Hex(&self.ecdh))?;
        fields.serialize_field("epoch", &self.epoch)?;
        fields.serialize_field("pos", &self.pos)?;
        fields.serialize_field("pqpk_blake256", &Hex(&blake256::hash(&self.pqpk)))?;
        fields.serialize_field("seen_prs", &self.seen_pair_requests)?;
        fields.end()
    }
}

impl Serialize for MixCiphertexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ciphertexts: Vec<_> = self.ciphertexts().iter().map(|bytes| blake256::hash(bytes)).collect();
        let mut fields = begin(serializer, self, &self.header, 2)?;
        fields.serialize_field("ciphertexts_blake256", &Seq(ciphertexts.iter(), hex))?;
        fields.serialize_field("seen_key_exchanges", self.seen_key_exchanges())?;
        fields.end()
    }
}

impl Serialize for MixSlotReserve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 4)?;
        fields.serialize_field("dc_mix", &self.dc_mix)?;
        fields.serialize_field("kpcount", &self.dc_mix.columns())?;
        fields.serialize_field("mcount", &self.dc_mix.rows().len())?;
        fields.serialize_field("seen_ciphertexts", &self.seen_ciphertexts)?;
        fields.end()
    }
}

impl Serialize for DcMix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows().map(|row| Seq(row, Hex)))
    }
}

impl Serialize for FieldValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Hex))
    }
}

impl Serialize for MixFactoredPoly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 2)?;
        fields.serialize_field("roots", &self.roots)?;
        fields.serialize_field("seen_slot_reserves", &self.seen_slot_reserves)?;
        fields.end()
    }
}

impl Serialize for MixDcNet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 3)?;
        fields.serialize_field("dc_net", &self.dc_net)?;
        fields.serialize_field("mcount", &self.dc_net.vectors().len())?;
        fields.serialize_field("seen_slot_reserves", &self.seen_slot_reserves)?;
        fields.end()
    }
}

impl Serialize for DcNet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.vectors().map(|vector| Seq(vector.iter(), hex)))
    }
}

impl Serialize for MixConfirm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 2)?;
        fields.serialize_field("mix", &self.mix)?;
        fields.serialize_field("seen_dc_nets", &self.seen_dc_nets)?;
        fields.end()
    }
}

impl Serialize for MixSecrets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = begin(serializer, self, &self.header, 5)?;
        fields.serialize_field("commitment", &Hash::from_bytes(self.commitment()))?;
        fields.serialize_field("dc_net_msgs", &Seq(self.dc_net_messages.iter(), hex))?;
        fields.serialize_field("seed", &Hex(&self.seed))?;
        fields.serialize_field("seen_secrets", &self.seen_secrets)?;
        fields.serialize_field("slot_reserve_msgs", &self.slot_reserve_messages)?;
        fields.end()
    }
}

fn hex<const N: usize>(bytes: &[u8; N]) -> Hex<'_> {
    Hex(bytes)
}
