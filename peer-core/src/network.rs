//! The networks: their magic numbers, ports and genesis blocks.

use core::fmt;
use core::str::FromStr;

use crate::hash::Hash;

/// A network, told apart on the wire by the first four bytes of each frame (little endian).
///
/// The known ones are constants; any other number is a network of your own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "CurrencyNet")]
#[doc(alias = "ChainParams")]
#[doc(alias = "Net")]
pub struct Network(u32);

impl Network {
    /// The main network, port 9108.
    #[doc(alias = "MainNet")]
    pub const MAINNET: Self = Self(0xd9b4_00f9);
    /// The third test network, port 19108.
    #[doc(alias = "TestNet3")]
    pub const TESTNET3: Self = Self(0xb194_aa75);
    /// The second test network of the old era, port 19108.
    #[doc(alias = "TestNet2")]
    pub const TESTNET2: Self = Self(0x48e7_a065);
    /// The simulation network, port 18555.
    #[doc(alias = "SimNet")]
    pub const SIMNET: Self = Self(0x1214_1c16);
    /// The regression test network, port 18655.
    #[doc(alias = "RegNet")]
    pub const REGNET: Self = Self(0xdab5_00fa);

    /// The known networks with the names that [`FromStr`] reads.
    pub const KNOWN: [(Self, &'static str); 5] = [
        (Self::MAINNET, "mainnet"),
        (Self::TESTNET3, "testnet3"),
        (Self::TESTNET2, "testnet2"),
        (Self::SIMNET, "simnet"),
        (Self::REGNET, "regnet"),
    ];

    /// The network with this magic number.
    #[must_use]
    pub const fn from_magic(magic: u32) -> Self {
        Self(magic)
    }

    /// The magic number.
    #[must_use]
    pub const fn magic(self) -> u32 {
        self.0
    }

    /// The port that nodes of a known network listen on unless told otherwise.
    #[must_use]
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::MAINNET => Some(9108),
            Self::TESTNET3 | Self::TESTNET2 => Some(19108),
            Self::SIMNET => Some(18555),
            Self::REGNET => Some(18655),
            _ => None,
        }
    }

    /// The hash of the first block of a known network. Simnet's is that of today; before 2019 it had another.
    #[must_use]
    pub fn genesis_hash(self) -> Option<Hash> {
        let text = match self {
            Self::MAINNET => "298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980",
            Self::TESTNET3 => "a649dce53918caf422e9c711c858837e08d626ecfcd198969b24f7b634a49bac",
            Self::TESTNET2 => "4261602a9d07d80ad47621a64ba6a07754902e496777edc4ff581946bd7bc29c",
            Self::SIMNET => "6bef82c645999585f7255cb02672921ac2f5492820090cd635fe3a59d16b4f87",
            Self::REGNET => "2ced94b4ae95bba344cfa043268732d230649c640f92dce2d9518823d3057cb0",
            _ => return None,
        };
        text.parse().ok()
    }
}

impl fmt::Display for Network {
    /// The reference's name: `MainNet`, …, or `Unknown CurrencyNet (N)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MAINNET => f.write_str("MainNet"),
            Self::TESTNET3 => f.write_str("TestNet3"),
            Self::TESTNET2 => f.write_str("TestNet2"),
            Self::SIMNET => f.write_str("SimNet"),
            Self::REGNET => f.write_str("RegNet"),
            Self(magic) => write!(f, "Unknown CurrencyNet ({magic})"),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no known network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown network (known are mainnet, testnet3, testnet2, simnet and regnet)")]
#[non_exhaustive]
pub struct UnknownNetwork;

impl FromStr for Network {
    type Err = UnknownNetwork;

    /// Reads `mainnet`, `testnet3`, `testnet2`, `simnet` or `regnet`, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::KNOWN.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        known.map(|(network, _)| *network).ok_or(UnknownNetwork)
    }
}
