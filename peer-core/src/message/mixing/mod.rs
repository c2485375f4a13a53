//! Mixing: the eight messages with which peers build a transaction that does not show who pays whom.
//!
//! A pair request opens a session; the other messages follow in the order key exchange, ciphertexts, slot
//! reserve, factored polynomial, DC-net, confirmation, or end in the secrets of a run that failed. Each is
//! signed by its sender and names the messages of the step before that its sender has seen. Keys,
//! signatures and the sense of the values are for the mixing client to check; here they are bytes.

mod ciphertexts;
mod confirm;
mod dc_net;
mod factored_poly;
mod key_exchange;
mod pair_request;
mod secrets;
mod slot_reserve;
mod values;

pub use self::ciphertexts::MixCiphertexts;
pub use self::confirm::MixConfirm;
pub use self::dc_net::{DCNet, MixDCNet};
pub use self::factored_poly::MixFactoredPoly;
pub use self::key_exchange::MixKeyExchange;
pub use self::pair_request::{MixAmount, MixChange, MixPairReq, MixUtxo, ScriptClass};
pub use self::secrets::MixSecrets;
pub use self::slot_reserve::{DCMix, MixSlotReserve};
pub use self::values::{FieldValueIter, FieldValues};
use super::list::List;
use super::reader::{Reader, Sink, put_hashes, put_var_int};
use super::{Message, bounds};
use crate::blake256::Blake256;
use crate::error::CodecError;
use crate::hash::Hash;

/// Up to 512 hashes of mixing messages that the sender has seen.
#[doc(alias = "PrevMsgs")]
pub type SeenMessages = List<Hash, bounds::PreviousMixMessages>;

/// What every mixing message but the pair request begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixHeader {
    /// The sender's signature of [`MixMessage::signed_data`] within the session.
    pub signature: [u8; 64],
    /// The sender: a compressed secp256k1 public key.
    pub identity: [u8; 33],
    /// The session.
    pub session_id: [u8; 32],
    /// Which attempt of the session, from 0 on.
    pub run: u32,
}

impl MixHeader {
    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            signature: *reader.array()?,
            identity: *reader.array()?,
            session_id: *reader.array()?,
            run: reader.u32()?,
        })
    }

    /// All but the signature.
    fn write_signed(&self, out: &mut dyn Sink) {
        out.put(&self.identity);
        out.put(&self.session_id);
        out.put(&self.run.to_le_bytes());
    }
}

/// A mixing message of any kind: the hash that names it and the hash that is signed.
///
/// Each call hashes the whole payload. The eight messages implement it, nothing else can.
#[doc(alias = "mixing.Message")]
pub trait MixMessage: Signed {
    /// The hash that names the message in inventory and in [`SeenMessages`]: BLAKE-256 of its payload.
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
impl MixMessage for MixDCNet {}
impl MixMessage for MixConfirm {}
impl MixMessage for MixSecrets {}

impl Message {
    /// The message, if it is one of the eight for mixing.
    #[must_use]
    pub fn as_mix(&self) -> Option<&dyn MixMessage> {
        match self {
            Self::MixPairReq(message) => Some(&**message),
            Self::MixKeyExchange(message) => Some(&**message),
            Self::MixCiphertexts(message) => Some(&**message),
            Self::MixSlotReserve(message) => Some(&**message),
            Self::MixFactoredPoly(message) => Some(&**message),
            Self::MixDCNet(message) => Some(&**message),
            Self::MixConfirm(message) => Some(&**message),
            Self::MixSecrets(message) => Some(&**message),
            _ => None,
        }
    }

    /// The hash by which inventory names a mixing message; `None` for every other message.
    #[must_use]
    pub fn mix_hash(&self) -> Option<Hash> {
        self.as_mix().map(MixMessage::hash)
    }
}

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

/// A number of mixed messages that a mix can have.
fn message_count(claimed: u64) -> Result<usize, CodecError> {
    match usize::try_from(claimed) {
        Ok(count) if count <= MAX_MESSAGES => Ok(count),
        _ => Err(TOO_MANY_MESSAGES),
    }
}

/// Refuses mixed messages of another size than the one there is.
fn check_message_len(claimed: u64) -> Result<(), CodecError> {
    if claimed == MESSAGE_LEN as u64 {
        Ok(())
    } else {
        Err(CodecError::InvalidMsg("mixed messages are not of 20 bytes"))
    }
}

fn put_seen(out: &mut dyn Sink, seen: &SeenMessages) {
    put_var_int(out, seen.len());
    put_hashes(out, seen);
}

/// The most mixed messages of one mix.
const MAX_MESSAGES: usize = 1024;
/// The most peers of one mix.
const MAX_PEERS: usize = 512;
/// Size of a mixed message in bytes.
const MESSAGE_LEN: usize = 20;

const TOO_MANY_MESSAGES: CodecError = CodecError::InvalidMsg("too many mixed messages");
