//! The reference's names for refusals.

use core::fmt;

/// A kind of refusal, named and numbered like the reference's error codes without their `Err`.
///
/// Logs, metrics and other implementations share it. The errors themselves have the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ErrorCode")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the reference's; each error's own variant is documented")]
pub enum ErrorKind {
    NonCanonicalVarInt,
    VarStringTooLong,
    VarBytesTooLong,
    CmdTooLong,
    PayloadTooLarge,
    WrongNetwork,
    MalformedCmd,
    UnknownCmd,
    PayloadChecksum,
    TrailingBytes,
    TooManyAddrs,
    TooManyTxs,
    MsgInvalidForPVer,
    FilterTooLarge,
    TooManyProofs,
    TooManyFilterTypes,
    TooManyLocators,
    TooManyVectors,
    TooManyHeaders,
    HeaderContainsTxs,
    TooManyVotes,
    TooManyBlocks,
    MismatchedWitnessCount,
    UnknownTxType,
    ReadInPrefixFromWitnessOnlyTx,
    InvalidMsg,
    UserAgentTooLong,
    TooManyFilterHeaders,
    MalformedStrictString,
    TooManyInitStateTypes,
    InitStateTypeTooLong,
    TooManyTSpends,
    TooManyManyMixPairReqs,
    MixPairReqScriptClassTooLong,
    TooManyMixPairReqUTXOs,
    TooManyPrevMixMsgs,
    TooManyCFilters,
    TooFewAddrs,
    UnknownNetAddrType,
    InvalidTimestamp,
    /// Bytes are missing. The reference's `EOF` and `UnexpectedEOF`, which have no number there.
    Truncated,
}

impl ErrorKind {
    /// The kinds that have a number in the reference, in its order: the index is the number.
    pub const NUMBERED: [Self; 40] = [
        Self::NonCanonicalVarInt,
        Self::VarStringTooLong,
        Self::VarBytesTooLong,
        Self::CmdTooLong,
        Self::PayloadTooLarge,
        Self::WrongNetwork,
        Self::MalformedCmd,
        Self::UnknownCmd,
        Self::PayloadChecksum,
        Self::TrailingBytes,
        Self::TooManyAddrs,
        Self::TooManyTxs,
        Self::MsgInvalidForPVer,
        Self::FilterTooLarge,
        Self::TooManyProofs,
        Self::TooManyFilterTypes,
        Self::TooManyLocators,
        Self::TooManyVectors,
        Self::TooManyHeaders,
        Self::HeaderContainsTxs,
        Self::TooManyVotes,
        Self::TooManyBlocks,
        Self::MismatchedWitnessCount,
        Self::UnknownTxType,
        Self::ReadInPrefixFromWitnessOnlyTx,
        Self::InvalidMsg,
        Self::UserAgentTooLong,
        Self::TooManyFilterHeaders,
        Self::MalformedStrictString,
        Self::TooManyInitStateTypes,
        Self::InitStateTypeTooLong,
        Self::TooManyTSpends,
        Self::TooManyManyMixPairReqs,
        Self::MixPairReqScriptClassTooLong,
        Self::TooManyMixPairReqUTXOs,
        Self::TooManyPrevMixMsgs,
        Self::TooManyCFilters,
        Self::TooFewAddrs,
        Self::UnknownNetAddrType,
        Self::InvalidTimestamp,
    ];
}

impl fmt::Display for ErrorKind {
    /// The name, without `Err`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
