//! The messages of a single number: `ping`, `pong` and `feefilter`.

use alloc::vec::Vec;

use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload};
use crate::protocol_version::ProtocolVersion;

/// Asks for a [`Pong`] with the same nonce. At all versions. The machine sends its own, and answers the remote's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgPing")]
pub struct Ping {
    /// Comes back in the pong. Any number is legal; the reference takes no pong with 0 for an answer.
    pub nonce: u64,
}

/// Answers a [`Ping`]. At all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgPong")]
pub struct Pong {
    /// The nonce of the ping.
    pub nonce: u64,
}

/// Asks not to be told of transactions that pay less. From protocol version 5 on. Heeding it is the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "MsgFeeFilter")]
pub struct FeeFilter {
    /// Least fee rate in atoms per 1000 bytes. Any number is legal, negative ones too.
    pub min_fee: i64,
}

impl Payload for Ping {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { nonce: cursor.u64()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn encoded_len(&self) -> usize {
        8
    }
}

impl Payload for Pong {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { nonce: cursor.u64()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn encoded_len(&self) -> usize {
        8
    }
}

impl Payload for FeeFilter {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self { min_fee: cursor.i64()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.min_fee.to_le_bytes());
    }

    fn encoded_len(&self) -> usize {
        8
    }
}
