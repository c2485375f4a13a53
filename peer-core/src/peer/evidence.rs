//! Evidence: what turns a deadline that has passed into blame.

use core::time::Duration;

use super::silence::GRACE;
use crate::time::Time;

/// What is known of a deadline that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Evidence {
    #[default]
    Missing,
    /// The transport was drained, and some of what came before is still to be pulled.
    Ahead,
    /// A timer found no evidence this long ago, in nanoseconds up to [`GRACE`]. The driver is asked once more.
    Sought(u32),
    /// The same, after the driver came late to the second look.
    SoughtAgain(u32),
    /// The remote was too slow.
    Found,
}

impl Evidence {
    /// When a timer with this deadline is to run, if the driver called last at `last_call`.
    pub(super) fn due(self, deadline: Time, last_call: Time) -> Time {
        match self {
            Self::Sought(ago) | Self::SoughtAgain(ago) => {
                deadline.max(last_call + GRACE.saturating_sub(Duration::from_nanos(ago.into())))
            }
            Self::Missing | Self::Ahead | Self::Found => deadline,
        }
    }

    /// Whether a due timer blames the remote. A driver that never `reports` has been asked twice.
    pub(super) fn proves(self, reports: bool) -> bool {
        match self {
            Self::Found => true,
            Self::Sought(_) | Self::SoughtAgain(_) => !reports,
            Self::Missing | Self::Ahead => false,
        }
    }

    /// The driver calls after such a gap.
    pub(super) fn on_call(&mut self, gap: Duration) {
        if let Self::Sought(ago) | Self::SoughtAgain(ago) = self {
            let gap = u32::try_from(gap.min(GRACE).as_nanos()).unwrap_or(u32::MAX);
            *ago = ago.saturating_add(gap);
        }
    }

    /// The driver calls late. It is asked once more, but not again: the first look may have been at a wrong time, and what
    /// came since then is not read yet.
    pub(super) const fn on_late_call(&mut self) {
        if let Self::Sought(_) = self {
            *self = Self::SoughtAgain(0);
        }
    }
}
