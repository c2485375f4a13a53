//! Messages: one enum, one struct for each command, one table.
//!
//! A payload comes in as [`Bytes`], goes through [`Message::decode`] and is a [`Message`]; back it goes
//! through [`Message::encode`]. The table in `table.rs` says of each command at which protocol versions it
//! exists, how large it may be, and which struct reads and writes it; the files beside it hold the structs,
//! by family. A value that exists is valid: limits are in the types, so encoding fails only where the
//! protocol version or the size of the whole forbids it (and for the few messages that the reference decodes
//! without being able to encode them).

mod address;
mod alert;
mod answer;
mod block;
mod bloom;
pub mod bounds;
mod cfilter;
mod cfilter_v2;
mod command;
mod header;
mod inventory;
mod list;
mod locator;
mod lookup;
mod merkleblock;
mod mixing;
mod onion;
mod ping;
mod raw;
pub(crate) mod reader;
mod reject;
mod spec;
mod state;
mod summary;
mod table;
pub(crate) mod text;
mod transaction;
mod utc;
pub mod var_int;
mod version;

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

pub use self::address::{Addr, AddrV2, Address, NetAddress, NetAddressV2, TimedNetAddress};
pub use self::alert::{Alert, AlertPayload, SubVersions};
pub(crate) use self::answer::{Answer, Whole};
pub use self::block::{Block, Transactions};
pub use self::bloom::{BloomUpdate, FilterAdd, FilterLoad};
pub use self::cfilter::{CFHeaders, CFTypes, CFilter, FilterData, FilterType, GetCFHeaders, GetCFilter};
pub use self::cfilter_v2::{CFilterV2, CFiltersV2, GetCFilterV2, GetCFsV2};
pub use self::command::Command;
pub use self::header::{BlockHeader, Headers};
pub use self::inventory::{GetData, Inv, Inventory, InventoryKind, InventoryList, NotFound};
pub use self::list::{Bound, List};
pub use self::locator::{GetBlocks, GetHeaders, Locator};
pub(crate) use self::lookup::{find, lookup};
pub use self::merkleblock::{MerkleBlock, MerkleFlags};
pub use self::mixing::{
    DCMix, DCNet, FieldValueIter, FieldValues, MixAmount, MixChange, MixCiphertexts, MixConfirm, MixDCNet,
    MixFactoredPoly, MixHeader, MixKeyExchange, MixMessage, MixPairReq, MixSecrets, MixSlotReserve, MixUtxo,
    ScriptClass, SeenMessages,
};
pub use self::ping::{FeeFilter, Ping, Pong};
pub use self::raw::Raw;
pub use self::reject::{Reject, RejectCode};
pub(crate) use self::spec::{Lane, Spec};
pub use self::state::{GetInitState, InitState, InitStateType, MiningState};
pub use self::summary::Summary;
pub use self::table::Message;
pub use self::text::Timestamp;
pub use self::transaction::{Inputs, OutPoint, Outputs, Transaction, TxIn, TxOut, TxType};
pub use self::version::{UserAgent, Version};
use crate::error::{CodecError, Excess};
use crate::protocol::ProtocolVersion;
use reader::{MAX_PAYLOAD, Reader, check_size};

/// What every message's struct can do. The table calls it; nobody else needs to.
pub(crate) trait Payload: Sized {
    /// Reads the payload from its first field to its last. Bytes left over are the caller's business.
    fn decode(reader: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, CodecError>;

    /// Appends the payload.
    fn encode(&self, out: &mut Vec<u8>);

    /// Exact size of what [`encode`](Self::encode) appends, in bytes.
    fn encoded_len(&self) -> usize;

    /// Refuses the few values that exist and cannot be sent.
    fn check(&self, _version: ProtocolVersion) -> Result<(), CodecError> {
        Ok(())
    }
}

impl<T: Payload> Payload for Box<T> {
    fn decode(reader: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, CodecError> {
        T::decode(reader, version).map(Self::new)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        T::encode(self, out);
    }

    fn encoded_len(&self) -> usize {
        T::encoded_len(self)
    }

    fn check(&self, version: ProtocolVersion) -> Result<(), CodecError> {
        T::check(self, version)
    }
}

impl Message {
    /// The command that names this message on the wire.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::Raw(raw) => raw.command,
            known => known.spec().map_or_else(|| Command::EMPTY, |spec| spec.command),
        }
    }

    /// Decodes a whole payload.
    ///
    /// A command that no version has becomes [`Message::Raw`]. Whether a command is read as a frame at
    /// `version` is for the frame layer to say.
    ///
    /// # Errors
    ///
    /// In this order: [`CodecError::PayloadTooLarge`] above 32 MiB, [`CodecError::MsgInvalidForPVer`] outside the
    /// command's versions, what the fields are refused for, [`CodecError::TrailingBytes`], and
    /// [`CodecError::PayloadTooLarge`] above the command's [limit](Command::max_payload).
    pub fn decode(command: Command, payload: Bytes, version: ProtocolVersion) -> Result<Self, CodecError> {
        let Some(spec) = lookup(command) else {
            check_size(&payload, MAX_PAYLOAD)?;
            return Ok(Self::Raw(Raw { command, payload }));
        };
        spec.decode(&payload, version)
    }

    /// Appends the payload.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); nothing is appended then.
    pub fn encode(&self, out: &mut Vec<u8>, version: ProtocolVersion) -> Result<(), CodecError> {
        let len = self.check(version)?;
        out.reserve(len);
        self.write(out);
        Ok(())
    }

    /// The whole payload of a message that can be queued without a copy: that of a block, which is the whole of what
    /// it was made of. A transaction may be cut out of a block and would keep all of it alive, and so may the payload
    /// of a raw message.
    pub(crate) const fn shared_payload(&self) -> Option<&Bytes> {
        match self {
            Self::Block(block) => Some(block.as_bytes()),
            _ => None,
        }
    }

    /// Whether the message can be sent at `version`: the size of its payload in bytes, or why not.
    ///
    /// # Errors
    ///
    /// [`CodecError::MsgInvalidForPVer`] outside the message's versions, [`CodecError::InvalidMsg`] for a
    /// `mixdcnet` without rows or an empty `alert`, [`CodecError::MalformedStrictString`] for a `reject` that
    /// was received with other than printable ASCII, [`CodecError::PayloadTooLarge`] above the limit.
    pub fn check(&self, version: ProtocolVersion) -> Result<usize, CodecError> {
        let max = match self.spec() {
            Some(spec) => {
                if !spec.is_valid_at(version) {
                    return Err(CodecError::MsgInvalidForPVer { version });
                }
                spec.max_payload(version)
            }
            None => {
                self.check_raw(version)?;
                MAX_PAYLOAD
            }
        };
        self.check_fields(version)?;
        let len = self.encoded_len();
        if len > max { Err(CodecError::PayloadTooLarge(Excess::new(len, max))) } else { Ok(len) }
    }

    /// A raw message speaks for commands that do not exist; the others have messages that keep their rules.
    fn check_raw(&self, version: ProtocolVersion) -> Result<(), CodecError> {
        match self.command() {
            Command::EMPTY => Err(CodecError::MalformedCmd),
            command if command.is_known_at(version) => {
                Err(CodecError::InvalidMsg("a raw message with a command that exists"))
            }
            _ => Ok(()),
        }
    }
}

impl Command {
    /// The largest payload of this command at `version`, in bytes; 0 for one whose message does not exist then,
    /// `None` for one that never exists.
    #[must_use]
    pub fn max_payload(self, version: ProtocolVersion) -> Option<usize> {
        lookup(self).map(|spec| spec.max_payload(version))
    }

    /// Whether this command is part of `version`: frames with it can be read and decoded. All others are
    /// [unknown commands](crate::UnknownCommands) then, those that are part of other versions included.
    #[must_use]
    pub fn is_known_at(self, version: ProtocolVersion) -> bool {
        lookup(self).is_some_and(|spec| spec.is_known_at(version))
    }

    /// All commands of both eras, in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        table::TABLE.iter().map(|spec| spec.command)
    }
}
