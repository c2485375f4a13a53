//! Ciphertexts for the other peers' keys (`mixcphrtxt`).

use alloc::vec::Vec;

use bytes::Bytes;

use super::{MixHeader, SeenMessages, Signed};
use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload, Sink, put_hashes, put_var_int};
use crate::protocol_version::ProtocolVersion;

/// Sends each peer's ciphertext. Answers the key exchanges of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixCiphertexts")]
pub struct MixCiphertexts {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    ciphertexts: Bytes,
    seen_key_exchanges: SeenMessages,
}

impl MixCiphertexts {
    /// Size of an sntrup4591761 ciphertext in bytes.
    pub const CIPHERTEXT_LEN: usize = 1047;

    /// A message with these ciphertexts and as many key exchanges.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidMsg`] where the two lists differ in length.
    pub fn new(
        header: MixHeader,
        ciphertexts: Vec<[u8; Self::CIPHERTEXT_LEN]>,
        seen_key_exchanges: SeenMessages,
    ) -> Result<Self, CodecError> {
        if ciphertexts.len() != seen_key_exchanges.len() {
            return Err(CodecError::InvalidMsg("as many ciphertexts as key exchanges are needed"));
        }
        Ok(Self { header, ciphertexts: ciphertexts.into_flattened().into(), seen_key_exchanges })
    }

    /// The ciphertexts, up to 512.
    #[must_use]
    pub fn ciphertexts(&self) -> &[[u8; Self::CIPHERTEXT_LEN]] {
        self.ciphertexts.as_chunks().0
    }

    /// The key exchange messages, as many as ciphertexts.
    #[must_use]
    pub const fn seen_key_exchanges(&self) -> &SeenMessages {
        &self.seen_key_exchanges
    }
}

impl Payload for MixCiphertexts {
    /// One count serves both lists.
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let header = MixHeader::read(cursor)?;
        let count = cursor.count(SeenMessages::MAX, CodecError::TooManyPrevMixMsgs)?;
        Ok(Self {
            header,
            ciphertexts: cursor.bytes(count.saturating_mul(Self::CIPHERTEXT_LEN))?,
            seen_key_exchanges: cursor.hashes(count)?.try_into()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixCiphertexts {
    fn command(&self) -> &'static str {
        "mixcphrtxt"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        put_var_int(out, self.seen_key_exchanges.len());
        out.put(&self.ciphertexts);
        put_hashes(out, &self.seen_key_exchanges);
    }
}
