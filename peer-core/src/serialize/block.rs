//! Blocks.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Hex, Seq};
use crate::message::{Block, MerkleFlags};

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (regular, stake) = (self.transactions(), self.stake_transactions());
        let mut fields = serializer.serialize_struct("Block", 6)?;
        fields.serialize_field("header", &self.header())?;
        fields.serialize_field("serialize_size", &self.as_bytes().len())?;
        fields.serialize_field("stransactions", &Seq(stake.clone(), |transaction| transaction))?;
        fields.serialize_field("stx_count", &stake.len())?;
        fields.serialize_field("transactions", &Seq(regular.clone(), |transaction| transaction))?;
        fields.serialize_field("tx_count", &regular.len())?;
        fields.end()
    }
}

impl Serialize for MerkleFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Hex(self.as_bytes()).serialize(serializer)
    }
}
