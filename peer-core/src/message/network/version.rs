//! The `version` message, with which two nodes introduce themselves.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::NetAddress;
use crate::error::{CodecError, Excess};
use crate::message::codec::{
    Cursor, MAX_PAYLOAD, Payload, Timestamp, is_strict_ascii, put_var_bytes, var_bytes_len,
};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;

/// What software a node runs: up to 256 bytes of printable ASCII.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserAgent(Box<str>);

impl UserAgent {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 256;

    /// Takes a user agent as it stands.
    ///
    /// # Errors
    ///
    /// [`CodecError::UserAgentTooLong`] above 256 bytes, [`CodecError::MalformedStrictString`] where a byte is
    /// not printable ASCII (`0x20..=0x7e`).
    pub fn new(text: impl Into<String>) -> Result<Self, CodecError> {
        let text = text.into();
        if text.len() > Self::MAX_LEN {
            return Err(CodecError::UserAgentTooLong(Excess::new(text.len(), Self::MAX_LEN)));
        }
        if !is_strict_ascii(text.as_bytes()) {
            return Err(CodecError::MalformedStrictString);
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The size is checked against the limit of every text first, then against that of user agents.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let len = cursor.count(MAX_PAYLOAD, CodecError::VarStringTooLong)?;
        if len > Self::MAX_LEN && len <= cursor.remaining() {
            return Err(CodecError::UserAgentTooLong(Excess::new(len, Self::MAX_LEN)));
        }
        let bytes = cursor.slice(len)?;
        let text = core::str::from_utf8(bytes).map_err(|_| CodecError::MalformedStrictString)?;
        Self::new(text)
    }
}

impl fmt::Display for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Introduces a node. The fields after `addr_you` may be missing on the wire; they then read as zero, empty,
/// and "relay".
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "MsgVersion")]
pub struct Version {
    /// The protocol version advertised. It is compared as a signed number by old rules and as an unsigned
    /// one by the negotiation.
    pub protocol_version: i32,
    /// What the sender offers.
    pub services: Services,
    /// The sender's clock.
    pub timestamp: Timestamp,
    /// The receiver as the sender sees it.
    pub addr_you: NetAddress,
    /// The sender; today only its services, the rest zero. `None`, where it was not sent, is written as zero.
    pub addr_me: Option<NetAddress>,
    /// Drawn for each connection, to detect connections to oneself.
    pub nonce: u64,
    /// What software the sender runs.
    pub user_agent: UserAgent,
    /// Height of the sender's best block.
    pub last_block: i32,
    /// Whether the sender wants *no* announcements of transactions. (The wire has the opposite flag.)
    pub disable_relay_tx: bool,
}

impl Version {
    /// The largest payload that is read, in bytes. What this crate writes is at most 344.
    pub(crate) const MAX_LEN: usize = 358;
}

impl Payload for Version {
    fn decode(cursor: &mut Cursor<'_>, _: ProtocolVersion) -> Result<Self, CodecError> {
        let mut version = Self {
            protocol_version: cursor.i32()?,
            services: Services::from_bits(cursor.u64()?),
            timestamp: Timestamp::new(cursor.u64()?)?,
            addr_you: NetAddress::read(cursor)?,
            addr_me: None,
            nonce: 0,
            user_agent: UserAgent::default(),
            last_block: 0,
            disable_relay_tx: false,
        };
        if cursor.remaining() > 0 {
            version.addr_me = Some(NetAddress::read(cursor)?);
        }
        if cursor.remaining() > 0 {
            version.nonce = cursor.u64()?;
        }
        if cursor.remaining() > 0 {
            version.user_agent = UserAgent::read(cursor)?;
        }
        if cursor.remaining() > 0 {
            version.last_block = cursor.i32()?;
        }
        if cursor.remaining() > 0 {
            version.disable_relay_tx = cursor.u8()? == 0;
        }
        Ok(version)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.protocol_version.to_le_bytes());
        out.extend_from_slice(&self.services.bits().to_le_bytes());
        out.extend_from_slice(&self.timestamp.seconds().to_le_bytes());
        self.addr_you.write(out);
        self.addr_me.unwrap_or(NetAddress::UNSPECIFIED).write(out);
        out.extend_from_slice(&self.nonce.to_le_bytes());
        put_var_bytes(out, self.user_agent.0.as_bytes());
        out.extend_from_slice(&self.last_block.to_le_bytes());
        out.push(u8::from(!self.disable_relay_tx));
    }

    fn encoded_len(&self) -> usize {
        const FIXED: usize = 4 + 8 + 8 + 2 * NetAddress::LEN + 8 + 4 + 1;
        var_bytes_len(self.user_agent.0.len()).saturating_add(FIXED)
    }
}
