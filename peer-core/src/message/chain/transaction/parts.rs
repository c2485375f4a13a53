//! What transactions are made of: inputs, outputs, and iterators over those of a transaction.

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::slice;

use crate::hash::Hash;
use crate::message::chain::block_header::take;
use crate::message::codec::{Cursor, put_var_bytes};

/// Names an output of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "wire.OutPoint")]
pub struct OutPoint {
    /// The transaction, by the hash of its prefix.
    pub hash: Hash,
    /// Which of its outputs, from 0 on; `u32::MAX` where nothing is spent, as in a coinbase.
    pub index: u32,
    /// The tree of its block that the transaction is in: 0 regular, 1 stake, -1 unknown. Any value is legal
    /// on the wire.
    pub tree: i8,
}

impl OutPoint {
    /// Size on the wire in bytes.
    pub const LEN: usize = 37;

    /// Reads an outpoint.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut rest = bytes.as_slice();
        Self {
            hash: Hash::from_bytes(take(&mut rest)),
            index: u32::from_le_bytes(take(&mut rest)),
            tree: i8::from_le_bytes(take(&mut rest)),
        }
    }

    /// The outpoint as it is on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (hash, rest) = bytes.split_at_mut(Hash::LEN);
        hash.copy_from_slice(self.hash.as_bytes());
        let (index, tree) = rest.split_at_mut(4);
        index.copy_from_slice(&self.index.to_le_bytes());
        tree.copy_from_slice(&self.tree.to_le_bytes());
        bytes
    }
}

impl fmt::Display for OutPoint {
    /// `HASH:INDEX`, without the tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.hash, self.index)
    }
}

/// An input of a transaction, with fields of the prefix (the first two) and of the witness (the others).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "wire.TxIn")]
pub struct TxIn<'a> {
    /// The output that is spent.
    #[doc(alias = "PreviousOutPoint")]
    pub prev_out: OutPoint,
    /// Relative lock time; `u32::MAX` for none.
    pub sequence: u32,
    /// Value of what is spent, in atoms.
    pub value_in: i64,
    /// Height of the block with the output that is spent.
    pub block_height: u32,
    /// Position in its tree of the transaction with the output that is spent.
    pub block_index: u32,
    /// Unlocks the output. `transaction.as_bytes().slice_ref(script)` keeps it without copying.
    pub signature_script: &'a [u8],
}

impl<'a> TxIn<'a> {
    fn new(prefix: &[u8; INPUT_PREFIX], witness: &[u8; INPUT_WITNESS], script: &'a [u8]) -> Self {
        let (mut prefix, mut witness) = (prefix.as_slice(), witness.as_slice());
        Self {
            prev_out: OutPoint::from_bytes(&take(&mut prefix)),
            sequence: u32::from_le_bytes(take(&mut prefix)),
            value_in: i64::from_le_bytes(take(&mut witness)),
            block_height: u32::from_le_bytes(take(&mut witness)),
            block_index: u32::from_le_bytes(take(&mut witness)),
            signature_script: script,
        }
    }

    pub(super) fn write_prefix(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prev_out.to_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
    }

    pub(super) fn write_witness(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.value_in.to_le_bytes());
        out.extend_from_slice(&self.block_height.to_le_bytes());
        out.extend_from_slice(&self.block_index.to_le_bytes());
        put_var_bytes(out, self.signature_script);
    }
}

impl fmt::Debug for TxIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxIn")
            .field("prev_out", &self.prev_out)
            .field("sequence", &self.sequence)
            .field("value_in", &self.value_in)
            .field("block_height", &self.block_height)
            .field("block_index", &self.block_index)
            .field("signature_script", &Script(self.signature_script))
            .finish()
    }
}

/// An output of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "wire.TxOut")]
pub struct TxOut<'a> {
    /// Value in atoms.
    pub value: i64,
    /// Version of the script's language.
    pub version: u16,
    /// What has to be unlocked. `transaction.as_bytes().slice_ref(script)` keeps it without copying.
    pub pk_script: &'a [u8],
}

impl TxOut<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.value.to_le_bytes());
        out.extend_from_slice(&self.version.to_le_bytes());
        put_var_bytes(out, self.pk_script);
    }
}

impl fmt::Debug for TxOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxOut")
            .field("value", &self.value)
            .field("version", &self.version)
            .field("pk_script", &Script(self.pk_script))
            .finish()
    }
}

/// Size of an input in the prefix, in bytes.
pub(super) const INPUT_PREFIX: usize = OutPoint::LEN + 4;
/// Size of the smallest input in the witness, in bytes: its script is empty.
pub(super) const INPUT_WITNESS: usize = 8 + 4 + 4 + 1;
/// Size of the smallest output, in bytes: its script is empty.
pub(super) const OUTPUT: usize = 8 + 2 + 1;

/// A script as hex, on one line.
struct Script<'a>(&'a [u8]);

impl fmt::Debug for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The inputs of a transaction, read on demand.
#[derive(Clone)]
pub struct Inputs<'a> {
    prefixes: slice::Iter<'a, [u8; INPUT_PREFIX]>,
    witnesses: Cursor<'a>,
    left: usize,
}

impl<'a> Inputs<'a> {
    /// `count` inputs; `prefix` and `witnesses` are empty where they were not received, and may go on
    /// behind the last input.
    pub(super) fn new(count: usize, prefix: &'a [u8], witnesses: Cursor<'a>) -> Self {
        Self { prefixes: prefix.as_chunks().0.iter(), witnesses, left: count }
    }
}

impl<'a> Iterator for Inputs<'a> {
    type Item = TxIn<'a>;

    fn next(&mut self) -> Option<TxIn<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The part that the serialization leaves out reads as zero.
        let prefix = self.prefixes.next().unwrap_or(&[0; INPUT_PREFIX]);
        let (witness, script) = self.witnesses.with_script().unwrap_or((&[0; INPUT_WITNESS], &[]));
        Some(TxIn::new(prefix, witness, script))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Inputs<'_> {}
impl FusedIterator for Inputs<'_> {}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The outputs of a transaction, read on demand.
#[derive(Clone)]
pub struct Outputs<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Outputs<'a> {
    pub(super) const fn new(count: usize, cursor: Cursor<'a>) -> Self {
        Self { cursor, left: count }
    }

    /// Where the next output begins, in bytes from the start of the transaction.
    pub(super) const fn position(&self) -> usize {
        self.cursor.position()
    }
}

impl<'a> Iterator for Outputs<'a> {
    type Item = TxOut<'a>;

    fn next(&mut self) -> Option<TxOut<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The transaction was walked over when it was decoded.
        let output = self.cursor.with_script::<OUTPUT>();
        debug_assert!(output.is_ok());
        let (fixed, pk_script) = output.ok()?;
        let mut fixed = fixed.as_slice();
        Some(TxOut {
            value: i64::from_le_bytes(take(&mut fixed)),
            version: u16::from_le_bytes(take(&mut fixed)),
            pk_script,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Outputs<'_> {}
impl FusedIterator for Outputs<'_> {}

impl fmt::Debug for Outputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
