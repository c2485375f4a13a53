//! The 24 bytes before each payload, and their checks.

use crate::error::{Excess, FrameError};
use crate::message::codec::MAX_PAYLOAD;
use crate::message::{Command, Spec, find};
use crate::network::Network;
use crate::protocol_version::ProtocolVersion;

/// A frame header as it is on the wire, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "messageHeader")]
pub struct Header {
    /// The network it claims.
    pub network: Network,
    /// The command field, padded with zeros.
    pub command: [u8; Command::LEN],
    /// Declared size of the payload in bytes.
    pub len: u32,
    /// First four bytes of the payload's BLAKE-256.
    pub checksum: [u8; 4],
}

/// The rules by which a frame is read or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The network.
    pub network: Network,
    /// The protocol version in force, which decides what commands exist and how large they may be.
    pub version: ProtocolVersion,
    /// The largest payload of commands that are not part of that version, in bytes. `None` refuses them.
    pub max_unknown: Option<usize>,
}

impl Rules {
    /// The reference's rules: unknown commands are refused.
    #[must_use]
    pub const fn new(network: Network, version: ProtocolVersion) -> Self {
        Self { network, version, max_unknown: None }
    }

    /// Whether frames with this command of the table are read. Where unknown commands are refused, the reference still
    /// reads some commands of other versions before it refuses them.
    pub(crate) const fn reads(&self, spec: &Spec) -> bool {
        if self.max_unknown.is_some() {
            spec.is_known_at(self.version)
        } else {
            spec.is_listed_at(self.version)
        }
    }
}

/// A header that passed its checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    pub(crate) command: Command,
    /// Declared size of the payload in bytes.
    len: u32,
    pub(super) checksum: [u8; 4],
    /// The command's line in the table of messages, whether or not it is part of the version in force.
    pub(crate) spec: Option<&'static Spec>,
    /// The version in force, if the message does not exist at it: its payload is read, then refused.
    pub(super) invalid_at: Option<ProtocolVersion>,
}

impl Checked {
    /// The declared size of the payload in bytes.
    pub(crate) const fn payload_len(&self) -> usize {
        self.len as usize
    }
}

impl Header {
    /// Size in bytes.
    pub const LEN: usize = 24;

    pub(crate) const fn new(network: Network, command: Command, len: usize, checksum: [u8; 4]) -> Self {
        debug_assert!(len <= MAX_PAYLOAD);
        #[expect(clippy::cast_possible_truncation, reason = "a message that passed `check` is below 32 MiB")]
        Self { network, command: command.to_wire(), len: len as u32, checksum }
    }

    /// Size of the whole frame in bytes, as the header declares it.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        (self.len as usize).saturating_add(Self::LEN)
    }

    /// Reads a header. Nothing is checked.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (magic, rest) = bytes.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let (command, rest) = rest.split_first_chunk().unwrap_or((&[0; Command::LEN], &[]));
        let (len, checksum) = rest.split_first_chunk().unwrap_or((&[0; 4], &[]));
        debug_assert!(checksum.len() == 4);
        Self {
            network: Network::from_magic(u32::from_le_bytes(*magic)),
            command: *command,
            len: u32::from_le_bytes(*len),
            checksum: checksum.try_into().unwrap_or_default(),
        }
    }

    /// The header as it is on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (magic, rest) = bytes.split_at_mut(4);
        let (command, rest) = rest.split_at_mut(Command::LEN);
        let (len, checksum) = rest.split_at_mut(4);
        magic.copy_from_slice(&self.network.magic().to_le_bytes());
        command.copy_from_slice(&self.command);
        len.copy_from_slice(&self.len.to_le_bytes());
        checksum.copy_from_slice(&self.checksum);
        bytes
    }

    /// Puts a checksum into the header at the front of `frame`.
    pub(crate) fn set_checksum(frame: &mut [u8], checksum: [u8; 4]) {
        if let Some(bytes) = frame.first_chunk_mut() {
            *bytes = Self { checksum, ..Self::from_bytes(bytes) }.to_bytes();
        }
    }

    /// Checks everything that can be known before the payload, in the reference's order: size, network,
    /// command, size for that command.
    ///
    /// Where unknown commands are refused, some that are part of other versions pass, as they do in the reference:
    /// those end in [`FrameReader::read`](super::FrameReader::read), with
    /// [`MsgInvalidForPVer`](crate::CodecError::MsgInvalidForPVer).
    ///
    /// # Errors
    ///
    /// [`FrameError::PayloadTooLarge`], [`FrameError::WrongNetwork`], [`FrameError::MalformedCmd`],
    /// [`FrameError::UnknownCmd`], and [`FrameError::PayloadTooLarge`] once more.
    pub fn check(&self, rules: &Rules) -> Result<Command, FrameError> {
        match self.usual(rules) {
            Some(spec) => Ok(spec.command),
            None => self.check_unusual(rules).map(|checked| checked.command),
        }
    }

    /// The line of its command, if nothing is wrong with the header: the usual case. Commands of the table are well formed, and
    /// no limit is above that of all payloads.
    ///
    /// This and [`check_unusual`](Self::check_unusual) are one check. It is in two parts because moving a `Checked` out of a
    /// result costs as much as all the rest of it.
    #[inline]
    pub(super) fn usual(&self, rules: &Rules) -> Option<&'static Spec> {
        find(self.command).filter(|spec| {
            self.network == rules.network
                && spec.is_known_at(rules.version)
                && self.len as usize <= spec.max_payload(rules.version)
        })
    }

    /// What is known of a header that passed the [usual](Self::usual) check.
    #[inline]
    pub(super) const fn checked(&self, spec: &'static Spec) -> Checked {
        let (len, checksum) = (self.len, self.checksum);
        Checked { command: spec.command, len, checksum, spec: Some(spec), invalid_at: None }
    }

    /// The check step by step: what is refused, and commands that are not part of the version.
    #[cold]
    pub(super) fn check_unusual(&self, rules: &Rules) -> Result<Checked, FrameError> {
        let spec = find(self.command);
        let len = self.len as usize;
        if len > MAX_PAYLOAD {
            return Err(FrameError::PayloadTooLarge { command: None, excess: Excess::new(len, MAX_PAYLOAD) });
        }
        if self.network != rules.network {
            return Err(FrameError::WrongNetwork(self.network));
        }
        let (command, max, is_valid) = match spec.filter(|spec| rules.reads(spec)) {
            // Commands of the table are well formed.
            Some(spec) => (spec.command, spec.max_declared(rules.version), spec.is_valid_at(rules.version)),
            None => {
                let malformed = FrameError::MalformedCmd(self.command);
                let command = Command::from_wire(self.command).ok_or(malformed)?;
                (command, rules.max_unknown.ok_or(FrameError::UnknownCmd(command))?, true)
            }
        };
        if len > max {
            return Err(FrameError::PayloadTooLarge {
                command: Some(command),
                excess: Excess::new(len, max),
            });
        }
        let (len, checksum, invalid_at) = (self.len, self.checksum, (!is_valid).then_some(rules.version));
        Ok(Checked { command, len, checksum, spec, invalid_at })
    }
}
