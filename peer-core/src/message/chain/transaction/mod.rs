//! Transactions and the `tx` message.

mod layout;
mod parts;

use alloc::vec::Vec;
use core::{fmt, iter};

use bytes::Bytes;

pub use self::layout::TxType;
use self::layout::{Layout, PACKED, TIMES};
use self::parts::{INPUT_PREFIX, INPUT_WITNESS};
pub use self::parts::{Inputs, OutPoint, Outputs, TxIn, TxOut};
use crate::blake256::Blake256;
use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::message::codec::{Cursor, Payload, put_var_int, read_whole, var_int_len};
use crate::protocol_version::ProtocolVersion;

/// A transaction: its bytes on the wire, checked once; fields are read on demand.
///
/// It shares the memory of the payload or block it came from, and keeps it alive. What its
/// [`serialization`](Self::serialization) leaves out reads as zero and empty.
///
/// ```
/// use peer_core::message::{OutPoint, Transaction, TxIn, TxOut};
///
/// let input = TxIn {
///     prev_out: OutPoint { hash: [0x11; 32].into(), index: 2, tree: 1 },
///     sequence: u32::MAX,
///     value_in: 500_000_000,
///     block_height: 0,
///     block_index: u32::MAX,
///     signature_script: &[0x51, 0x52],
/// };
/// let output = TxOut { value: 499_990_000, version: 0, pk_script: &[0x76, 0xa9] };
/// let transaction = Transaction::new(1, &[input], &[output], 5, 6)?;
///
/// let id = "7b84ef5b7ebb7692c1a529a261c78437732feeb4ee691a5e6c2882c780901346";
/// assert_eq!(transaction.hash().to_string(), id);
/// assert_eq!(Transaction::decode(transaction.as_bytes().clone())?, transaction);
/// # Ok::<_, peer_core::CodecError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "MsgTx")]
pub struct Transaction {
    bytes: Bytes,
    layout: Layout,
}

impl Transaction {
    /// The most inputs.
    pub const MAX_INPUTS: usize = 780_336;
    /// The most outputs.
    pub const MAX_OUTPUTS: usize = 3_728_271;

    /// A transaction with prefix and witness.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooManyTxs`] above [`MAX_INPUTS`](Self::MAX_INPUTS) or
    /// [`MAX_OUTPUTS`](Self::MAX_OUTPUTS), [`CodecError::PayloadTooLarge`] above 32 MiB.
    #[doc(alias = "NewMsgTx")]
    pub fn new(
        version: u16,
        inputs: &[TxIn<'_>],
        outputs: &[TxOut<'_>],
        lock_time: u32,
        expiry: u32,
    ) -> Result<Self, CodecError> {
        check_count(inputs.len(), Self::MAX_INPUTS)?;
        check_count(outputs.len(), Self::MAX_OUTPUTS)?;
        let mut out = Vec::new();
        out.extend_from_slice(&packed(version, TxType::Full));
        put_var_int(&mut out, inputs.len());
        for input in inputs {
            input.write_prefix(&mut out);
        }
        put_var_int(&mut out, outputs.len());
        for output in outputs {
            output.write(&mut out);
        }
        out.extend_from_slice(&lock_time.to_le_bytes());
        out.extend_from_slice(&expiry.to_le_bytes());
        put_var_int(&mut out, inputs.len());
        for input in inputs {
            input.write_witness(&mut out);
        }
        Self::decode(out.into())
    }

    /// Takes a serialized transaction, of any serialization type.
    ///
    /// # Errors
    ///
    /// [`CodecError::PayloadTooLarge`] above 32 MiB, what the fields are refused for, then
    /// [`CodecError::TrailingBytes`].
    pub fn decode(bytes: Bytes) -> Result<Self, CodecError> {
        read_whole(&bytes, Self::read)
    }

    /// Reads a transaction, which other bytes may follow.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let start = cursor.position();
        let layout = Layout::walk(cursor)?;
        Ok(Self { bytes: cursor.since(start), layout })
    }

    /// Checks a transaction and moves behind it.
    pub(super) fn skip(cursor: &mut Cursor<'_>) -> Result<(), CodecError> {
        Layout::walk(cursor).map(drop)
    }

    /// The same transaction in another serialization. Parts that are not in this one become zero and empty.
    ///
    /// # Errors
    ///
    /// [`CodecError::PayloadTooLarge`] above 32 MiB.
    pub fn reserialize(&self, serialization: TxType) -> Result<Self, CodecError> {
        let mut out = Vec::with_capacity(self.bytes.len());
        self.emit(serialization, |part| out.extend_from_slice(part));
        Self::decode(out.into())
    }

    /// The transaction as it is on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The version: 1, 2 with relative lock times, 3 with the treasury. Any number is legal on the wire.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.layout.version
    }

    /// Which parts are there.
    #[must_use]
    #[doc(alias = "SerType")]
    pub const fn serialization(&self) -> TxType {
        self.layout.serialization
    }

    /// The inputs, up to 780,336.
    #[must_use]
    #[doc(alias = "TxIn")]
    pub fn inputs(&self) -> Inputs<'_> {
        let count = self.layout.inputs as usize;
        let prefixes = self.prefix().get(var_int_len(count)..).unwrap_or_default();
        let witness_at = self.layout.witness_at as usize;
        let witnesses = Cursor::at(&self.bytes, witness_at.saturating_add(var_int_len(count)));
        Inputs::new(count, prefixes, witnesses)
    }

    /// The outputs, up to 3,728,271.
    #[must_use]
    #[doc(alias = "TxOut")]
    pub fn outputs(&self) -> Outputs<'_> {
        let cursor = Cursor::at(&self.bytes, self.layout.outputs_at as usize);
        Outputs::new(self.layout.outputs as usize, cursor)
    }

    /// Where in [`as_bytes`](Self::as_bytes) the script of each output begins, in bytes.
    #[doc(alias = "PkScriptLocs")]
    pub fn pk_script_offsets(&self) -> impl Iterator<Item = usize> + Clone {
        let mut outputs = self.outputs();
        iter::from_fn(move || {
            let script = outputs.next()?.pk_script;
            debug_assert!(script.len() <= outputs.position());
            Some(outputs.position().saturating_sub(script.len()))
        })
    }

    /// The first block height, or the first time in seconds since 1970, at which the transaction is valid;
    /// 0 for always.
    #[must_use]
    pub fn lock_time(&self) -> u32 {
        let [a, b, c, d, ..] = *self.times();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The first block height at which the transaction is no longer valid; 0 for never.
    #[must_use]
    pub fn expiry(&self) -> u32 {
        let [.., a, b, c, d] = *self.times();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The transaction's id: the hash of its prefix. Outpoints and inventory vectors name it so.
    #[must_use]
    #[doc(alias = "TxHash")]
    pub fn hash(&self) -> Hash {
        self.digest(TxType::NoWitness)
    }

    /// The hash of its witness.
    #[must_use]
    #[doc(alias = "TxHashWitness")]
    pub fn witness_hash(&self) -> Hash {
        self.digest(TxType::OnlyWitness)
    }

    /// The hash of [`hash`](Self::hash) and [`witness_hash`](Self::witness_hash) together, of which blocks
    /// make their Merkle roots. It is not the hash of [`as_bytes`](Self::as_bytes).
    #[must_use]
    #[doc(alias = "TxHashFull")]
    pub fn full_hash(&self) -> Hash {
        let mut hasher = Blake256::new();
        hasher.update(self.hash().as_bytes());
        hasher.update(self.witness_hash().as_bytes());
        Hash::from_bytes(hasher.finalize())
    }

    /// See [`Message::kept_checksum`](crate::Message::kept_checksum).
    pub(in crate::message) const fn kept_checksum(&self) -> Option<[u8; 4]> {
        self.layout.checksum.0
    }

    pub(in crate::message) const fn keep_checksum(&mut self, checksum: [u8; 4]) {
        self.layout.checksum.0 = Some(checksum);
    }

    fn digest(&self, serialization: TxType) -> Hash {
        let mut hasher = Blake256::new();
        self.emit(serialization, |part| hasher.update(part));
        Hash::from_bytes(hasher.finalize())
    }

    /// Gives `sink`, in pieces, the transaction as it is in `serialization`.
    pub(super) fn emit(&self, serialization: TxType, mut sink: impl FnMut(&[u8])) {
        let ours = self.layout.serialization;
        let inputs = self.layout.inputs as usize;
        sink(&packed(self.layout.version, serialization));
        if serialization.has_prefix() {
            if ours.has_prefix() {
                sink(self.prefix());
            } else {
                emit_zeros::<INPUT_PREFIX>(inputs, &mut sink);
                sink(&[0; NO_OUTPUTS + TIMES]);
            }
        }
        if serialization.has_witness() {
            if ours.has_witness() {
                sink(self.witness());
            } else {
                emit_zeros::<INPUT_WITNESS>(inputs, &mut sink);
            }
        }
    }

    /// From the count of inputs to the expiry. Empty if the prefix is left out.
    fn prefix(&self) -> &[u8] {
        let end = self.layout.witness_at as usize;
        debug_assert!(PACKED <= end && end <= self.bytes.len());
        self.bytes.get(PACKED..end).unwrap_or_default()
    }

    /// From its count of inputs to the end. Empty if the witness is left out.
    fn witness(&self) -> &[u8] {
        let start = self.layout.witness_at as usize;
        debug_assert!(start <= self.bytes.len());
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Lock time and expiry, which end the prefix. Zero if it is left out.
    fn times(&self) -> &[u8; TIMES] {
        self.prefix().last_chunk().unwrap_or(&[0; TIMES])
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("version", &self.version())
            .field("serialization", &self.serialization())
            .field("inputs", &self.inputs())
            .field("outputs", &self.outputs())
            .field("lock_time", &self.lock_time())
            .field("expiry", &self.expiry())
            .finish()
    }
}

impl Payload for Transaction {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Self::read(cursor)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }
}

fn check_count(count: usize, max: usize) -> Result<(), CodecError> {
    if count > max {
        return Err(CodecError::TooManyTxs(Excess::new(count, max)));
    }
    Ok(())
}

/// A count, and as many entries of `N` zeros.
fn emit_zeros<const N: usize>(count: usize, sink: &mut impl FnMut(&[u8])) {
    let mut number = Vec::new();
    put_var_int(&mut number, count);
    sink(&number);
    (0..count).for_each(|_| sink(&[0; N]));
}

fn packed(version: u16, serialization: TxType) -> [u8; PACKED] {
    let [a, b] = version.to_le_bytes();
    let [c, d] = serialization.get().to_le_bytes();
    [a, b, c, d]
}

/// Size in bytes of the count of outputs where there are none.
const NO_OUTPUTS: usize = 1;
