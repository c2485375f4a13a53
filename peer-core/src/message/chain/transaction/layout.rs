//! Where the parts of a serialized transaction are.

use super::Transaction;
use super::parts::{INPUT_PREFIX, INPUT_WITNESS, OUTPUT};
use crate::error::CodecError;
use crate::message::chain::checksum::KeptChecksum;
use crate::message::codec::{Cursor, narrow};

/// Which parts of a transaction are serialized.
///
/// The *prefix* tells what is spent and what is created. The *witness* tells, of each input, more about what
/// is spent and the script that unlocks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "TxSerializeType")]
#[non_exhaustive]
pub enum TxType {
    /// 0: prefix and witness.
    #[doc(alias = "TxSerializeFull")]
    Full = 0,
    /// 1: the prefix alone.
    #[doc(alias = "TxSerializeNoWitness")]
    NoWitness = 1,
    /// 2: the witness alone.
    #[doc(alias = "TxSerializeOnlyWitness")]
    OnlyWitness = 2,
}

impl TxType {
    /// The type with this number.
    ///
    /// # Errors
    ///
    /// [`CodecError::UnknownTxType`] for all but 0, 1 and 2.
    pub const fn new(number: u16) -> Result<Self, CodecError> {
        match number {
            0 => Ok(Self::Full),
            1 => Ok(Self::NoWitness),
            2 => Ok(Self::OnlyWitness),
            unknown => Err(CodecError::UnknownTxType(unknown)),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self as u16
    }

    /// Whether the prefix is there.
    #[must_use]
    pub const fn has_prefix(self) -> bool {
        !matches!(self, Self::OnlyWitness)
    }

    /// Whether the witness is there.
    #[must_use]
    pub const fn has_witness(self) -> bool {
        !matches!(self, Self::NoWitness)
    }
}

/// How many entries a transaction has, and where they are in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) inputs: u32,
    pub(super) outputs: u32,
    pub(super) outputs_at: u32,
    /// The end of the prefix as well.
    pub(super) witness_at: u32,
    pub(super) version: u16,
    pub(super) serialization: TxType,
    /// Of the transaction's bytes. It is here because here it needs no more room.
    pub(super) checksum: KeptChecksum,
}

impl Layout {
    /// Walks over a transaction from its first field to its last, and refuses it as the reference does.
    pub(super) fn walk(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let start = cursor.position();
        let offset = |cursor: &Cursor<'_>| narrow(cursor.position().saturating_sub(start));
        let [a, b, c, d] = *cursor.array::<PACKED>()?;
        let serialization = TxType::new(u16::from_le_bytes([c, d]))?;
        let (mut inputs, mut outputs, mut outputs_at) = (0, 0, 0);
        if serialization.has_prefix() {
            inputs = cursor.count(Transaction::MAX_INPUTS, CodecError::TooManyTxs)?;
            cursor.slice(inputs.saturating_mul(INPUT_PREFIX))?;
            outputs = cursor.count(Transaction::MAX_OUTPUTS, CodecError::TooManyTxs)?;
            outputs_at = offset(cursor);
            for _ in 0..outputs {
                cursor.with_script::<OUTPUT>()?;
            }
            cursor.array::<TIMES>()?;
        }
        let witness_at = offset(cursor);
        if serialization.has_witness() {
            if serialization.has_prefix() {
                check_witness_count(inputs, cursor.var_int()?)?;
            } else {
                inputs = cursor.count(Transaction::MAX_INPUTS, CodecError::TooManyTxs)?;
            }
            for _ in 0..inputs {
                cursor.with_script::<INPUT_WITNESS>()?;
            }
        }
        Ok(Self {
            inputs: narrow(inputs),
            outputs: narrow(outputs),
            outputs_at,
            witness_at,
            version: u16::from_le_bytes([a, b]),
            serialization,
            checksum: KeptChecksum::default(),
        })
    }
}

const fn check_witness_count(inputs: usize, witness: u64) -> Result<(), CodecError> {
    let prefix = inputs as u64;
    if witness == prefix { Ok(()) } else { Err(CodecError::MismatchedWitnessCount { prefix, witness }) }
}

/// Size in bytes of version and serialization type.
pub(super) const PACKED: usize = 4;
/// Size in bytes of lock time and expiry.
pub(super) const TIMES: usize = 8;
