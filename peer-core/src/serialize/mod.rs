//! `Serialize` for what messages are made of and for what the machine tells, behind the feature `serde`.
//!
//! Fields have the names of the golden vectors: hashes are text, byte strings hex, addresses both hex and
//! text. Values that others would have to compute, like a header's hash, are included. Structs whose fields
//! serialize as they are derive it where they stand; the rest is here.

mod address;
mod block;
mod filter;
mod header;
mod legacy;
mod machine;
mod mixing;
mod transaction;

use alloc::vec::Vec;
use core::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::hash::Hash;
pub(crate) use crate::message::codec::Hex;
pub(crate) use crate::message::codec::text::Lossy;
use crate::message::{InitStateType, Inventory, List, Raw, Timestamp, UserAgent};
use crate::services::Services;

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Services {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.bits())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.seconds())
    }
}

impl Serialize for UserAgent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for InitStateType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<T: Serialize, B> Serialize for List<T, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Inventory", 3)?;
        fields.serialize_field("hash", &self.hash)?;
        fields.serialize_field("type", &self.kind.get())?;
        fields.serialize_field("type_name", &Text(self.kind))?;
        fields.end()
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Raw", 2)?;
        fields.serialize_field("command", self.command.as_str())?;
        fields.serialize_field("payload", &Hex(&self.payload))?;
        fields.end()
    }
}

/// A value in its text form.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Items of an iterator as a sequence, each turned by `f` into what is shown.
pub(crate) struct Seq<I, F>(pub(crate) I, pub(crate) F);

impl<I, F, T> Serialize for Seq<I, F>
where
    I: Iterator + Clone,
    F: Fn(I::Item) -> T,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<T> = self.0.clone().map(&self.1).collect();
        serializer.collect_seq(items)
    }
}
