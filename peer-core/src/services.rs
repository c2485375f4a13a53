//! Service flags: what a node offers to its peers.

use core::fmt;
use core::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign};

/// A set of service flags. Unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "ServiceFlag")]
pub struct Services(u64);

impl Services {
    /// No service.
    pub const NONE: Self = Self(0);
    /// Bit 0: a full node that serves blocks.
    #[doc(alias = "SFNodeNetwork")]
    pub const NODE_NETWORK: Self = Self(1);
    /// Bit 1: bloom filters, in the old era.
    #[doc(alias = "SFNodeBloom")]
    pub const NODE_BLOOM: Self = Self(1 << 1);
    /// Bit 2: version 1 committed filters.
    #[doc(alias = "SFNodeCF")]
    pub const NODE_CF: Self = Self(1 << 2);

    /// The known flags with the reference's names.
    const NAMES: [(Self, &'static str); 3] = [
        (Self::NODE_NETWORK, "SFNodeNetwork"),
        (Self::NODE_BLOOM, "SFNodeBloom"),
        (Self::NODE_CF, "SFNodeCF"),
    ];

    /// The set with exactly these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether no flag is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every flag of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Services {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Services {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Services {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitAndAssign for Services {
    fn bitand_assign(&mut self, other: Self) {
        self.0 &= other.0;
    }
}

impl fmt::Display for Services {
    /// The reference's form: names joined by `|`, then what has no name in hex; `0x0` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut separator = "";
        for (flag, name) in Self::NAMES {
            if self.contains(flag) {
                write!(f, "{separator}{name}")?;
                separator = "|";
                rest &= !flag.0;
            }
        }
        if rest != 0 || self.0 == 0 {
            write!(f, "{separator}{rest:#x}")?;
        }
        Ok(())
    }
}
