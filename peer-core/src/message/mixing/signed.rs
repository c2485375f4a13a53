//! What all mixing messages are: named by a hash and signed.

use super::{
    MixCiphertexts, MixConfirm, MixDcNet, MixFactoredPoly, MixKeyExchange, MixPairReq, MixSecrets,
    MixSlotReserve,
};
use crate::blake256::Blake256;
use crate::hash::Hash;
use crate::message::codec::{Sink, put_var_int};

/// A mixing message of any kind: the hash that names it and the hash that is signed.
///
/// Each call hashes the whole payload. The eight messages implement it, nothing else can.
#[doc(alias = "mixing.Message")]
pub trait MixMessage: Signed {
    /// The hash that names the message in inventory and in [`SeenMessages`](super::SeenMessages): BLAKE-256 of its payload.
    fn hash(&self) -> Hash {
        let mut hasher = Blake256::new();
        self.write(&mut hasher);
        Hash::from_bytes(hasher.finalize())
    }

    /// What the sender says with its signature, hashed: BLAKE-256 of the text `COMMAND-sig` with its length
    /// in front, then of the payload without the signature.
    ///
    /// The signature itself is made over a text that holds this hash beside the session and the run.
    #[doc(alias = "WriteSignedData")]
    fn signed_data(&self) -> [u8; 32] {
        const SUFFIX: &[u8] = b"-sig";
        let command = self.command().as_bytes();
        let mut hasher = Blake256::new();
        put_var_int(&mut hasher, command.len().saturating_add(SUFFIX.len()));
        hasher.put(command);
        hasher.put(SUFFIX);
        self.write_signed(&mut hasher);
        hasher.finalize()
    }
}

impl MixMessage for MixPairReq {}
impl MixMessage for MixKeyExchange {}
impl MixMessage for MixCiphertexts {}
impl MixMessage for MixSlotReserve {}
impl MixMessage for MixFactoredPoly {}
impl MixMessage for MixDcNet {}
impl MixMessage for MixConfirm {}
impl MixMessage for MixSecrets {}

/// How a mixing message is written: one way, which serves payloads, hashes and sizes.
#[expect(unnameable_types, reason = "seals `MixMessage`")]
pub trait Signed {
    /// The message's command.
    fn command(&self) -> &'static str;

    /// The first field of the payload.
    fn signature(&self) -> &[u8; 64];

    /// Writes the payload after the signature.
    fn write_signed(&self, out: &mut dyn Sink);

    /// Writes the payload.
    fn write(&self, out: &mut dyn Sink) {
        out.put(self.signature());
        self.write_signed(out);
    }

    /// Size of the payload in bytes.
    fn written_len(&self) -> usize {
        let mut length = Length(0);
        self.write(&mut length);
        length.0
    }
}

/// Counts bytes instead of keeping them.
struct Length(usize);

impl Sink for Length {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}
