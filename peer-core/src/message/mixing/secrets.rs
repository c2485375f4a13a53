//! The secrets of a failed run (`mixsecrets`).

use alloc::vec::Vec;

use super::{
    FieldValues, MESSAGE_LEN, MixHeader, SeenMessages, Signed, check_message_len, message_count, put_seen,
};
use crate::blake256::Blake256;
use crate::error::CodecError;
use crate::message::codec::{Cursor, List, Payload, Sink, bounds, put_var_int};
use crate::protocol_version::ProtocolVersion;

/// DC-net messages in `mixsecrets`: at most 1024.
pub type DcNetMessageList = List<[u8; MESSAGE_LEN], bounds::DcNetMessages>;

/// Reveals what the sender had kept to itself, so that the others find out who broke the run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgMixSecrets")]
pub struct MixSecrets {
    /// Signature, sender, session and run.
    pub header: MixHeader,
    /// What the sender's keys were derived from.
    pub seed: [u8; 32],
    /// The sender's slot reservation messages, up to 1024.
    #[doc(alias = "SlotReserveMsgs")]
    pub slot_reserve_messages: FieldValues,
    /// The sender's DC-net messages, up to 1024.
    #[doc(alias = "DCNetMsgs")]
    pub dc_net_messages: DcNetMessageList,
    /// Secrets of other peers.
    pub seen_secrets: SeenMessages,
}

impl MixSecrets {
    /// What the sender committed to in its key exchange: the hash of this message without a signature and
    /// without the secrets of others.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        let mut hasher = Blake256::new();
        hasher.put(&[0; 64]);
        self.write_secrets(&mut hasher);
        put_seen(&mut hasher, &SeenMessages::new());
        hasher.finalize()
    }

    /// Without DC-net messages, the size of one does not follow their number.
    fn write_secrets(&self, out: &mut dyn Sink) {
        self.header.write_signed(out);
        out.put(&self.seed);
        self.slot_reserve_messages.write(out);
        put_var_int(out, self.dc_net_messages.len());
        if !self.dc_net_messages.is_empty() {
            put_var_int(out, MESSAGE_LEN);
            out.put(self.dc_net_messages.as_flattened());
        }
    }
}

impl Payload for MixSecrets {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        Ok(Self {
            header: MixHeader::read(cursor)?,
            seed: *cursor.array()?,
            slot_reserve_messages: FieldValues::read(cursor)?,
            dc_net_messages: read_dc_net_messages(cursor)?,
            seen_secrets: SeenMessages::decode_hashes(cursor)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn encoded_len(&self) -> usize {
        self.written_len()
    }
}

impl Signed for MixSecrets {
    fn command(&self) -> &'static str {
        "mixsecrets"
    }

    fn signature(&self) -> &[u8; 64] {
        &self.header.signature
    }

    fn write_signed(&self, out: &mut dyn Sink) {
        self.write_secrets(out);
        put_seen(out, &self.seen_secrets);
    }
}

/// Number and size are both read before either is judged.
fn read_dc_net_messages(cursor: &mut Cursor<'_>) -> Result<DcNetMessageList, CodecError> {
    let count = cursor.var_int()?;
    if count == 0 {
        return Ok(List::new());
    }
    let message_len = cursor.var_int()?;
    let count = message_count(count)?;
    check_message_len(message_len)?;
    cursor.fixed(count, |message| *message)?.try_into()
}
