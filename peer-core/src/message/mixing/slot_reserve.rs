//! Reserving slots (`mixslotres`).

use alloc::vec::Vec;

use bytes::Bytes;

use super::values::{put_value, read_values};
use super::{FieldValueIter, MAX_MESSAGES, MAX_PEERS, MixHeader, SeenMessages, Signed, put_seen};
use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload, Sink, put_var_int};
use crate::protocol_version::ProtocolVersion;

/// A matrix of field values: 1 to 1024 rows, one for each mixed message, of 1 to 512 values, one for each peer.
///
/// It stays in wire form in one buffer, so that many short values cost one allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "DCMix")]
pub struct DcMix {
    rows: usize,
    columns: usize,
    wire: Bytes,
}

impl DcMix {
    /// A matrix of these rows.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] for a matrix that is empty or too large, for rows of different length, and
    /// for a value of more than 32 bytes.
    pub fn new(rows: impl IntoIterator<Item: IntoIterator<Item: AsRef<[u8]>>>) -> Result<Self, CodecError> {
        let mut wire = Vec::new();
        let (mut count, mut columns): (usize, usize) = (0, 0);
        for row in rows {
            let mut len: usize = 0;
            for value in row {
                len = len.saturating_add(1);
                check_columns(len)?;
                put_value(&mut wire, value.as_ref())?;
            }
            if count == 0 {
                columns = len;
            }
            count = count.saturating_add(1);
            check_rows(count)?;
            if len != columns {
                return Err(CodecError::InvalidMsg("rows of different length"));
            }
        }
        check_rows(count)?;
        check_columns(columns)?;
        Ok(Self { rows: count, columns, wire: wire.into() })
    }

    /// The rows, each with its values.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = FieldValueIter<'_>> + Clone {
        // Values have different lengths, so each row is found by walking over the one before.
        let mut rest = self.wire.as_ref();
        (0..self.rows).map(move |_| {
            let row = FieldValueIter::new(self.columns, rest);
            rest = row.clone().behind();
            row
        })
    }

    /// How many values each row has, 1 to 512.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let rows = cursor.count(MAX_MESSAGES, |_| BAD_ROWS)?;
        check_rows(rows)?;
        let columns = cursor.count(MAX_PEERS, |_| BAD_COLUMNS)?;
        check_columns(columns)?;
        let wire = read_values(cursor, rows.saturating_mul(columns))?;
        Ok(Self { rows, columns, wire })
    }

    fn write(&self, out: &mut dyn Sink) {
        put_var_int(out, self.rows);
        put_var_int(out, self.columns);
        out.put(&self.wire);
    }
}

/// Reserves slots for the sender's messages. Answers the ciphertexts of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixSlotReserve")]
pub struct MixSlotReserve {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    /// The values broadcast.
    pub dc_mix: DcMix,
    /// The ciphertext messages.
    pub seen_ciphertexts: SeenMessages,
}

impl Payload for MixSlotReserve {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            header: MixHeader::read(cursor)?,
            dc_mix: DcMix::read(cursor)?,
            seen_ciphertexts: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixSlotReserve {
    fn command(&self) -> &'static str {
        "mixslotres"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        self.dc_mix.write(out);
        put_seen(out, &self.seen_ciphertexts);
    }
}

const fn check_rows(rows: usize) -> Result<(), CodecError> {
    match rows {
        1..=MAX_MESSAGES => Ok(()),
        _ => Err(BAD_ROWS),
    }
}

const fn check_columns(columns: usize) -> Result<(), CodecError> {
    match columns {
        1..=MAX_PEERS => Ok(()),
        _ => Err(BAD_COLUMNS),
    }
}

const BAD_ROWS: CodecError = CodecError::InvalidMsg("number of mixed messages is not 1 to 1024");
const BAD_COLUMNS: CodecError = CodecError::InvalidMsg("number of mixing peers is not 1 to 512");
