//! Keys of a run (`mixkeyxchg`).

use alloc::vec::Vec;

use super::{MixHeader, SeenMessages, Signed, put_seen};
use crate::error::CodecError;
use crate::message::codec::{Cursor, Payload, Sink};
use crate::protocol_version::ProtocolVersion;

/// Publishes the sender's keys for one run. Answers the pair requests of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixKeyExchange")]
pub struct MixKeyExchange {
    /// Signature, sender, session and run. (On the wire the epoch stands before the run.)
    pub header: MixHeader,
    /// When the session began, in seconds since 1970.
    pub epoch: u64,
    /// The sender's position among the unmixed peers.
    pub pos: u32,
    /// A compressed secp256k1 public key for key exchange.
    pub ecdh: [u8; 33],
    /// An sntrup4591761 public key.
    pub pqpk: [u8; Self::PQPK_LEN],
    /// What the sender commits to: [`MixSecrets::commitment`](super::MixSecrets::commitment).
    pub commitment: [u8; 32],
    /// The pair requests of the session.
    #[doc(alias = "SeenPRs")]
    pub seen_pair_requests: SeenMessages,
}

impl MixKeyExchange {
    /// Size of an sntrup4591761 public key in bytes.
    pub const PQPK_LEN: usize = 1218;
}

impl Payload for MixKeyExchange {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let signature = *cursor.array()?;
        let identity = *cursor.array()?;
        let session_id = *cursor.array()?;
        let epoch = cursor.u64()?;
        let run = cursor.u32()?;
        Ok(Self {
            header: MixHeader { signature, identity, session_id, run },
            epoch,
            pos: cursor.u32()?,
            ecdh: *cursor.array()?,
            pqpk: *cursor.array()?,
            commitment: *cursor.array()?,
            seen_pair_requests: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixKeyExchange {
    fn command(&self) -> &'static str {
        "mixkeyxchg"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        out.put(&self.header.identity);
        out.put(&self.header.session_id);
        out.put(&self.epoch.to_le_bytes());
        out.put(&self.header.run.to_le_bytes());
        out.put(&self.pos.to_le_bytes());
        out.put(&self.ecdh);
        out.put(&self.pqpk);
        out.put(&self.commitment);
        put_seen(out, &self.seen_pair_requests);
    }
}
