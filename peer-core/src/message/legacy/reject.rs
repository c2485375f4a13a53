//! `reject`, with which the old era told why a message was not accepted.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, Payload, is_strict_ascii, put_var_bytes, var_bytes_len};
use crate::protocol_version::ProtocolVersion;

/// Why a message was rejected. Every number is legal on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RejectCode(u8);

impl RejectCode {
    /// 0x01: it could not be read.
    #[doc(alias = "RejectMalformed")]
    pub const MALFORMED: Self = Self(0x01);
    /// 0x10: it breaks a rule of consensus.
    #[doc(alias = "RejectInvalid")]
    pub const INVALID: Self = Self(0x10);
    /// 0x11: its version is no longer accepted.
    #[doc(alias = "RejectObsolete")]
    pub const OBSOLETE: Self = Self(0x11);
    /// 0x12: it is known already.
    #[doc(alias = "RejectDuplicate")]
    pub const DUPLICATE: Self = Self(0x12);
    /// 0x40: it breaks a rule of relaying.
    #[doc(alias = "RejectNonstandard")]
    pub const NONSTANDARD: Self = Self(0x40);
    /// 0x41: an output is too small.
    #[doc(alias = "RejectDust")]
    pub const DUST: Self = Self(0x41);
    /// 0x42: its fee is too small.
    #[doc(alias = "RejectInsufficientFee")]
    pub const INSUFFICIENT_FEE: Self = Self(0x42);
    /// 0x43: it contradicts a checkpoint.
    #[doc(alias = "RejectCheckpoint")]
    pub const CHECKPOINT: Self = Self(0x43);

    /// The code with this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for RejectCode {
    /// The reference's name: `REJECT_DUPLICATE`, …, or `Unknown RejectCode (N)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MALFORMED => f.write_str("REJECT_MALFORMED"),
            Self::INVALID => f.write_str("REJECT_INVALID"),
            Self::OBSOLETE => f.write_str("REJECT_OBSOLETE"),
            Self::DUPLICATE => f.write_str("REJECT_DUPLICATE"),
            Self::NONSTANDARD => f.write_str("REJECT_NONSTANDARD"),
            Self::DUST => f.write_str("REJECT_DUST"),
            Self::INSUFFICIENT_FEE => f.write_str("REJECT_INSUFFICIENTFEE"),
            Self::CHECKPOINT => f.write_str("REJECT_CHECKPOINT"),
            Self(number) => write!(f, "Unknown RejectCode ({number})"),
        }
    }
}

impl fmt::Debug for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells that a message was not accepted, and why. Protocol versions 1 to 8.
///
/// The two texts come from the remote: in a decoded message they may hold any bytes, and one with bytes
/// outside printable ASCII cannot be encoded. [`Message::summary`](crate::Message::summary) shows them in a
/// form fit for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgReject")]
pub struct Reject {
    command: Bytes,
    code: RejectCode,
    reason: Bytes,
    /// There if, and only if, `command` is `block` or `tx`.
    hash: Option<Hash>,
}

impl Reject {
    /// Rejects a message with this command, for this reason.
    ///
    /// `hash` is that of the rejected block or transaction: for the commands `block` and `tx` a missing one
    /// becomes all zero, for others it is left out.
    ///
    /// # Errors
    ///
    /// [`CodecError::MalformedStrictString`] where a byte of either text is not printable ASCII
    /// (`0x20..=0x7e`).
    pub fn new(
        command: impl Into<String>,
        code: RejectCode,
        reason: impl Into<String>,
        hash: Option<Hash>,
    ) -> Result<Self, CodecError> {
        let command = Bytes::from(command.into());
        let hash = has_hash(&command).then(|| hash.unwrap_or_default());
        let reject = Self { command, code, reason: Bytes::from(reason.into()), hash };
        reject.check_texts()?;
        Ok(reject)
    }

    /// The command of the rejected message, as received.
    #[must_use]
    pub const fn command(&self) -> &Bytes {
        &self.command
    }

    /// Why, for programs.
    #[must_use]
    pub const fn code(&self) -> RejectCode {
        self.code
    }

    /// Why, for people, as received.
    #[must_use]
    pub const fn reason(&self) -> &Bytes {
        &self.reason
    }

    /// The rejected block or transaction, where the command is `block` or `tx`.
    #[must_use]
    pub const fn hash(&self) -> Option<Hash> {
        self.hash
    }

    fn check_texts(&self) -> Result<(), CodecError> {
        if is_strict_ascii(&self.command) && is_strict_ascii(&self.reason) {
            Ok(())
        } else {
            Err(CodecError::MalformedStrictString)
        }
    }
}

/// Whether a hash follows the reason.
fn has_hash(command: &[u8]) -> bool {
    matches!(command, b"block" | b"tx")
}

impl Payload for Reject {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let command = cursor.var_string()?;
        let code = RejectCode(cursor.u8()?);
        let reason = cursor.var_string()?;
        let hash = if has_hash(&command) { Some(cursor.hash()?) } else { None };
        Ok(Self { command, code, reason, hash })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, &self.command);
        out.push(self.code.0);
        put_var_bytes(out, &self.reason);
        if let Some(hash) = &self.hash {
            out.extend_from_slice(hash.as_bytes());
        }
    }

    fn encoded_len(&self) -> usize {
        let texts = var_bytes_len(self.command.len()).saturating_add(var_bytes_len(self.reason.len()));
        let hash = self.hash.map_or(0, |_| Hash::LEN);
        texts.saturating_add(hash).saturating_add(1)
    }

    fn check(&self, _: ProtocolVersion) -> Result<(), CodecError> {
        self.check_texts()
    }
}
