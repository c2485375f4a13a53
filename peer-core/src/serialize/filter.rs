//! Committed filters.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Hex;
use crate::blake256;
use crate::message::FilterData;

impl Serialize for FilterData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("FilterData", 3)?;
        fields.serialize_field("data", &Hex(self))?;
        fields.serialize_field("data_blake256", &Hex(&blake256::hash(self)))?;
        fields.serialize_field("data_len", &self.len())?;
        fields.end()
    }
}
