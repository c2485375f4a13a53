//! Messages of the old era.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Hex, Lossy, Text};
use crate::message::{Alert, Reject, SubVersions};

impl Serialize for Reject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Reject", 5)?;
        fields.serialize_field("cmd", &Lossy(self.command()))?;
        fields.serialize_field("code", &self.code().get())?;
        fields.serialize_field("code_name", &Text(self.code()))?;
        fields.serialize_field("hash", &self.hash().unwrap_or_default())?;
        fields.serialize_field("reason", &Lossy(self.reason()))?;
        fields.end()
    }
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Alert", 3)?;
        fields.serialize_field("payload", &self.payload())?;
        fields.serialize_field("serialized_payload", &Hex(self.serialized()))?;
        fields.serialize_field("signature", &Hex(self.signature()))?;
        fields.end()
    }
}

impl Serialize for SubVersions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Lossy))
    }
}
