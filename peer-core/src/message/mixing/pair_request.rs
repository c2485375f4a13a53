//! Offers to mix (`mixpairreq`).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::Signed;
use crate::error::{CodecError, Excess};
use crate::message::chain::OutPoint;
use crate::message::codec::{
    Cursor, List, MAX_PAYLOAD, Payload, Sink, bounds, is_strict_ascii, put_var_bytes, put_var_int,
};
use crate::protocol_version::ProtocolVersion;

/// An amount in atoms that is not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MixAmount(i64);

impl MixAmount {
    /// The amount of this many atoms.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] below zero.
    pub const fn new(atoms: i64) -> Result<Self, CodecError> {
        if atoms < 0 { Err(CodecError::InvalidMsg("negative amount to mix")) } else { Ok(Self(atoms)) }
    }

    /// How many atoms.
    #[must_use]
    pub const fn atoms(self) -> i64 {
        self.0
    }
}

/// What kind of output a mix creates: up to 32 bytes of printable ASCII.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptClass(String);

impl ScriptClass {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 32;
    /// The name of the one class in use: pay to the hash of a secp256k1 public key.
    #[doc(alias = "ScriptClassP2PKHv0")]
    pub const P2PKH_V0: &'static str = "P2PKH-secp256k1-v0";

    /// The class with this name.
    ///
    /// # Errors
    ///
    /// [`CodecError::MixPairReqScriptClassTooLong`] above 32 bytes, [`CodecError::MalformedStrictString`]
    /// where a byte is not printable ASCII (`0x20..=0x7e`).
    pub fn new(name: impl Into<String>) -> Result<Self, CodecError> {
        let name = name.into();
        if name.len() > Self::MAX_LEN {
            return Err(CodecError::MixPairReqScriptClassTooLong(Excess::new(name.len(), Self::MAX_LEN)));
        }
        if !is_strict_ascii(name.as_bytes()) {
            return Err(CodecError::MalformedStrictString);
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let len = cursor.count(Self::MAX_LEN, CodecError::VarStringTooLong)?;
        let bytes = cursor.slice(len)?;
        let name = core::str::from_utf8(bytes).map_err(|_| CodecError::MalformedStrictString)?;
        Self::new(name)
    }
}

impl fmt::Display for ScriptClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ScriptClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An unspent output that its owner puts into a mix, with the proof that it is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MixPairReqUTXO")]
pub struct MixUtxo {
    prev_out: OutPoint,
    script: Bytes,
    public_key: Bytes,
    signature: Bytes,
    opcode: u8,
}

impl MixUtxo {
    /// The longest redeem script in bytes.
    #[doc(alias = "MaxMixPairReqUTXOScriptLen")]
    pub const MAX_SCRIPT_LEN: usize = 16_384;
    /// The longest public key in bytes.
    #[doc(alias = "MaxMixPairReqUTXOPubKeyLen")]
    pub const MAX_PUBLIC_KEY_LEN: usize = 33;
    /// The longest signature in bytes.
    #[doc(alias = "MaxMixPairReqUTXOSignatureLen")]
    pub const MAX_SIGNATURE_LEN: usize = 64;

    /// Size in bytes of an output with three empty byte strings.
    const MIN_LEN: usize = OutPoint::LEN + 3 + 1;

    /// An output of which these prove the ownership.
    ///
    /// `script` is the redeem script of an output to a script hash, and `opcode` that of a stake output,
    /// otherwise 0.
    ///
    /// # Errors
    ///
    /// [`CodecError::VarBytesTooLong`] where one of the three byte strings is above its limit.
    pub fn new(
        prev_out: OutPoint,
        script: Bytes,
        public_key: Bytes,
        signature: Bytes,
        opcode: u8,
    ) -> Result<Self, CodecError> {
        check_len(&script, Self::MAX_SCRIPT_LEN)?;
        check_len(&public_key, Self::MAX_PUBLIC_KEY_LEN)?;
        check_len(&signature, Self::MAX_SIGNATURE_LEN)?;
        Ok(Self { prev_out, script, public_key, signature, opcode })
    }

    /// The output.
    #[must_use]
    #[doc(alias = "OutPoint")]
    pub const fn prev_out(&self) -> OutPoint {
        self.prev_out
    }

    /// The redeem script of an output to a script hash, up to 16384 bytes; else empty.
    #[must_use]
    pub const fn script(&self) -> &Bytes {
        &self.script
    }

    /// The key that unlocks the output, up to 33 bytes.
    #[must_use]
    #[doc(alias = "PubKey")]
    pub const fn public_key(&self) -> &Bytes {
        &self.public_key
    }

    /// The proof, made with that key, up to 64 bytes.
    #[must_use]
    pub const fn signature(&self) -> &Bytes {
        &self.signature
    }

    /// The opcode that begins the script of a stake output; 0 for an ordinary one.
    #[must_use]
    pub const fn opcode(&self) -> u8 {
        self.opcode
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            prev_out: OutPoint::from_bytes(cursor.array()?),
            script: cursor.var_bytes(Self::MAX_SCRIPT_LEN)?,
            public_key: cursor.var_bytes(Self::MAX_PUBLIC_KEY_LEN)?,
            signature: cursor.var_bytes(Self::MAX_SIGNATURE_LEN)?,
            opcode: cursor.u8()?,
        })
    }

    fn write(&self, out: &mut dyn Sink) {
        out.put(&self.prev_out.to_bytes());
        put_var_bytes(out, &self.script);
        put_var_bytes(out, &self.public_key);
        put_var_bytes(out, &self.signature);
        out.put(&[self.opcode]);
    }
}

/// The output that returns to its owner what is not mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixChange {
    /// Value in atoms.
    pub value: i64,
    /// Version of the script's language.
    pub version: u16,
    /// What unlocks the output.
    pub pk_script: Bytes,
}

impl MixChange {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(Self { value: cursor.i64()?, version: cursor.u16()?, pk_script: cursor.var_bytes(MAX_PAYLOAD)? })
    }

    fn write(&self, out: &mut dyn Sink) {
        out.put(&self.value.to_le_bytes());
        out.put(&self.version.to_le_bytes());
        put_var_bytes(out, &self.pk_script);
    }
}

/// Unspent outputs in `mixpairreq`: at most 512.
pub type MixUtxoList = List<MixUtxo, bounds::Utxos>;

/// Offers coins for a mix, and says what the mix shall be like.
///
/// The reference's limit for the whole is three bytes less than the sum of its fields, so the very largest
/// values of all of them together are refused when encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixPairReq")]
pub struct MixPairReq {
    /// The sender's signature of [`MixMessage::signed_data`](super::MixMessage::signed_data).
    pub signature: [u8; 64],
    /// The sender: a compressed secp256k1 public key.
    pub identity: [u8; 33],
    /// Height of the block after which the offer is void.
    pub expiry: u32,
    /// Value of each mixed output.
    pub mix_amount: MixAmount,
    /// Kind of the mixed outputs.
    pub script_class: ScriptClass,
    /// Version of the transaction.
    pub tx_version: u16,
    /// Lock time of the transaction.
    pub lock_time: u32,
    /// How many mixed outputs the sender wants.
    pub message_count: u32,
    /// Value of all outputs that the sender puts in.
    pub input_value: MixAmount,
    /// Up to 512 outputs that the sender puts in.
    pub utxos: MixUtxoList,
    /// What the sender gets back beside the mixed outputs.
    pub change: Option<MixChange>,
    /// Bit 0: the sender can find the roots of polynomials.
    pub flags: u8,
    /// Flags that must be equal among peers of a mix.
    pub pairing_flags: u8,
}

impl Payload for MixPairReq {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            signature: *cursor.array()?,
            identity: *cursor.array()?,
            expiry: cursor.u32()?,
            mix_amount: MixAmount::new(cursor.i64()?)?,
            script_class: ScriptClass::read(cursor)?,
            tx_version: cursor.u16()?,
            lock_time: cursor.u32()?,
            message_count: cursor.u32()?,
            input_value: MixAmount::new(cursor.i64()?)?,
            utxos: List::decode(cursor, MixUtxo::MIN_LEN, MixUtxo::read)?,
            change: match cursor.u8()? {
                0 => None,
                1 => Some(MixChange::read(cursor)?),
                _ => return Err(CodecError::InvalidMsg("change is neither there nor missing")),
            },
            flags: cursor.u8()?,
            pairing_flags: cursor.u8()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixPairReq {
    fn command(&self) -> &'static str {
        "mixpairreq"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        out.put(&self.identity);
        out.put(&self.expiry.to_le_bytes());
        out.put(&self.mix_amount.0.to_le_bytes());
        put_var_bytes(out, self.script_class.0.as_bytes());
        out.put(&self.tx_version.to_le_bytes());
        out.put(&self.lock_time.to_le_bytes());
        out.put(&self.message_count.to_le_bytes());
        out.put(&self.input_value.0.to_le_bytes());
        put_var_int(out, self.utxos.len());
        for utxo in &self.utxos {
            utxo.write(out);
        }
        out.put(&[u8::from(self.change.is_some())]);
        if let Some(change) = &self.change {
            change.write(out);
        }
        out.put(&[self.flags, self.pairing_flags]);
    }
}

fn check_len(bytes: &Bytes, max: usize) -> Result<(), CodecError> {
    if bytes.len() > max { Err(CodecError::VarBytesTooLong(Excess::new(bytes.len(), max))) } else { Ok(()) }
}
