//! The clock.
#![expect(clippy::disallowed_methods, reason = "this file reads the clock")]

use std::time::Instant;

pub(crate) fn now() -> Instant {
    Instant::now()
}
