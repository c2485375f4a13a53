//! The mixed transaction (`mixconfirm`).

use alloc::vec::Vec;

use super::{MixHeader, SeenMessages, Signed, put_seen};
use crate::error::CodecError;
use crate::message::chain::Transaction;
use crate::message::codec::{Cursor, Payload, Sink};
use crate::protocol_version::ProtocolVersion;

/// The transaction with the sender's own inputs signed. Answers the DC-nets of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixConfirm")]
pub struct MixConfirm {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    /// The transaction, in any serialization.
    pub mix: Transaction,
    /// The DC-net messages.
    #[doc(alias = "SeenDCNets")]
    pub seen_dc_nets: SeenMessages,
}

impl Payload for MixConfirm {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            header: MixHeader::read(cursor)?,
            mix: Transaction::read(cursor)?,
            seen_dc_nets: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixConfirm {
    fn command(&self) -> &'static str {
        "mixconfirm"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        out.put(self.mix.as_bytes());
        put_seen(out, &self.seen_dc_nets);
    }
}
