//! `alert`, a signed notice from the developers that the old era relayed and showed to users.

use alloc::vec::Vec;
use core::{fmt, iter};

use bytes::Bytes;

use crate::error::{CodecError, Excess};
use crate::message::codec::{
    Cursor, List, MAX_PAYLOAD, Payload, bounds, put_var_bytes, put_var_int, var_bytes_len, var_int_len,
};
use crate::protocol_version::ProtocolVersion;

/// A signed notice. Protocol versions 1 to 5. Signatures are not checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgAlert")]
pub struct Alert {
    serialized: Bytes,
    signature: Bytes,
    /// What the beginning of `serialized` says, if it can be read.
    payload: Option<AlertPayload>,
}

impl Alert {
    /// A notice with the signature of its serialized form. The signature may be empty.
    #[must_use]
    pub fn new(payload: AlertPayload, signature: impl Into<Bytes>) -> Self {
        let mut serialized = Vec::with_capacity(payload.encoded_len());
        payload.write(&mut serialized);
        Self { serialized: serialized.into(), signature: signature.into(), payload: Some(payload) }
    }

    /// A notice in serialized form with its signature, which may be empty.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] for an empty notice, which the reference refuses to send.
    pub fn from_serialized(
        serialized: impl Into<Bytes>,
        signature: impl Into<Bytes>,
    ) -> Result<Self, CodecError> {
        let alert = Self::parsed(serialized.into(), signature.into());
        alert.check_sent()?;
        Ok(alert)
    }

    /// What the notice says; `None` where it cannot be read, which is legal.
    #[must_use]
    pub const fn payload(&self) -> Option<&AlertPayload> {
        self.payload.as_ref()
    }

    /// The signed bytes. Encoding a notice that can be read leaves out what is behind its last field.
    #[must_use]
    pub const fn serialized(&self) -> &Bytes {
        &self.serialized
    }

    /// The signature; may be empty.
    #[must_use]
    pub const fn signature(&self) -> &Bytes {
        &self.signature
    }

    fn parsed(serialized: Bytes, signature: Bytes) -> Self {
        Self { payload: AlertPayload::read(&mut Cursor::new(&serialized)).ok(), serialized, signature }
    }

    /// What is sent of the serialized form.
    fn sent(&self) -> &[u8] {
        let readable = self.payload.as_ref().and_then(|payload| self.serialized.get(..payload.encoded_len()));
        readable.unwrap_or(&self.serialized)
    }

    fn check_sent(&self) -> Result<(), CodecError> {
        if self.sent().is_empty() { Err(CodecError::InvalidMsg("alert is empty")) } else { Ok(()) }
    }
}

impl Payload for Alert {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let serialized = cursor.var_bytes(MAX_PAYLOAD)?;
        let signature = cursor.var_bytes(MAX_PAYLOAD)?;
        Ok(Self::parsed(serialized, signature))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, self.sent());
        put_var_bytes(out, &self.signature);
    }

    fn encoded_len(&self) -> usize {
        var_bytes_len(self.sent().len()).saturating_add(var_bytes_len(self.signature.len()))
    }

    fn check(&self, _: ProtocolVersion) -> Result<(), CodecError> {
        self.check_sent()
    }
}

/// Cancelled notices in `alert`: at most 8,388,574.
pub type CancelledAlertList = List<i32, bounds::CancelledAlerts>;

/// What an [`Alert`] says. Texts may hold any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "wire.Alert")]
pub struct AlertPayload {
    /// Version of this structure.
    pub version: i32,
    /// Until when to relay the notice, in seconds since 1970.
    pub relay_until: i64,
    /// Until when it is in force, in seconds since 1970.
    pub expiration: i64,
    /// Its number.
    pub id: i32,
    /// Every notice up to this number is void.
    pub cancel: i32,
    /// More notices that are void.
    pub set_cancel: CancelledAlertList,
    /// The lowest version of a node that it concerns.
    pub min_ver: i32,
    /// The highest version of a node that it concerns.
    pub max_ver: i32,
    /// The user agents that it concerns; none for all.
    pub set_sub_ver: SubVersions,
    /// Its priority among notices.
    pub priority: i32,
    /// Not shown to users.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::message::codec::text::serialize"))]
    pub comment: Bytes,
    /// Shown to users.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::message::codec::text::serialize"))]
    pub status_bar: Bytes,
    /// Without meaning.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::message::codec::text::serialize"))]
    pub reserved: Bytes,
}

impl AlertPayload {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            version: cursor.i32()?,
            relay_until: cursor.i64()?,
            expiration: cursor.i64()?,
            id: cursor.i32()?,
            cancel: cursor.i32()?,
            set_cancel: List::decode_fixed(cursor, |id| i32::from_le_bytes(*id))?,
            min_ver: cursor.i32()?,
            max_ver: cursor.i32()?,
            set_sub_ver: SubVersions::read(cursor)?,
            priority: cursor.i32()?,
            comment: cursor.var_string()?,
            status_bar: cursor.var_string()?,
            reserved: cursor.var_string()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.relay_until.to_le_bytes());
        out.extend_from_slice(&self.expiration.to_le_bytes());
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.cancel.to_le_bytes());
        self.set_cancel.encode(out, |out, id| out.extend_from_slice(&id.to_le_bytes()));
        out.extend_from_slice(&self.min_ver.to_le_bytes());
        out.extend_from_slice(&self.max_ver.to_le_bytes());
        self.set_sub_ver.write(out);
        out.extend_from_slice(&self.priority.to_le_bytes());
        put_var_bytes(out, &self.comment);
        put_var_bytes(out, &self.status_bar);
        put_var_bytes(out, &self.reserved);
    }

    fn encoded_len(&self) -> usize {
        const FIXED: usize = 6 * 4 + 2 * 8;
        let lists = [
            self.set_cancel.fixed_len(4),
            self.set_sub_ver.encoded_len(),
            var_bytes_len(self.comment.len()),
            var_bytes_len(self.status_bar.len()),
            var_bytes_len(self.reserved.len()),
        ];
        lists.into_iter().fold(FIXED, usize::saturating_add)
    }
}

/// Up to 131,071 user agents. They stay in wire form in one buffer, so that many short ones cost no more than their bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SubVersions {
    count: usize,
    /// Each with its length in front.
    texts: Bytes,
}

impl SubVersions {
    /// The most user agents.
    pub const MAX: usize = 131_071;

    /// A set of these.
    ///
    /// # Errors
    ///
    /// [`CodecError::Legacy`] above 131,071.
    pub fn new<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Result<Self, CodecError> {
        let mut count: usize = 0;
        let mut bytes = Vec::new();
        for text in texts {
            count = count.saturating_add(1);
            if count > Self::MAX {
                return Err(Self::exceeded(Excess::new(count, Self::MAX)));
            }
            put_var_bytes(&mut bytes, text.as_ref());
        }
        Ok(Self { count, texts: bytes.into() })
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The user agents; any bytes.
    pub fn iter(&self) -> impl Iterator<Item = Bytes> {
        let mut cursor = Cursor::new(&self.texts);
        iter::from_fn(move || cursor.var_string().ok())
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let count = cursor.count(Self::MAX, Self::exceeded)?;
        let start = cursor.position();
        for _ in 0..count {
            cursor.var_string()?;
        }
        Ok(Self { count, texts: cursor.since(start) })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_var_int(out, self.count);
        out.extend_from_slice(&self.texts);
    }

    const fn encoded_len(&self) -> usize {
        var_int_len(self.count).saturating_add(self.texts.len())
    }

    const fn exceeded(excess: Excess) -> CodecError {
        CodecError::Legacy { what: "too many user agents of an alert", excess }
    }
}

impl fmt::Debug for SubVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
