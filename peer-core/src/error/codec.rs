//! Why bytes and a message do not correspond.

use core::fmt;

use super::ErrorKind;
use crate::protocol_version::ProtocolVersion;

/// A number above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct Excess {
    /// What was found or asked for.
    pub got: u64,
    /// The largest number allowed.
    pub max: u64,
}

impl Excess {
    /// `got` where at most `max` is allowed.
    pub(crate) const fn new(got: usize, max: usize) -> Self {
        Self { got: got as u64, max: max as u64 }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at most {}", self.got, self.max)
    }
}

/// Why a payload is refused, or why a message cannot be built or encoded.
///
/// While a payload is read, the remote is to blame; while a message is built or encoded, its owner is. Variants are
/// named like the reference's kinds, see [`CodecError::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The payload ends inside or before a field.
    #[error("payload ends early: a field of {needed} bytes, {available} are left")]
    Truncated {
        /// Size of the field in bytes.
        needed: u64,
        /// Bytes that were left.
        available: u64,
    },
    /// Bytes are left over after the last field.
    #[error("{count} bytes after the last field")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A variable length integer in more bytes than it needs.
    #[error("variable length integer {value} is not in its shortest form")]
    NonCanonicalVarInt {
        /// Its value.
        value: u64,
    },
    /// The message does not exist at this protocol version.
    #[error("not valid at protocol version {version}")]
    MsgInvalidForPVer {
        /// The protocol version in force.
        version: ProtocolVersion,
    },
    /// The encoded message would be larger than its limit at the protocol version in force.
    #[error("payload too large: {0} bytes")]
    PayloadTooLarge(Excess),
    /// A command of more than 12 bytes.
    #[error("command too long: {0} bytes")]
    CmdTooLong(Excess),
    /// A command that is empty or not printable ASCII.
    #[error("command is not printable ASCII")]
    MalformedCmd,
    /// A text is too long.
    #[error("text too long: {0} bytes")]
    VarStringTooLong(Excess),
    /// A byte string is too long.
    #[error("byte string too long: {0} bytes")]
    VarBytesTooLong(Excess),
    /// A text has a byte outside `0x20..=0x7e`.
    #[error("text is not printable ASCII")]
    MalformedStrictString,
    /// Too many addresses (`addr`, `addrv2`).
    #[error("too many addresses: {0}")]
    TooManyAddrs(Excess),
    /// An `addrv2` without addresses.
    #[error("no addresses")]
    TooFewAddrs,
    /// An address type that does not exist (`addrv2`).
    #[error("unknown address type {0}")]
    UnknownNetAddrType(u8),
    /// A time that the reference cannot represent (`version`, `addrv2`).
    #[error("time {0} is out of range")]
    InvalidTimestamp(u64),
    /// Too many transactions in a tree of a block, or too many inputs or outputs in a transaction.
    #[error("too many transactions, inputs or outputs: {0}")]
    TooManyTxs(Excess),
    /// Prefix and witness of a transaction differ in their number of inputs.
    #[error("witness of {witness} inputs for a prefix of {prefix}")]
    MismatchedWitnessCount {
        /// Inputs in the prefix.
        prefix: u64,
        /// Inputs in the witness.
        witness: u64,
    },
    /// A transaction serialization type that does not exist.
    #[error("unknown transaction serialization type {0}")]
    UnknownTxType(u16),
    /// A filter's data is too long to send (`cfilter`, `cfilterv2`).
    #[error("filter too large: {0} bytes")]
    FilterTooLarge(Excess),
    /// Too many proof hashes (`cfilterv2`).
    #[error("too many proof hashes: {0}")]
    TooManyProofs(Excess),
    /// Too many filter types (`cftypes`).
    #[error("too many filter types: {0}")]
    TooManyFilterTypes(Excess),
    /// Too many filter headers (`cfheaders`).
    #[error("too many filter headers: {0}")]
    TooManyFilterHeaders(Excess),
    /// Too many filters (`cfiltersv2`).
    #[error("too many filters: {0}")]
    TooManyCFilters(Excess),
    /// Too many locator hashes (`getblocks`, `getheaders`, `getcfheaders`).
    #[error("too many locator hashes: {0}")]
    TooManyLocators(Excess),
    /// Too many inventory vectors (`inv`, `getdata`, `notfound`).
    #[error("too many inventory vectors: {0}")]
    TooManyVectors(Excess),
    /// Too many headers (`headers`).
    #[error("too many headers: {0}")]
    TooManyHeaders(Excess),
    /// A header of `headers` that claims transactions.
    #[error("a header followed by {0} transactions")]
    HeaderContainsTxs(u64),
    /// Too many vote hashes (`miningstate`, `initstate`).
    #[error("too many votes: {0}")]
    TooManyVotes(Excess),
    /// Too many block hashes (`miningstate`, `initstate`).
    #[error("too many blocks: {0}")]
    TooManyBlocks(Excess),
    /// Too many treasury spend hashes (`initstate`).
    #[error("too many treasury spends: {0}")]
    TooManyTSpends(Excess),
    /// A user agent is too long (`version`).
    #[error("user agent too long: {0} bytes")]
    UserAgentTooLong(Excess),
    /// Too many types (`getinitstate`).
    #[error("too many initial state types: {0}")]
    TooManyInitStateTypes(Excess),
    /// A type's name is too long to send (`getinitstate`).
    #[error("initial state type too long: {0} bytes")]
    InitStateTypeTooLong(Excess),
    /// A script class is too long to send (`mixpairreq`).
    #[error("script class too long: {0} bytes")]
    MixPairReqScriptClassTooLong(Excess),
    /// Too many unspent outputs (`mixpairreq`).
    #[error("too many unspent outputs: {0}")]
    TooManyMixPairReqUTXOs(Excess),
    /// Too many hashes of previous messages (mixing messages).
    #[error("too many previous messages: {0}")]
    TooManyPrevMixMsgs(Excess),
    /// A field has a value that the message does not allow; the text names it.
    #[error("{0}")]
    InvalidMsg(&'static str),
    /// A message of the old era exceeds a limit for which the reference had no name; the text names it.
    #[error("{what}: {excess}")]
    Legacy {
        /// What is too long or too much.
        what: &'static str,
        /// By how much.
        excess: Excess,
    },
}

impl CodecError {
    /// The reference's name. Errors of the old era without a name are `InvalidMsg`.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Truncated { .. } => ErrorKind::Truncated,
            Self::TrailingBytes { .. } => ErrorKind::TrailingBytes,
            Self::NonCanonicalVarInt { .. } => ErrorKind::NonCanonicalVarInt,
            Self::MsgInvalidForPVer { .. } => ErrorKind::MsgInvalidForPVer,
            Self::PayloadTooLarge(_) => ErrorKind::PayloadTooLarge,
            Self::CmdTooLong(_) => ErrorKind::CmdTooLong,
            Self::MalformedCmd => ErrorKind::MalformedCmd,
            Self::VarStringTooLong(_) => ErrorKind::VarStringTooLong,
            Self::VarBytesTooLong(_) => ErrorKind::VarBytesTooLong,
            Self::MalformedStrictString => ErrorKind::MalformedStrictString,
            Self::TooManyAddrs(_) => ErrorKind::TooManyAddrs,
            Self::TooFewAddrs => ErrorKind::TooFewAddrs,
            Self::UnknownNetAddrType(_) => ErrorKind::UnknownNetAddrType,
            Self::InvalidTimestamp(_) => ErrorKind::InvalidTimestamp,
            Self::TooManyTxs(_) => ErrorKind::TooManyTxs,
            Self::MismatchedWitnessCount { .. } => ErrorKind::MismatchedWitnessCount,
            Self::UnknownTxType(_) => ErrorKind::UnknownTxType,
            Self::FilterTooLarge(_) => ErrorKind::FilterTooLarge,
            Self::TooManyProofs(_) => ErrorKind::TooManyProofs,
            Self::TooManyFilterTypes(_) => ErrorKind::TooManyFilterTypes,
            Self::TooManyFilterHeaders(_) => ErrorKind::TooManyFilterHeaders,
            Self::TooManyCFilters(_) => ErrorKind::TooManyCFilters,
            Self::TooManyLocators(_) => ErrorKind::TooManyLocators,
            Self::TooManyVectors(_) => ErrorKind::TooManyVectors,
            Self::TooManyHeaders(_) => ErrorKind::TooManyHeaders,
            Self::HeaderContainsTxs(_) => ErrorKind::HeaderContainsTxs,
            Self::TooManyVotes(_) => ErrorKind::TooManyVotes,
            Self::TooManyBlocks(_) => ErrorKind::TooManyBlocks,
            Self::TooManyTSpends(_) => ErrorKind::TooManyTSpends,
            Self::UserAgentTooLong(_) => ErrorKind::UserAgentTooLong,
            Self::TooManyInitStateTypes(_) => ErrorKind::TooManyInitStateTypes,
            Self::InitStateTypeTooLong(_) => ErrorKind::InitStateTypeTooLong,
            Self::MixPairReqScriptClassTooLong(_) => ErrorKind::MixPairReqScriptClassTooLong,
            Self::TooManyMixPairReqUTXOs(_) => ErrorKind::TooManyMixPairReqUTXOs,
            Self::TooManyPrevMixMsgs(_) => ErrorKind::TooManyPrevMixMsgs,
            Self::InvalidMsg(_) | Self::Legacy { .. } => ErrorKind::InvalidMsg,
        }
    }
}
