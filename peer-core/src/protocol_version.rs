//! Protocol versions and what each of them brought.

use core::fmt;

/// A version of the peer-to-peer protocol. Any number may be advertised. Numbers above [`ProtocolVersion::LATEST`]
/// behave like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(u32);

impl ProtocolVersion {
    /// 1: the base set of messages.
    #[doc(alias = "InitialProcotolVersion")]
    pub const INITIAL: Self = Self(1);
    /// 2: the service bit for bloom filters gets its meaning.
    #[doc(alias = "NodeBloomVersion")]
    pub const NODE_BLOOM: Self = Self(2);
    /// 3: `sendheaders`.
    #[doc(alias = "SendHeadersVersion")]
    pub const SEND_HEADERS: Self = Self(3);
    /// 4: larger blocks and transactions.
    #[doc(alias = "MaxBlockSizeVersion")]
    pub const MAX_BLOCK_SIZE: Self = Self(4);
    /// 5: `feefilter`.
    #[doc(alias = "FeeFilterVersion")]
    pub const FEE_FILTER: Self = Self(5);
    /// 6: version 1 committed filters.
    #[doc(alias = "NodeCFVersion")]
    pub const NODE_CF: Self = Self(6);
    /// 7: version 2 committed filters.
    #[doc(alias = "CFilterV2Version")]
    pub const CFILTER_V2: Self = Self(7);
    /// 8: `getinitstate` and `initstate`.
    #[doc(alias = "InitStateVersion")]
    pub const INIT_STATE: Self = Self(8);
    /// 9: `reject` is gone.
    #[doc(alias = "RemoveRejectVersion")]
    pub const REMOVE_REJECT: Self = Self(9);
    /// 10: the eight mixing messages.
    #[doc(alias = "MixVersion")]
    pub const MIX: Self = Self(10);
    /// 11: `getcfsv2` and `cfiltersv2`.
    #[doc(alias = "BatchedCFiltersV2Version")]
    pub const BATCHED_CFILTERS_V2: Self = Self(11);
    /// 12: `addrv2` instead of `addr`, and `verack` must follow `version` at once.
    #[doc(alias = "AddrV2Version")]
    pub const ADDR_V2: Self = Self(12);
    /// The newest version this crate speaks.
    #[doc(alias = "MaxProtocolVersion")]
    pub const LATEST: Self = Self::ADDR_V2;

    /// The lowest version that today's network accepts.
    pub const OLDEST_ACCEPTED: Self = Self(9);

    /// The version with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether the service bit for bloom filters has its meaning: from 2 on.
    #[must_use]
    pub const fn has_bloom_service(self) -> bool {
        self.0 >= Self::NODE_BLOOM.0
    }

    /// Whether the larger limits of blocks and transactions hold: from 4 on.
    #[must_use]
    pub const fn has_large_blocks(self) -> bool {
        self.0 >= Self::MAX_BLOCK_SIZE.0
    }

    /// Whether there are bloom filters, and filtered blocks: up to 5.
    #[must_use]
    pub const fn has_bloom_filters(self) -> bool {
        self.0 <= 5
    }

    /// Whether a message can be answered with `reject`: up to 8.
    #[must_use]
    pub const fn has_reject(self) -> bool {
        self.0 < Self::REMOVE_REJECT.0
    }

    /// Whether there are mixing messages: from 10 on.
    #[must_use]
    pub const fn has_mixing(self) -> bool {
        self.0 >= Self::MIX.0
    }

    /// Whether addresses are sent in `addrv2` instead of `addr`: from 12 on.
    #[must_use]
    pub const fn has_addr_v2(self) -> bool {
        self.0 >= Self::ADDR_V2.0
    }

    /// Whether other messages may come between `version` and `verack`: up to 11.
    #[must_use]
    pub const fn allows_early_messages(self) -> bool {
        self.0 < 12
    }

    /// Whether the number of messages between `version` and `verack` is limited to a few: from 9 on.
    #[must_use]
    pub const fn limits_early_messages(self) -> bool {
        self.0 >= 9
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<ProtocolVersion> for u32 {
    fn from(version: ProtocolVersion) -> Self {
        version.0
    }
}

impl From<u32> for ProtocolVersion {
    fn from(number: u32) -> Self {
        Self(number)
    }
}
