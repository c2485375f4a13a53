//! Block headers.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Hex;
use crate::message::BlockHeader;

impl Serialize for BlockHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hash = self.hash();
        let mut fields = serializer.serialize_struct("BlockHeader", 20)?;
        fields.serialize_field("bits", &self.bits)?;
        fields.serialize_field("block_hash", &hash)?;
        fields.serialize_field("extra_data", &Hex(&self.extra_data))?;
        fields.serialize_field("final_state", &Hex(&self.final_state))?;
        fields.serialize_field("fresh_stake", &self.fresh_stake)?;
        fields.serialize_field("height", &self.height)?;
        fields.serialize_field("merkle_root", &self.merkle_root)?;
        fields.serialize_field("nonce", &self.nonce)?;
        fields.serialize_field("pool_size", &self.pool_size)?;
        fields.serialize_field("pow_hash_v1", &hash)?;
        fields.serialize_field("prev_block", &self.prev_block)?;
        fields.serialize_field("revocations", &self.revocations)?;
        fields.serialize_field("sbits", &self.sbits)?;
        fields.serialize_field("size", &self.size)?;
        fields.serialize_field("stake_root", &self.stake_root)?;
        fields.serialize_field("stake_version", &self.stake_version)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.serialize_field("version", &self.version)?;
        fields.serialize_field("vote_bits", &self.vote_bits)?;
        fields.serialize_field("voters", &self.voters)?;
        fields.end()
    }
}
