//! Points in time.

use core::fmt;

use crate::error::CodecError;

/// A point in time as `version` and `addrv2` carry it: seconds since 1970 that the reference can represent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last second that is accepted, 2^63 − 1 − 62135596800.
    pub const MAX: Self = Self(9_223_371_974_719_179_007);

    /// The time `seconds` after the start of 1970.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidTimestamp`] above [`Timestamp::MAX`].
    pub const fn new(seconds: u64) -> Result<Self, CodecError> {
        if seconds > Self::MAX.0 { Err(CodecError::InvalidTimestamp(seconds)) } else { Ok(Self(seconds)) }
    }

    /// The same from a signed number, as clocks give it.
    ///
    /// # Errors
    ///
    /// [`CodecError::InvalidTimestamp`] before 1970 and above [`Timestamp::MAX`].
    pub const fn from_unix(seconds: i64) -> Result<Self, CodecError> {
        Self::new(seconds.cast_unsigned())
    }

    /// Seconds since the start of 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for Timestamp {
    /// In whole seconds. A clock that shows a time before 1970 counts as 1970.
    fn from(time: std::time::SystemTime) -> Self {
        let since_1970 = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::new(since_1970.as_secs()).unwrap_or(Self::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
