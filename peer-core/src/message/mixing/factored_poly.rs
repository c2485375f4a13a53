//! Roots of the slot reservation polynomial (`mixfactpoly`).

use alloc::vec::Vec;

use super::{FieldValues, MixHeader, SeenMessages, Signed, put_seen};
use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload, Sink};
use crate::protocol_version::ProtocolVersion;

/// Publishes the solution of the polynomial, so that peers who cannot solve it go on. Answers the slot
/// reservations of a run.
///
/// The reference's limit for the whole leaves out a byte for each root, so 1024 roots of 32 bytes with more
/// than 479 hashes, all allowed by themselves, are refused when encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixFactoredPoly")]
pub struct MixFactoredPoly {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    /// The roots.
    pub roots: FieldValues,
    /// The slot reservations.
    pub seen_slot_reserves: SeenMessages,
}

impl Payload for MixFactoredPoly {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            header: MixHeader::read(cursor)?,
            roots: FieldValues::read(cursor)?,
            seen_slot_reserves: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixFactoredPoly {
    fn command(&self) -> &'static str {
        "mixfactpoly"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        self.roots.write(out);
        put_seen(out, &self.seen_slot_reserves);
    }
}
