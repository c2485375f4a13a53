//! The DC-net broadcast (`mixdcnet`).

use alloc::vec::Vec;

use bytes::Bytes;

use super::{
    MAX_MESSAGES, MESSAGE_LEN, MixHeader, SeenMessages, Signed, TOO_MANY_MESSAGES, check_message_len,
    message_count, put_seen,
};
use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload, Sink, put_var_int};
use crate::protocol_version::ProtocolVersion;

/// A matrix of mixed messages: up to 1024 vectors of the same length, up to 1024 messages of 20 bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "DCNet")]
pub struct DcNet {
    rows: usize,
    columns: usize,
    messages: Bytes,
}

impl DcNet {
    /// Size of a message in bytes.
    pub const MESSAGE_LEN: usize = MESSAGE_LEN;

    /// A matrix of these vectors.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] for no vectors, for more than 1024, for vectors of different length or with
    /// more than 1024 messages.
    pub fn new(
        vectors: impl IntoIterator<Item: AsRef<[[u8; Self::MESSAGE_LEN]]>>,
    ) -> Result<Self, CodecError> {
        let mut messages = Vec::new();
        let (mut rows, mut columns): (usize, usize) = (0, 0);
        for vector in vectors {
            let vector = vector.as_ref();
            if rows == 0 {
                columns = vector.len();
            }
            rows = rows.saturating_add(1);
            if rows > MAX_MESSAGES || columns > MAX_MESSAGES {
                return Err(TOO_MANY_MESSAGES);
            }
            if vector.len() != columns {
                return Err(CodecError::InvalidMsg("DC-net vectors of different length"));
            }
            messages.extend_from_slice(vector.as_flattened());
        }
        if rows == 0 {
            return Err(EMPTY);
        }
        Ok(Self { rows, columns, messages: messages.into() })
    }

    /// The vectors. Only a message from a remote can have none; it cannot be encoded again.
    pub fn vectors(&self) -> impl ExactSizeIterator<Item = &[[u8; Self::MESSAGE_LEN]]> + Clone {
        // All vectors lie in one flat list, row after row.
        let (mut rest, _) = self.messages.as_chunks();
        (0..self.rows).map(move |_| {
            debug_assert!(self.columns <= rest.len());
            let (vector, behind) = rest.split_at_checked(self.columns).unwrap_or_default();
            rest = behind;
            vector
        })
    }

    /// If there are no vectors, the two sizes are not on the wire.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let rows = cursor.var_int()?;
        if rows == 0 {
            return Ok(Self { rows: 0, columns: 0, messages: Bytes::new() });
        }
        let columns = cursor.var_int()?;
        let message_len = cursor.var_int()?;
        let rows = message_count(rows)?;
        let columns = message_count(columns)?;
        check_message_len(message_len)?;
        let len = rows.saturating_mul(columns).saturating_mul(Self::MESSAGE_LEN);
        Ok(Self { rows, columns, messages: cursor.bytes(len)? })
    }

    fn write(&self, out: &mut dyn Sink) {
        put_var_int(out, self.rows);
        if self.rows > 0 {
            put_var_int(out, self.columns);
            put_var_int(out, Self::MESSAGE_LEN);
            out.put(&self.messages);
        }
    }
}

/// Broadcasts the sender's messages, mixed. Answers the slot reservations of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixDCNet")]
pub struct MixDcNet {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    /// The vectors broadcast.
    pub dc_net: DcNet,
    /// The slot reservations.
    pub seen_slot_reserves: SeenMessages,
}

impl Payload for MixDcNet {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            header: MixHeader::read(cursor)?,
            dc_net: DcNet::read(cursor)?,
            seen_slot_reserves: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }

    fn check(&self, _: ProtocolVersion) -> Result<(), CodecError> {
        match self.dc_net.rows {
            0 => Err(EMPTY),
            _ => Ok(()),
        }
    }
}

impl Signed for MixDcNet {
    fn command(&self) -> &'static str {
        "mixdcnet"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        self.dc_net.write(out);
        put_seen(out, &self.seen_slot_reserves);
    }
}

const EMPTY: CodecError = CodecError::InvalidMsg("no DC-net vectors");
