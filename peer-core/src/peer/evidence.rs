//! Evidence that a deadline has passed, without which no timer blames the remote.

use core::time::Duration;

use crate::time::Time;

/// The longest gap between two calls that always counts; also how long evidence is waited for before the driver is asked
/// again.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// What is known of a deadline that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Evidence {
    #[default]
    Missing,
    /// The transport was drained when the driver called last, and some of what came then is still to be pulled.
    Ahead,
    /// A timer found none. The driver is to look once more.
    Sought,
    /// The remote was too slow.
    Found,
}

impl Evidence {
    /// When a timer with this deadline is to run.
    pub(super) fn due(self, deadline: Time, looked: Time) -> Time {
        if self == Self::Sought { deadline.max(looked + GRACE) } else { deadline }
    }

    /// Whether a timer that is due blames the remote. A driver that never `tells` has been asked twice.
    pub(super) fn proves(self, tells: bool) -> bool {
        self == Self::Found || self == Self::Sought && !tells
    }
}
