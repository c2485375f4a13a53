//! Transactions.

use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Hex, Seq};
use crate::message::{Transaction, TxIn, TxOut};

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let locs: Vec<usize> = self.pk_script_offsets().collect();
        let mut fields = serializer.serialize_struct("Transaction", 11)?;
        fields.serialize_field("expiry", &self.expiry())?;
        fields.serialize_field("inputs", &Seq(self.inputs(), |input| input))?;
        fields.serialize_field("lock_time", &self.lock_time())?;
        fields.serialize_field("outputs", &Seq(self.outputs(), |output| output))?;
        // The reference has no list at all where there are no outputs.
        fields.serialize_field("pk_script_locs", &(!locs.is_empty()).then_some(locs))?;
        fields.serialize_field("ser_type", &self.serialization().get())?;
        fields.serialize_field("serialize_size", &self.as_bytes().len())?;
        fields.serialize_field("tx_hash", &self.hash())?;
        fields.serialize_field("tx_hash_full", &self.full_hash())?;
        fields.serialize_field("tx_hash_witness", &self.witness_hash())?;
        fields.serialize_field("version", &self.version())?;
        fields.end()
    }
}

impl Serialize for TxIn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("TxIn", 8)?;
        fields.serialize_field("block_height", &self.block_height)?;
        fields.serialize_field("block_index", &self.block_index)?;
        fields.serialize_field("prev_hash", &self.prev_out.hash)?;
        fields.serialize_field("prev_index", &self.prev_out.index)?;
        fields.serialize_field("prev_tree", &self.prev_out.tree)?;
        fields.serialize_field("sequence", &self.sequence)?;
        fields.serialize_field("signature_script", &Hex(self.signature_script))?;
        fields.serialize_field("value_in", &self.value_in)?;
        fields.end()
    }
}

impl Serialize for TxOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("TxOut", 3)?;
        fields.serialize_field("pk_script", &Hex(self.pk_script))?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("version", &self.version)?;
        fields.end()
    }
}
