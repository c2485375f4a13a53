//! Mixing: the eight messages with which peers build a transaction that does not show which input pays which output.
//!
//! A pair request opens a session; the other messages follow in the order key exchange, ciphertexts, slot
//! reserve, factored polynomial, DC-net, confirmation, or end in the secrets of a run that failed. Each is
//! signed by its sender and names the messages of the step before that its sender has seen. Keys,
//! signatures and the meaning of the values are checked by the mixing client; here they are bytes.

mod ciphertexts;
mod confirm;
mod dc_net;
mod factored_poly;
mod key_exchange;
mod pair_request;
mod secrets;
mod signed;
mod slot_reserve;
mod values;

pub use self::ciphertexts::MixCiphertexts;
pub use self::confirm::MixConfirm;
pub use self::dc_net::{DcNet, MixDcNet};
pub use self::factored_poly::MixFactoredPoly;
pub use self::key_exchange::MixKeyExchange;
pub use self::pair_request::{MixAmount, MixChange, MixPairReq, MixUtxo, MixUtxoList, ScriptClass};
pub use self::secrets::{DcNetMessageList, MixSecrets};
pub use self::signed::MixMessage;
use self::signed::Signed;
pub use self::slot_reserve::{DcMix, MixSlotReserve};
pub use self::values::{FieldValueIter, FieldValues};
use crate::error::CodecError;
use crate::hash::Hash;
use crate::message::codec::{Cursor, List, Sink, bounds, put_hashes, put_var_int};

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
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            signature: *cursor.array()?,
            identity: *cursor.array()?,
            session_id: *cursor.array()?,
            run: cursor.u32()?,
        })
    }

    /// All but the signature.
    fn write_signed(&self, out: &mut dyn Sink) {
        out.put(&self.identity);
        out.put(&self.session_id);
        out.put(&self.run.to_le_bytes());
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
