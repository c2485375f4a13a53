//! Messages: one enum, one struct for each command, one table.
//!
//! A payload comes in as [`Bytes`], goes through [`Message::decode`] and is a [`Message`]; back it goes
//! through [`Message::encode`]. The table in `registry/table.rs` says of each command at which protocol versions it
//! exists, how large it may be, and which struct reads and writes it. The structs are in `network`, `chain`,
//! `filters`, `mixing` and `legacy`, by family; what they are made of is in `codec`. A value that exists is valid:
//! limits are in the types, so encoding fails only where the protocol version or the size of the whole forbids it
//! (and for the few messages that the reference decodes without being able to encode them).

mod chain;
pub(crate) mod codec;
mod filters;
mod legacy;
mod mixing;
mod network;
mod registry;
mod summary;

use alloc::vec::Vec;

use bytes::Bytes;

pub use self::chain::*;
pub use self::codec::{Bound, List, Timestamp, bounds, var_int};
use self::codec::{Cursor, MAX_PAYLOAD, check_size};
pub use self::filters::*;
pub use self::legacy::*;
pub use self::mixing::*;
pub use self::network::*;
pub use self::registry::{Command, Message, Raw};
pub(crate) use self::registry::{Lane, Response, ResponseKind, Spec, find, lookup};
pub use self::summary::Summary;
use crate::error::{CodecError, Excess};
use crate::hash::Hash;
use crate::protocol_version::ProtocolVersion;

impl Message {
    /// The command that names this message on the wire.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::Raw(raw) => raw.command,
            known => {
                let spec = known.spec();
                debug_assert!(spec.is_some());
                spec.map_or_else(|| Command::EMPTY, |spec| spec.command)
            }
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
            check_size(payload.len(), MAX_PAYLOAD)?;
            return Ok(Self::Raw(Raw { command, payload }));
        };
        spec.decode(Cursor::new(&payload), version)
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

    /// The checksum of the payload, where the message came in a frame and kept it: that of a block or a transaction.
    pub(crate) const fn kept_checksum(&self) -> Option<[u8; 4]> {
        match self {
            Self::Block(block) => block.checksum.0,
            Self::Tx(transaction) => transaction.kept_checksum(),
            _ => None,
        }
    }

    /// Keeps the checksum of the payload, where the message is one that is forwarded.
    pub(crate) const fn keep_checksum(&mut self, checksum: [u8; 4]) {
        match self {
            Self::Block(block) => block.checksum.0 = Some(checksum),
            Self::Tx(transaction) => transaction.keep_checksum(checksum),
            _ => {}
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

    /// A raw message must not have a command of the version: that one's own message keeps its rules.
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

impl Message {
    /// The addresses that an `addr` or an `addrv2` tells, all in the newer form; none for every other message.
    pub fn addresses(&self) -> impl Iterator<Item = NetAddressV2> + '_ {
        let (old, new): (&[_], &[_]) = match self {
            Self::Addr(message) => (&message.addresses, &[]),
            Self::AddrV2(message) => (&[], message.addresses()),
            _ => (&[], &[]),
        };
        old.iter().copied().map(NetAddressV2::from).chain(new.iter().copied())
    }

    /// The message, if it is one of the eight for mixing.
    #[must_use]
    pub fn as_mix(&self) -> Option<&dyn MixMessage> {
        match self {
            Self::MixPairReq(message) => Some(&**message),
            Self::MixKeyExchange(message) => Some(&**message),
            Self::MixCiphertexts(message) => Some(&**message),
            Self::MixSlotReserve(message) => Some(&**message),
            Self::MixFactoredPoly(message) => Some(&**message),
            Self::MixDcNet(message) => Some(&**message),
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
