//! How long each kind of list may be: the limits of [`List`](super::List)s, in one place.

use super::list::{Bound, Sealed};
use crate::error::{CodecError, Excess};

/// Makes one type for each line. A macro because no function can make a type.
macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident: $max:literal, $error:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Sealed for $name {}

        impl Bound for $name {
            const MAX: usize = $max;

            fn exceeded(excess: Excess) -> CodecError {
                CodecError::$error(excess)
            }
        }
    )*};
}

bounds! {
    /// Inventory vectors of `inv`, `getdata` and `notfound`.
    Vectors: 50_000, TooManyVectors;
    /// Addresses of `addr`.
    Addresses: 1000, TooManyAddrs;
    /// Locator hashes of `getblocks`, `getheaders` and `getcfheaders`.
    Locators: 500, TooManyLocators;
    /// Headers of `headers`.
    BlockHeaders: 2000, TooManyHeaders;
    /// Block hashes of `miningstate` and `initstate`.
    Blocks: 8, TooManyBlocks;
    /// Vote hashes of `miningstate` and `initstate`.
    Votes: 40, TooManyVotes;
    /// Treasury spend hashes of `initstate`.
    TreasurySpends: 7, TooManyTSpends;
    /// Types of `getinitstate`.
    InitStateTypes: 32, TooManyInitStateTypes;
    /// Filter types of `cftypes`.
    FilterTypes: 256, TooManyFilterTypes;
    /// Filter headers of `cfheaders`.
    FilterHeaders: 2000, TooManyFilterHeaders;
    /// Proof hashes of `cfilterv2`.
    Proofs: 32, TooManyProofs;
    /// Filters of `cfiltersv2`.
    Filters: 100, TooManyCFilters;
    /// Hashes of previous messages in mixing messages.
    PreviousMixMessages: 512, TooManyPrevMixMsgs;
    /// Unspent outputs of `mixpairreq`.
    Utxos: 512, TooManyMixPairReqUTXOs;
}

/// Cancelled notices of `alert`.
#[derive(Debug)]
pub struct CancelledAlerts;

impl Sealed for CancelledAlerts {}

impl Bound for CancelledAlerts {
    const MAX: usize = 8_388_574;

    fn exceeded(excess: Excess) -> CodecError {
        CodecError::Legacy { what: "too many cancelled alerts", excess }
    }
}

/// Hashes of one tree in `merkleblock`; fewer up to version 3.
#[derive(Debug)]
pub struct MerkleHashes;

impl Sealed for MerkleHashes {}

impl Bound for MerkleHashes {
    const MAX: usize = 43_691;

    fn exceeded(excess: Excess) -> CodecError {
        CodecError::Legacy { what: "too many hashes in a merkleblock", excess }
    }
}

/// DC-net messages of `mixsecrets`.
#[derive(Debug)]
pub struct DcNetMessages;

impl Sealed for DcNetMessages {}

impl Bound for DcNetMessages {
    const MAX: usize = 1024;

    fn exceeded(_: Excess) -> CodecError {
        CodecError::InvalidMsg("too many DC-net messages")
    }
}
